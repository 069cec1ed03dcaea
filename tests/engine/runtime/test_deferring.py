"""Promised answers: messages that are delivered, undeliverable, withdrawn or given up; completing by key."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from engine import Refused, Transient
from engine.storage import Unit
from engine.storage.outbox import Outbox
from engine.storage.tables import outbox
from tests.engine.execution.flows import NOON
from tests.engine.runtime.kit import KEYRING, House

pytestmark = pytest.mark.anyio

OUTBOX = Outbox(KEYRING)
END_LEASES = update(outbox).values(lease_until=0)


async def test_a_delivered_message_completes_its_node_with_the_fields_it_carries(house: House) -> None:
    step = await house.begin("send")
    assert step.status == "waiting"
    assert house.post.delivered == []
    assert await house.engine.run_due() == 1
    step = await house.engine.inspect("e1")
    assert (step.outcome, step.result) == ("sent", {"channel": "post"})
    assert [payload for _, payload in house.post.delivered] == [{"to": "ann"}]
    assert await house.told("sent") == 1


async def test_a_refused_message_completes_its_node_as_undeliverable(house: House) -> None:
    house.post.faults = [Refused("no_such_mailbox")]
    await house.begin("send")
    await house.engine.run_due()
    assert (await house.engine.inspect("e1")).result == {"reason": "no_such_mailbox"}


async def test_a_message_is_tried_again_with_growing_pauses_until_it_is_given_up(house: House) -> None:
    house.notifier.give_up = timedelta(minutes=2)
    house.post.faults = [Transient("down") for _ in range(20)]
    await house.begin("send")
    tries = 0
    while (await house.engine.inspect("e1")).status == "waiting":
        tries += await house.engine.run_due()
        house.clock.advance(timedelta(seconds=1))
    step = await house.engine.inspect("e1")
    assert step.result == {"reason": "down"}
    assert 4 <= tries <= 9
    assert house.clock.now() <= NOON + timedelta(minutes=2, seconds=2)


async def test_a_message_that_is_tried_again_has_the_same_key(house: House) -> None:
    house.post.faults = [Transient("down")]
    await house.begin("send")
    await house.engine.run_due()
    house.clock.advance(timedelta(seconds=5))
    await house.engine.run_due()
    assert (await house.engine.inspect("e1")).outcome == "sent"


async def test_a_withdrawn_message_is_not_sent(house: House) -> None:
    await house.begin("send")
    await house.engine.cancel("e1", reason="operator")
    assert await house.engine.run_due() == 0
    assert house.post.delivered == []


async def test_a_message_withdrawn_while_it_is_sent_is_not_tried_again_and_completes_nothing(house: House) -> None:
    house.post.hold = asyncio.Event()
    house.post.faults = [Transient("down")]
    await house.begin("send")
    sending = asyncio.create_task(house.engine.run_due())
    await house.post.began.wait()
    await house.engine.cancel("e1", reason="operator")
    house.post.hold.set()
    await sending
    house.clock.advance(timedelta(hours=1))
    assert await house.engine.run_due() == 0
    assert (await house.engine.inspect("e1")).outcome == "cancelled"


async def test_a_promise_that_is_not_kept_is_a_fault_and_withdraws_the_message(house: House) -> None:
    house.post.faults = [Transient("down") for _ in range(50)]
    await house.begin("send")
    house.clock.advance(timedelta(hours=1))
    step = await house.engine.inspect("e1")
    assert step.result == {"code": "deferred_timeout", "node": "tell"}
    assert await house.engine.run_due() == 0


async def test_whoever_has_the_key_completes_the_node_in_a_transaction_of_its_own(house: House) -> None:
    await house.begin("send")
    key = next(iter(await claimed_keys(house)))
    now = house.clock.now()

    def complete(unit: Unit) -> bool:
        return house.engine.complete(unit, key=key, outcome="accepted", fields={"channel": "hand"}, now=now)

    assert await house.database.run(complete) is True
    assert (await house.engine.inspect("e1")).result == {"channel": "hand"}
    assert await house.database.run(complete) is False


async def claimed_keys(house: House) -> set[str]:
    now = house.clock.now()
    messages = await house.database.run(lambda unit: OUTBOX.claim_due(unit, now=now, limit=9, lease=timedelta(hours=1)))
    return {message.task_key for message in messages}


async def test_a_message_with_nobody_to_tell_is_dead_and_can_be_sent_again(house: House) -> None:
    now = NOON

    def queue(unit: Unit) -> None:
        OUTBOX.enqueue(
            unit, id="m1", task_key="k", execution="none", sender="post", payload=b'{"payload":{},"fields":{}}', now=now
        )

    house.post.faults = [Refused("closed")]
    await house.database.run(queue)
    await house.engine.run_due()
    dead = await house.database.read(lambda unit: OUTBOX.dead(unit, limit=9))
    assert [(message.id, message.last_error) for message in dead] == [("m1", "closed")]
    await house.database.run(lambda unit: OUTBOX.retry(unit, "m1", now=now))
    await house.engine.run_due()
    assert [key for key, _ in house.post.delivered] == ["m1"]


async def test_a_kill_after_sending_and_before_the_mark_sends_the_same_again(house: House) -> None:
    await house.begin("send")
    settle = house.engine._worker._postman._settle

    async def cut_off(*_args: object) -> None:
        raise ConnectionError

    house.engine._worker._postman._settle = cut_off  # type: ignore[assignment, method-assign]  # the kill point
    await house.engine.run_due()
    house.engine._worker._postman._settle = settle  # type: ignore[method-assign]  # and back
    await house.database.run(lambda unit: unit.execute(END_LEASES))
    await house.engine.run_due()
    assert [key for key, _ in house.post.delivered] == [house.post.delivered[0][0]] * 2
    assert (await house.engine.inspect("e1")).outcome == "sent"

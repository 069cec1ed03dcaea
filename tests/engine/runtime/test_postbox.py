"""Messages that no flow made: queued with what caused them, sent at least once, their end told where it is recorded."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from engine import Refused, Transient
from engine.storage import Outbox, Postbox, Settled, Unit
from engine.storage.tables import outbox
from tests.engine.execution.flows import NOON
from tests.engine.runtime.kit import KEYRING, House, marks

pytestmark = pytest.mark.anyio

POSTBOX = Postbox(keyring=KEYRING)
END_LEASES = update(outbox).values(lease_until=0)


async def post(house: House, name: str = "m1") -> bool:
    def queue(unit: Unit) -> bool:
        return POSTBOX.post(
            unit,
            name=name,
            sender="post",
            correlation="r1",
            payload={"to": "shop"},
            now=NOON,
            give_up_at=NOON + timedelta(minutes=10),
        )

    return await house.database.run(queue)


def told(status: str, reason: str = "") -> dict[str, str]:
    return {"name": "m1", "sender": "post", "correlation": "r1", "status": status, "reason": reason}


def facts(message: Settled) -> dict[str, str]:
    names = ("name", "sender", "correlation", "status", "reason")
    return {name: getattr(message, name) for name in names}


async def test_a_delivered_message_is_told_of_once_in_the_transaction_that_marks_it(house: House) -> None:
    assert await post(house)
    assert not await post(house), "the name is taken: it was queued before"
    assert await house.engine.run_due() == 1
    assert house.post.delivered == [("m1", {"to": "shop"})]
    assert [facts(message) for message in house.settled] == [told("delivered")]
    assert await marks(house.database, "message-delivered") == 1


async def test_a_refused_message_is_undeliverable_and_keeps_nothing_of_what_it_said(house: House) -> None:
    house.post.faults = [Refused("gone")]
    await post(house)
    await house.engine.run_due()
    assert [facts(message) for message in house.settled] == [told("undeliverable", "gone")]
    message = await house.database.read(lambda unit: Outbox(KEYRING).find(unit, "m1"))
    assert message is not None
    assert (message.status, message.last_error, message.sealed) == ("undeliverable", "gone", None)


async def test_a_message_is_tried_again_until_it_is_useless(house: House) -> None:
    house.post.faults = [Transient("down") for _ in range(99)]
    await post(house)
    while not house.settled:
        await house.engine.run_due()
        house.clock.advance(timedelta(seconds=1))
    assert facts(house.settled[0]) == told("undeliverable", "down")
    assert timedelta(minutes=10) <= house.clock.now() - NOON <= timedelta(minutes=10, seconds=2)
    assert 7 <= 99 - len(house.post.faults) <= 14


async def test_a_kill_between_sending_and_the_mark_sends_it_once_more_and_tells_once(house: House) -> None:
    await post(house)
    settle = house.engine._worker._postman._settle

    async def cut_off(*_args: object) -> None:
        raise ConnectionError

    house.engine._worker._postman._settle = cut_off  # type: ignore[assignment, method-assign]  # the kill point
    await house.engine.run_due()
    assert house.settled == []
    house.engine._worker._postman._settle = settle  # type: ignore[method-assign]  # and back
    await house.database.run(lambda unit: unit.execute(END_LEASES))
    await house.engine.run_due()
    assert [name for name, _ in house.post.delivered] == ["m1", "m1"]
    assert [facts(message) for message in house.settled] == [told("delivered")]


async def test_nobody_who_wants_to_know_is_no_trouble(house: House) -> None:
    house.engine._worker._postman._on_settled = {}
    await post(house)
    await house.engine.run_due()
    message = await house.database.read(lambda unit: Outbox(KEYRING).find(unit, "m1"))
    assert message is not None
    assert message.status == "delivered"

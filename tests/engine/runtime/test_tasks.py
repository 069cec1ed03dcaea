"""What executors and senders do wrong, and what becomes of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from engine import Deferred, Done, Fault, Message, Refused
from engine.runtime import Times
from engine.storage import Database, StorageUnavailable, Unit
from engine.storage.outbox import Outbox
from engine.storage.tables import outbox
from tests.engine.execution.flows import COUNTING, NOON
from tests.engine.runtime.kit import KEYRING, QUICK, House, make_house, opened

pytestmark = pytest.mark.anyio

OUTBOX = Outbox(KEYRING)
SPOIL = update(outbox).values(payload=b"spoilt")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Done("booked", {"reference": 7}), "contract_broken"),
        (Done("unheard_of"), "contract_broken"),
        (Deferred(until=NOON), "contract_broken"),
        (Done("booked", {"reference": "r"}, (Message(sender="pigeon", payload={}),)), "unknown_sender"),
        (Fault("broken"), "broken"),
        (Refused("no"), "no"),
        (ValueError("canary"), "executor_failed"),
    ],
)
async def test_an_external_task_that_goes_wrong_is_a_fault_of_its_node(
    house: House, answer: Any, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    house.book.act = lambda _context, _inputs: answer
    step = await house.begin("counting")
    assert (step.outcome, step.result) == ("fault", {"code": code, "node": "book"})
    assert "canary" not in caplog.text


@pytest.mark.parametrize(("fault", "code"), [(Fault("broken"), "broken"), (KeyError("x"), "executor_failed")])
async def test_a_transactional_task_that_goes_wrong_is_a_fault_of_its_node(
    house: House, fault: Exception, code: str
) -> None:
    house.counter.fault = fault
    assert (await house.begin("counting")).result == {"code": code, "node": "one"}


async def test_the_databases_own_error_passes_through_a_transactional_task(house: House) -> None:
    house.counter.fault = StorageUnavailable("away")
    with pytest.raises(StorageUnavailable):
        await house.begin("counting")
    assert await house.engine.history("e1") == ()


async def test_an_external_task_that_meets_a_database_that_is_away_is_transient(house: House) -> None:
    house.book.act = lambda _context, _inputs: StorageUnavailable("away")
    await house.begin("counting")
    assert [entry.facts["code"] for entry in await house.engine.history("e1") if entry.kind == "retry"] == [
        "storage_unavailable"
    ]


async def test_the_messages_of_a_task_are_stored_with_its_answer(house: House) -> None:
    message = Message(sender="post", payload={"n": 1})
    house.book.act = lambda _context, _inputs: Done("booked", {"reference": "r"}, (message,))
    await house.begin("counting")
    await house.engine.run_due()
    assert [payload for _, payload in house.post.delivered] == [{"n": 1}]


async def test_a_long_task_keeps_its_lease_by_renewing_it(database: Database) -> None:
    times = Times(lease=timedelta(seconds=20), renew_every=timedelta(milliseconds=1), grace=timedelta(0))
    async with opened(make_house(database, times=times)) as house:

        async def wait_for_a_renewal() -> Done:
            before = await lease_until(house)
            while await lease_until(house) == before:
                pass
            return Done("booked", {"reference": "r"})

        house.book.act = lambda _context, _inputs: wait_for_a_renewal()
        assert (await house.begin("counting")).outcome == "done"


async def lease_until(house: House) -> object:
    row = await house.database.read(lambda unit: house.engine._rows.executions.find(unit, "e1"))
    assert row is not None
    return row.lease_until


class Broken:
    """A sender that raises what is not in its contract."""

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:
        raise ConnectionResetError


async def queue(house: House, name: str, **more: Any) -> None:
    body = b'{"payload":{},"fields":{}}'
    settled: dict[str, Any] = {"sender": "post", "payload": body, "now": house.clock.now(), **more}
    await house.database.run(lambda unit: OUTBOX.enqueue(unit, id=name, task_key=name, execution="none", **settled))


async def error_of(house: House, name: str) -> tuple[str, str | None]:
    message = await house.database.run(lambda unit: OUTBOX.lock(unit, name))
    assert message is not None
    return message.status, message.last_error


async def test_a_sender_that_is_missing_or_broken_is_tried_again(house: House) -> None:
    house.engine._worker._postman._senders = {"post": Broken()}
    await queue(house, "broken")
    await queue(house, "missing", sender="pigeon")
    await house.engine.run_due()
    assert await error_of(house, "broken") == ("queued", "sender_failed")
    assert await error_of(house, "missing") == ("queued", "sender_missing")


async def test_a_sender_that_takes_too_long_is_tried_again(database: Database) -> None:
    async with opened(make_house(database, times=replace(QUICK, task=timedelta(0)))) as house:
        house.post.hold = asyncio.Event()
        await queue(house, "slow")
        await house.engine.run_due()
        assert await error_of(house, "slow") == ("queued", "timeout")


async def test_a_message_past_its_time_is_not_sent_and_one_without_a_time_is_given_up_after_a_day(house: House) -> None:
    await queue(house, "late", give_up_at=house.clock.now())
    await queue(house, "endless", sender="pigeon")
    await house.engine.run_due()
    assert house.post.delivered == []
    assert await error_of(house, "late") == ("dead", "given_up")
    house.clock.advance(timedelta(days=1))
    await house.engine.run_due()
    assert await error_of(house, "endless") == ("dead", "sender_missing")


async def test_a_message_that_cannot_be_opened_is_dead(house: House) -> None:
    await queue(house, "spoilt")
    await house.database.run(lambda unit: unit.execute(SPOIL))
    await house.engine.run_due()
    assert await error_of(house, "spoilt") == ("dead", "seal_broken")


async def test_a_flow_version_that_is_nowhere_fails_its_row_only(database: Database) -> None:
    old = replace(COUNTING, digest="vanished")
    house = make_house(database, graphs=[old])
    now = house.clock.now()

    def start(unit: Unit) -> None:
        house.engine.start(
            unit, execution="e1", flow="counting", inputs={"what": "x"}, on_end="told", correlation="c", now=now
        )

    async with opened(make_house(database)) as other:
        await database.run(start)
        assert await other.engine.run_due() == 1
        await other.begin("login", "e2")
        assert (await other.engine.inspect("e2")).node == "ask"

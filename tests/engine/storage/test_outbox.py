"""Outgoing messages, on both databases."""

import asyncio
from typing import Any

import pytest

from engine.storage import Database, SealBroken, Unit
from engine.storage.outbox import OutgoingMessage
from tests.engine.storage.rows import MINUTE, NOON, OUTBOX, SECOND, end_lease, enqueue, message

pytestmark = pytest.mark.anyio


def claim(unit: Unit, **changes: Any) -> tuple[OutgoingMessage, ...]:
    return OUTBOX.claim_due(unit, **{"now": NOON, "limit": 10, "lease": MINUTE, **changes})


def claim_one(unit: Unit) -> OutgoingMessage:
    (claimed,) = claim(unit)
    return claimed


async def test_a_queued_message_is_claimed_and_can_be_read(database: Database) -> None:
    assert await database.run(enqueue)

    claimed = await database.run(claim_one)

    assert OUTBOX.open_payload(claimed) == b"Dear Ann"
    assert (claimed.sender, claimed.task_key, claimed.execution) == ("email", "t1", "e1")
    assert (claimed.delivered, claimed.undeliverable) == ("accepted", "undeliverable")
    assert (claimed.attempts, claimed.lease_epoch, claimed.give_up_at) == (1, 1, NOON + MINUTE)
    assert b"Dear Ann" not in (claimed.sealed or b"")


async def test_a_message_is_queued_once_under_one_id(database: Database) -> None:
    assert await database.run(enqueue)
    assert not await database.run(lambda unit: enqueue(unit, payload=b"again"))

    assert OUTBOX.open_payload(await database.run(claim_one)) == b"Dear Ann"


async def test_a_message_is_held_by_one_sender_at_a_time(database: Database) -> None:
    await database.run(lambda unit: [enqueue(unit, f"m{number}") for number in range(20)])

    rounds = await asyncio.gather(*[database.run(lambda unit: claim(unit, limit=4)) for _ in range(12)])
    claimed = [each.id for claims in rounds for each in claims]
    while more := await database.run(claim):  # PostgreSQL passes over what is locked just then
        claimed += [each.id for each in more]

    assert sorted(claimed) == sorted(f"m{number}" for number in range(20))


async def test_a_message_whose_sender_died_is_sent_by_another_and_the_first_is_fenced_off(database: Database) -> None:
    await database.run(enqueue)
    first = await database.run(claim_one)
    await database.run(lambda unit: end_lease(unit, "m1"))
    second = await database.run(claim_one)

    assert (second.attempts, second.lease_epoch) == (2, 2)
    assert not await database.run(lambda unit: OUTBOX.renew(unit, first, lease=MINUTE))
    assert not await database.run(lambda unit: OUTBOX.finish(unit, first, status="delivered", now=NOON))
    assert not await database.run(lambda unit: OUTBOX.reschedule(unit, first, due_at=NOON, error="x"))
    assert await database.run(lambda unit: OUTBOX.renew(unit, second, lease=MINUTE))
    assert await database.run(lambda unit: OUTBOX.finish(unit, second, status="delivered", now=NOON))


@pytest.mark.parametrize("status", ["delivered", "undeliverable"])
async def test_what_is_done_with_says_nothing_any_more_and_is_done_once(database: Database, status: Any) -> None:
    await database.run(enqueue)
    claimed = await database.run(claim_one)

    def finish(unit: Unit) -> bool:
        return OUTBOX.finish(unit, claimed, status=status, now=NOON, error="550")

    assert await database.run(finish)
    assert not await database.run(finish)
    row = await database.run(message)
    assert (row.status, row.sealed, row.last_error, row.done_at) == (status, None, "550", NOON)
    with pytest.raises(SealBroken):
        OUTBOX.open_payload(row)
    await database.run(lambda unit: end_lease(unit, "m1"))
    assert await database.run(claim) == ()


async def test_a_rescheduled_message_comes_back_when_it_is_due(database: Database) -> None:
    await database.run(enqueue)
    claimed = await database.run(claim_one)

    assert await database.run(
        lambda unit: OUTBOX.reschedule(unit, claimed, due_at=NOON + SECOND, error="connection_refused")
    )

    assert await database.run(claim) == ()
    assert await database.read(OUTBOX.next_due_at) == NOON + SECOND
    (again,) = await database.run(lambda unit: claim(unit, now=NOON + SECOND))
    assert (again.attempts, again.last_error) == (2, "connection_refused")


async def test_withdrawing_stops_what_is_unsent_and_the_retry_of_what_is_being_sent(database: Database) -> None:
    def fill(unit: Unit) -> None:
        enqueue(unit, "being sent", now=NOON - SECOND)
        enqueue(unit, "unsent")
        enqueue(unit, "another task's", task_key="t2")

    await database.run(fill)
    (sending,) = await database.run(lambda unit: claim(unit, limit=1))

    assert await database.run(lambda unit: OUTBOX.withdraw(unit, task_key="t1", now=NOON)) == 2

    assert not await database.run(lambda unit: OUTBOX.finish(unit, sending, status="delivered", now=NOON))
    assert not await database.run(lambda unit: OUTBOX.reschedule(unit, sending, due_at=NOON, error="x"))
    assert not await database.run(lambda unit: OUTBOX.renew(unit, sending, lease=MINUTE))
    assert [each.id for each in await database.run(claim)] == ["another task's"]
    row = await database.run(lambda unit: message(unit, "unsent"))
    assert (row.status, row.sealed) == ("withdrawn", None)
    assert await database.run(lambda unit: OUTBOX.withdraw(unit, task_key="t1", now=NOON)) == 0


async def test_what_was_delivered_is_not_withdrawn(database: Database) -> None:
    await database.run(enqueue)
    claimed = await database.run(claim_one)
    await database.run(lambda unit: OUTBOX.finish(unit, claimed, status="delivered", now=NOON))

    assert await database.run(lambda unit: OUTBOX.withdraw(unit, task_key="t1", now=NOON)) == 0


async def bury(database: Database) -> None:
    await database.run(enqueue)
    claimed = await database.run(claim_one)
    assert await database.run(lambda unit: OUTBOX.finish(unit, claimed, status="dead", now=NOON, error="tls"))


async def test_a_dead_letter_can_be_seen_and_sent_again(database: Database) -> None:
    await bury(database)

    assert await database.run(claim) == ()
    (dead,) = await database.read(lambda unit: OUTBOX.dead(unit, limit=9))
    assert (dead.id, dead.last_error) == ("m1", "tls")
    assert OUTBOX.open_payload(dead) == b"Dear Ann"

    assert await database.run(lambda unit: OUTBOX.retry(unit, "m1", now=NOON + MINUTE))
    assert not await database.run(lambda unit: OUTBOX.retry(unit, "m1", now=NOON + MINUTE))
    (again,) = await database.run(lambda unit: claim(unit, now=NOON + MINUTE))
    assert (again.attempts, again.give_up_at, again.done_at) == (1, None, None)


async def test_a_dead_letter_can_be_dropped_and_then_says_nothing(database: Database) -> None:
    await bury(database)

    assert await database.run(lambda unit: OUTBOX.drop(unit, "m1", now=NOON))
    assert not await database.run(lambda unit: OUTBOX.drop(unit, "m1", now=NOON))

    row = await database.run(message)
    assert (row.status, row.sealed) == ("dropped", None)
    assert await database.read(lambda unit: OUTBOX.dead(unit, limit=9)) == ()


async def test_what_is_done_is_forgotten_in_time_and_what_is_queued_is_not(database: Database) -> None:
    def fill(unit: Unit) -> None:
        enqueue(unit, "m1")
        enqueue(unit, "m2", task_key="t2")
        OUTBOX.withdraw(unit, task_key="t2", now=NOON)

    await database.run(fill)

    assert await database.run(lambda unit: OUTBOX.forget(unit, before=NOON, limit=9)) == 0
    assert await database.run(lambda unit: OUTBOX.forget(unit, before=NOON + SECOND, limit=9)) == 1
    assert await database.run(lambda unit: OUTBOX.lock(unit, "m2")) is None
    assert await database.run(lambda unit: OUTBOX.lock(unit, "m1")) is not None

"""The rows of executions, on both databases."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from engine.storage import ConstraintViolated, Database, SealBroken, Unit
from engine.storage.executions import Claim, Execution
from engine.storage.tables import executions
from tests.engine.storage.rows import EXECUTIONS, MINUTE, NOON, SECOND, begin, end_lease, locked
from tests.engine.storage.writing import Gate
from tests.fixtures.databases import MakeDatabase, Store

pytestmark = pytest.mark.anyio

DAMAGE = update(executions).where(executions.c.id == bindparam("b_id")).values(state=bindparam("state"))


def save(unit: Unit, row: Execution, **changes: Any) -> bool:
    plain: dict[str, Any] = {"state": b"next", "status": "waiting", "wake_at": NOON + MINUTE}
    return EXECUTIONS.save(unit, row, **{**plain, **changes})


def claim(unit: Unit, limit: int = 10, **changes: Any) -> tuple[Claim, ...]:
    return EXECUTIONS.claim_due(unit, **{"now": NOON, "limit": limit, "lease": MINUTE, **changes})


async def test_what_was_inserted_is_found_at_its_first_revision(database: Database) -> None:
    await database.run(lambda unit: begin(unit, deferred_key="k1"))

    row = await database.read(lambda unit: EXECUTIONS.find(unit, "e1"))

    assert row is not None
    assert EXECUTIONS.open_state(row) == b"first"
    assert replace(row, sealed=b"") == Execution(
        id="e1",
        flow="login",
        digest="d1",
        revision=1,
        status="ready",
        sealed=b"",
        on_end="ends",
        correlation="c1",
        lease_until=None,
        lease_epoch=0,
        take_ups=0,
        wake_at=NOON,
        deferred_key="k1",
        end_failure=None,
        started_at=NOON,
        ended_at=None,
    )
    assert b"first" not in row.sealed
    assert repr(row.sealed) not in repr(row)


async def test_nobody_is_nobody(database: Database) -> None:
    def look(unit: Unit) -> tuple[object, ...]:
        return (
            EXECUTIONS.find(unit, "x"),
            EXECUTIONS.lock(unit, "x"),
            EXECUTIONS.lock_deferred(unit, "x"),
            EXECUTIONS.next_wake_at(unit),
            claim(unit),
        )

    assert await database.run(look) == (None, None, None, None, ())


async def test_an_id_is_given_once_and_a_deferred_key_leads_to_one_execution(database: Database) -> None:
    await database.run(lambda unit: begin(unit, deferred_key="k1"))

    with pytest.raises(ConstraintViolated):
        await database.run(begin)
    with pytest.raises(ConstraintViolated):
        await database.run(lambda unit: begin(unit, "e2", deferred_key="k1"))
    found = await database.run(lambda unit: EXECUTIONS.lock_deferred(unit, "k1"))
    assert found is not None
    assert found.id == "e1"


async def test_a_save_makes_the_next_revision_and_frees_the_row(database: Database) -> None:
    await database.run(lambda unit: begin(unit, lease=MINUTE))

    assert await database.run(lambda unit: save(unit, locked(unit), deferred_key="k2"))

    row = await database.run(locked)
    assert (row.revision, row.status, row.wake_at, row.deferred_key) == (2, "waiting", NOON + MINUTE, "k2")
    assert (row.lease_until, row.lease_epoch) == (None, 1)
    assert EXECUTIONS.open_state(row) == b"next"


async def test_of_two_who_read_one_revision_one_saves(database: Database) -> None:
    await database.run(begin)
    row = await database.run(locked)

    assert await database.run(lambda unit: save(unit, row, state=b"mine"))
    assert not await database.run(lambda unit: save(unit, row, state=b"theirs"))
    assert EXECUTIONS.open_state(await database.run(locked)) == b"mine"


async def test_of_many_saves_at_once_from_one_revision_exactly_one_is_kept(database: Database) -> None:
    await database.run(begin)
    row = await database.run(locked)

    kept = await asyncio.gather(*[database.run(lambda unit: save(unit, row)) for _ in range(30)])

    assert kept.count(True) == 1
    assert (await database.run(locked)).revision == 2


async def test_a_save_with_a_lease_counts_the_epoch_and_fences_whoever_read_before(database: Database) -> None:
    await database.run(begin)
    row = await database.run(locked)

    assert await database.run(lambda unit: save(unit, row, status="running", lease=MINUTE, take_ups=2))
    held = await database.run(locked)
    assert held.lease_until is not None
    assert (held.lease_epoch, held.take_ups) == (1, 2)

    await database.run(lambda unit: end_lease(unit, "e1"))
    assert await database.run(lambda unit: [each.epoch for each in claim(unit)]) == [2]
    assert not await database.run(lambda unit: save(unit, held))  # the same revision, an older epoch


async def test_a_save_can_leave_the_lease_with_its_holder(database: Database) -> None:
    await database.run(lambda unit: begin(unit, status="running", lease=MINUTE))
    before = await database.run(locked)

    assert await database.run(lambda unit: save(unit, locked(unit), status="running", keep_lease=True))

    after = await database.run(locked)
    assert (after.lease_until, after.lease_epoch) == (before.lease_until, 1)
    assert await database.run(lambda unit: EXECUTIONS.renew(unit, "e1", epoch=1, lease=MINUTE))


async def test_a_state_moved_to_another_row_or_revision_does_not_open(database: Database) -> None:
    await database.run(begin)
    await database.run(lambda unit: begin(unit, "e2"))
    first = await database.run(locked)
    await database.run(lambda unit: save(unit, locked(unit)))
    now = await database.run(locked)
    other = await database.run(lambda unit: locked(unit, "e2"))

    for moved in (replace(now, sealed=first.sealed), replace(other, sealed=first.sealed), replace(first, digest="d2")):
        with pytest.raises(SealBroken):
            EXECUTIONS.open_state(moved)


async def test_a_row_that_does_not_open_can_still_be_ended(database: Database) -> None:
    await database.run(begin)
    await database.run(lambda unit: unit.execute(DAMAGE, {"b_id": "e1", "state": b"damaged"}).rowcount)
    row = await database.run(locked)
    with pytest.raises(SealBroken):
        EXECUTIONS.open_state(row)

    assert (row.on_end, row.correlation) == ("ends", "c1")
    assert await database.run(
        lambda unit: EXECUTIONS.mark(unit, locked(unit), status="ended", ended_at=NOON, end_failure="sealed")
    )

    after = await database.run(locked)
    assert (after.status, after.revision, after.sealed, after.ended_at) == ("ended", 1, b"damaged", NOON)


async def test_a_mark_of_a_row_that_has_changed_since_does_nothing(database: Database) -> None:
    await database.run(begin)
    row = await database.run(locked)
    await database.run(lambda unit: save(unit, locked(unit)))

    assert not await database.run(lambda unit: EXECUTIONS.mark(unit, row, status="broken"))


async def test_what_is_due_is_claimed_once_and_what_is_not_is_left(database: Database) -> None:
    def fill(unit: Unit) -> None:
        begin(unit, "ready now")
        begin(unit, "ready later", wake_at=NOON + SECOND)
        begin(unit, "waits till now", status="waiting", wake_at=NOON - SECOND)
        begin(unit, "waits for ever", status="waiting", wake_at=None)
        begin(unit, "runs", status="running", wake_at=NOON, lease=MINUTE)
        begin(unit, "ends", status="ending", wake_at=NOON)
        begin(unit, "ended", status="ended", wake_at=NOON)
        begin(unit, "broken", status="broken", wake_at=NOON)
        begin(unit, "held", wake_at=NOON, lease=MINUTE)

    await database.run(fill)

    assert {each.id for each in await database.run(claim)} == {"ready now", "waits till now", "ends"}
    assert await database.run(claim) == ()
    later = await database.run(lambda unit: claim(unit, now=NOON + SECOND))
    assert [each.id for each in later] == ["ready later"]


async def test_a_running_row_whose_lease_has_ended_is_taken_up_and_counted(database: Database) -> None:
    await database.run(lambda unit: begin(unit, status="running", wake_at=None, lease=MINUTE))

    for times in range(1, 4):
        await database.run(lambda unit: end_lease(unit, "e1"))
        taken = await database.run(claim)
        assert taken == (Claim(id="e1", status="running", epoch=1 + times, take_ups=times),)
    assert (await database.run(locked)).revision == 1


async def test_a_claim_of_a_waiting_row_is_no_take_up(database: Database) -> None:
    await database.run(lambda unit: begin(unit, status="waiting"))

    for epoch in (1, 2):
        assert await database.run(claim) == (Claim(id="e1", status="waiting", epoch=epoch, take_ups=0),)
        await database.run(lambda unit: end_lease(unit, "e1"))


async def test_no_more_are_claimed_than_asked_for_and_the_longest_due_first(database: Database) -> None:
    def fill(unit: Unit) -> None:
        for number in range(5):
            begin(unit, f"e{number}", wake_at=NOON - number * SECOND)
        begin(unit, "abandoned", status="running", lease=MINUTE)
        end_lease(unit, "abandoned")

    await database.run(fill)

    first = await database.run(lambda unit: claim(unit, 3))
    assert {each.id for each in first} == {"abandoned", "e4", "e3"}
    assert await database.run(lambda unit: [each.id for each in claim(unit, 1)]) == ["e2"]


async def test_many_processes_that_claim_at_once_share_the_rows_without_overlap(
    make_database: MakeDatabase, store: Store, new_url: Any
) -> None:
    url = new_url()
    databases = [make_database(url=url, connections=2, patience=30) for _ in range(3)]

    def fill(unit: Unit) -> None:
        for number in range(40):
            begin(unit, f"e{number}")

    await databases[0].run(fill)

    rounds = [each.run(lambda unit: claim(unit, 4)) for each in databases * 8]
    claimed = [each.id for claims in await asyncio.gather(*rounds) for each in claims]

    assert len(claimed) == len(set(claimed))
    while more := await databases[0].run(claim):  # PostgreSQL passes over what is locked just then
        claimed += [each.id for each in more]
    assert sorted(claimed) == sorted(f"e{number}" for number in range(40))


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_a_row_that_somebody_has_locked_is_passed_over_without_waiting(database: Database) -> None:
    await database.run(lambda unit: begin(unit, "locked"))
    await database.run(lambda unit: begin(unit, "free"))
    gate = Gate()

    def hold(unit: Unit) -> None:
        locked(unit, "locked")
        gate(unit)

    holding = asyncio.ensure_future(database.run(hold))
    await gate.entered()

    assert [each.id for each in await database.run(claim)] == ["free"]

    gate.let_go()
    await holding
    assert [each.id for each in await database.run(claim)] == ["locked"]


async def test_a_lease_is_renewed_only_by_its_holder_and_only_while_it_lasts(database: Database) -> None:
    await database.run(lambda unit: begin(unit, status="running", lease=MINUTE))
    before = (await database.run(locked)).lease_until
    assert before is not None

    assert await database.run(lambda unit: EXECUTIONS.renew(unit, "e1", epoch=1, lease=2 * MINUTE))
    after = (await database.run(locked)).lease_until
    assert after is not None
    assert after >= before + MINUTE
    assert not await database.run(lambda unit: EXECUTIONS.renew(unit, "e1", epoch=0, lease=MINUTE))
    assert not await database.run(lambda unit: EXECUTIONS.renew(unit, "x", epoch=1, lease=MINUTE))

    await database.run(lambda unit: end_lease(unit, "e1"))
    assert not await database.run(lambda unit: EXECUTIONS.renew(unit, "e1", epoch=1, lease=MINUTE))
    assert (await database.run(locked)).revision == 1


async def test_a_lease_given_back_lets_the_next_one_in_at_once(database: Database) -> None:
    await database.run(begin)
    await database.run(claim)

    assert not await database.run(lambda unit: EXECUTIONS.release(unit, "e1", epoch=0))
    assert await database.run(lambda unit: EXECUTIONS.release(unit, "e1", epoch=1))
    assert await database.run(lambda unit: [each.epoch for each in claim(unit)]) == [2]


async def test_a_running_rows_lease_is_not_given_back(database: Database) -> None:
    await database.run(lambda unit: begin(unit, status="running", lease=MINUTE))

    assert not await database.run(lambda unit: EXECUTIONS.release(unit, "e1", epoch=1))


async def test_the_next_time_to_wake_is_known(database: Database) -> None:
    def fill(unit: Unit) -> None:
        begin(unit, "later", status="waiting", wake_at=NOON + 2 * MINUTE)
        begin(unit, "next", status="waiting", wake_at=NOON + MINUTE)
        begin(unit, "ended", status="ended", wake_at=NOON)

    await database.run(fill)

    assert await database.read(EXECUTIONS.next_wake_at) == NOON + MINUTE


async def test_broken_rows_and_the_digests_of_living_ones_can_be_listed(database: Database) -> None:
    def fill(unit: Unit) -> None:
        begin(unit, "new", status="broken", digest="d2", started_at=NOON + MINUTE)
        begin(unit, "old", status="broken", digest="d2")
        begin(unit, "well", digest="d3")
        begin(unit, "over", digest="d4", status="ended", ended_at=NOON)

    await database.run(fill)

    assert [row.id for row in await database.read(lambda unit: EXECUTIONS.broken(unit, limit=9))] == ["old", "new"]
    assert await database.read(EXECUTIONS.live_digests) == ["d2", "d3"]


async def test_what_ended_long_ago_is_forgotten_a_few_at_a_time(database: Database) -> None:
    def fill(unit: Unit) -> None:
        for number in range(4):
            begin(unit, f"e{number}", status="ended", ended_at=NOON + number * MINUTE)
        begin(unit, "alive")

    await database.run(fill)
    before = NOON + 3 * MINUTE

    forgotten = [
        await database.run(lambda unit: EXECUTIONS.forget_ended(unit, before=before, limit=2)) for _ in range(3)
    ]

    assert forgotten == [2, 1, 0]
    assert await database.read(lambda unit: EXECUTIONS.find(unit, "e3")) is not None
    assert await database.read(lambda unit: EXECUTIONS.find(unit, "alive")) is not None

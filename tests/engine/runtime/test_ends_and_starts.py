"""Starting inside somebody's transaction, telling the end, and rows that cannot be dealt with."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from engine import Done, Ended
from engine.contracts import InputsInvalid, UnknownFlow, UnknownOnEnd
from engine.runtime import ExecutorsDiffer
from engine.runtime.recorder import END_TRIES
from engine.storage import ConstraintViolated, Database, Unit
from engine.storage.executions import Executions
from engine.storage.tables import executions
from tests.engine.execution.flows import BOOK, COUNTING, NOON, SEND
from tests.engine.runtime.kit import INPUTS, KEYRING, QUICK, House, make_house, mark, marks, opened

pytestmark = pytest.mark.anyio

END_LEASES = update(executions).values(lease_until=0)
SPOIL = update(executions).where(executions.c.id == bindparam("b_id")).values(state=b"spoilt")


def start(house: House, unit: Unit, flow: str = "counting", **more: Any) -> None:
    settled: dict[str, Any] = {
        "execution": "e1",
        "flow": flow,
        "inputs": INPUTS.get(flow, {}),
        "on_end": "told",
        "correlation": "c1",
        "now": NOON,
        **more,
    }
    house.engine.start(unit, **settled)


async def test_a_start_runs_transactional_tasks_in_the_callers_transaction_and_leaves_the_rest(house: House) -> None:
    await house.database.run(lambda unit: start(house, unit))
    assert await marks(house.database, "counted") == 2
    assert house.book.asked == []
    assert (await house.engine.inspect("e1")).status == "working"
    assert await house.engine.run_due() == 1
    assert (await house.engine.inspect("e1")).outcome == "done"


async def test_a_start_that_is_rolled_back_leaves_nothing(house: House) -> None:
    def unit_of_the_caller(unit: Unit) -> None:
        start(house, unit, "send")
        start(house, unit, execution="e2")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await house.database.run(unit_of_the_caller)
    assert await marks(house.database, "counted") == 0
    assert await house.engine.run_due() == 0
    assert await house.engine.history("e1") == ()


async def test_a_working_engine_goes_on_with_a_composed_start_by_itself(database: Database) -> None:
    times = replace(QUICK, poll=timedelta(minutes=5))
    async with opened(make_house(database, work=True, times=times)) as house:
        await house.database.run(lambda unit: start(house, unit))
        assert (await house.engine.inspect("e1", wait=20)).outcome == "done"
        await house.database.run(lambda unit: start(house, unit, "send", execution="e2"))
        assert (await house.engine.inspect("e2", wait=20)).outcome == "sent"


@pytest.mark.parametrize(
    ("error", "more"),
    [
        (UnknownOnEnd, {"on_end": "nobody"}),
        (UnknownFlow, {"flow": "nothing", "inputs": {}}),
        (InputsInvalid, {"inputs": {"wat": 1}}),
    ],
)
async def test_what_cannot_be_started_is_refused(house: House, error: type[Exception], more: dict[str, Any]) -> None:
    with pytest.raises(error):
        await house.database.run(lambda unit: start(house, unit, **more))


async def test_an_id_that_is_taken_is_refused(house: House) -> None:
    await house.begin("login")
    with pytest.raises(ConstraintViolated):
        await house.begin("login")


async def test_an_end_is_told_in_the_transaction_that_records_it(house: House) -> None:
    await house.begin("counting")
    assert await house.told("done") == 1
    assert house.ends[0] == Ended(
        execution="e1",
        flow="counting",
        outcome="done",
        fields={"reference": "r1", "total": 1},
        correlation="c1",
        at=NOON,
    )


async def test_an_on_end_that_fails_is_undone_backs_off_and_is_told_later(database: Database) -> None:
    broken = [True]

    def on_end(unit: Unit, ended: Ended) -> None:
        mark(unit, ended.execution, "told")
        if broken[0]:
            raise ValueError

    async with opened(make_house(database, on_end=on_end)) as house:
        step = await house.begin("counting")
        assert step.status == "working", "an end counts once it has been told"
        assert await marks(database, "told") == 0
        broken[0] = False
        assert await house.engine.run_due() == 0, "it is not due yet"
        house.clock.advance(timedelta(seconds=5))
        await house.engine.run_due()
        assert (await house.engine.inspect("e1")).outcome == "done"
        assert await marks(database, "told") == 1


async def test_an_on_end_that_always_fails_is_parked_where_a_person_sees_it(database: Database) -> None:
    def on_end(_unit: Unit, _ended: Ended) -> None:
        raise ValueError

    async with opened(make_house(database, on_end=on_end)) as house:
        await house.begin("counting")
        for _ in range(END_TRIES):
            house.clock.advance(timedelta(minutes=10))
            await house.engine.run_due()
        parked = await database.read(lambda unit: Executions(KEYRING).broken(unit, limit=9))
        assert [(row.id, row.end_failure) for row in parked] == [("e1", "ValueError")]
        house.clock.advance(timedelta(days=1))
        assert await house.engine.run_due() == 0


async def test_one_rows_failure_never_ends_a_sweep(database: Database) -> None:
    def on_end(unit: Unit, ended: Ended) -> None:
        if ended.execution == "e1":
            raise ValueError
        mark(unit, ended.execution, "told")

    async with opened(make_house(database, on_end=on_end)) as house:
        for number in range(4):
            await house.begin("login", f"e{number}")
        house.clock.advance(timedelta(minutes=5))
        await house.engine.run_due()
        assert await marks(database, "told") == 3


async def test_a_row_that_cannot_be_opened_is_ended_and_its_owner_is_told(house: House) -> None:
    await house.begin("login", "e1")
    await house.begin("login", "e2")
    await house.database.run(lambda unit: unit.execute(SPOIL, {"b_id": "e1"}))
    house.clock.advance(timedelta(minutes=5))
    await house.engine.run_due()
    assert {(ended.execution, ended.outcome) for ended in house.ends} == {("e1", "fault"), ("e2", "expired")}
    assert next(ended.fields for ended in house.ends if ended.execution == "e1")["code"] == "seal_broken"


async def test_executions_of_an_older_version_go_on_with_it(database: Database) -> None:
    old = replace(COUNTING, digest="older")
    async with opened(make_house(database, graphs=[old])) as before:
        await before.database.run(lambda unit: start(before, unit))
    async with opened(make_house(database)) as after:
        await after.engine.run_due()
        assert (await after.engine.inspect("e1")).outcome == "done"
        await after.database.run(lambda unit: start(after, unit, execution="e2"))
        row = await database.read(lambda unit: Executions(KEYRING).find(unit, "e2"))
        assert row is not None
        assert row.digest == COUNTING.digest


async def test_an_older_version_that_another_process_stored_is_loaded_when_it_is_met(database: Database) -> None:
    old = replace(COUNTING, digest="older")
    async with opened(make_house(database)) as open_already, opened(make_house(database, graphs=[old])) as other:
        await other.database.run(lambda unit: start(other, unit))
        await open_already.engine.run_due()
        assert (await open_already.engine.inspect("e1")).outcome == "done"


async def test_what_needs_an_executor_that_only_another_process_has_is_left_to_that(database: Database) -> None:
    async with (
        opened(make_house(database, graphs=[SEND], without=[BOOK])) as poor,
        opened(make_house(database)) as rich,
    ):
        await database.run(lambda unit: start(rich, unit))
        assert await poor.engine.run_due() == 1
        await database.run(lambda unit: unit.execute(END_LEASES))
        with pytest.raises(ExecutorsDiffer, match="book"):
            await poor.engine.inspect("e1")
        await rich.engine.run_due()
        assert (await rich.engine.inspect("e1")).outcome == "done"


async def test_missing_executors_are_named_before_anything_runs(database: Database) -> None:
    with pytest.raises(ExecutorsDiffer) as caught:
        make_house(database, without=[BOOK])
    assert "book" in str(caught.value)


async def test_two_engines_share_the_work_and_nothing_is_done_twice(database: Database) -> None:
    async with (
        opened(make_house(database, work=True)) as one,
        opened(make_house(database, work=True)) as two,
    ):
        for number in range(12):
            house = (one, two)[number % 2]
            await house.database.run(partial(start, house, execution=f"e{number}"))
        steps = await asyncio.gather(*(one.engine.inspect(f"e{number}", wait=20) for number in range(12)))
        assert {step.outcome for step in steps} == {"done"}
        assert len(one.book.asked) + len(two.book.asked) == 12
        assert await one.told("done") == 12


async def test_the_history_tells_what_happened_node_by_node(house: House) -> None:
    house.book.act = lambda _context, _inputs: Done("booked", {"reference": "x"})
    await house.begin("counting")
    kinds = [(entry.kind, entry.node) for entry in await house.engine.history("e1")]
    assert kinds == [
        ("started", "one"),
        ("task", "one"),
        ("task", "two"),
        ("task", "book"),
        ("task", "three"),
        ("ended", "done"),
    ]


async def test_whoever_waits_gets_the_step_there_is_once_the_process_is_to_end(house: House) -> None:
    await house.database.run(lambda unit: start(house, unit, "send"))
    waiting = asyncio.create_task(house.engine.inspect("e1", wait=20))
    while not house.engine._reception.waiting:  # noqa: ASYNC110 - nothing tells when somebody begins to wait
        await asyncio.sleep(0)
    house.engine.stop_waiting()
    async with asyncio.timeout(10):
        assert (await waiting).status == "waiting"
        assert (await house.engine.inspect("e1", wait=20)).status == "waiting"

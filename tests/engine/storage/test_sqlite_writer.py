"""The rules of SQLite's one writer, (a) to (i) of the architecture; where something is lost: test_sqlite_losses."""

import asyncio
import logging
import weakref
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from engine.storage import (
    ConstraintViolated,
    Overloaded,
    StorageUnavailable,
    Unit,
)
from engine.storage.sqlite_link import SqliteLink
from tests.engine.storage.notes import ADD, ALL, COUNT, GROW, IDS, Disagreement, note
from tests.engine.storage.writing import Bench, Gate, add, adding, bench, queued
from tests.fixtures.second_process import second_process

pytestmark = pytest.mark.anyio


@pytest.fixture
def dialect() -> str:
    return "sqlite"


@pytest.fixture
def url(new_url: Callable[..., str]) -> str:
    return new_url()


# a, isolation


async def test_a_released_savepoint_does_not_survive_its_unit(url: str) -> None:
    def use(unit: Unit) -> None:
        with unit.savepoint():
            add(unit, "a")
        raise Disagreement

    async with bench(url) as it:
        with pytest.raises(Disagreement):
            await it.database.run(use)
        assert it.names() == []


async def test_a_write_begins_by_taking_the_lock_so_that_it_cannot_fail_half_way(url: str) -> None:
    async with bench(url) as it:
        seen: list[str] = []
        it.connection.set_trace_callback(seen.append)
        await it.database.run(lambda unit: unit.execute(ALL).all())

    assert seen[0] == "BEGIN IMMEDIATE"
    assert seen[-1] == "COMMIT"


async def test_readers_do_not_wait_for_the_writer_and_see_what_is_committed(url: str) -> None:
    async with bench(url) as it:
        await it.database.run(adding("before"))
        gate = Gate("during")
        held = it.send(gate)
        await gate.entered()

        assert await it.database.read(lambda unit: unit.execute(IDS).scalars()) == ["before"]

        gate.let_go()
        await held


async def test_the_file_is_written_ahead_and_fully_synchronised(url: str) -> None:
    async with bench(url) as it:
        assert it.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert it.connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert it.connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


# b is in test_units: a unit cannot commit, roll back or begin

# c, answers after COMMIT


async def test_nobody_is_answered_before_the_common_commit(url: str) -> None:
    async with bench(url, batch_seconds=20) as it:
        first, second = Gate("a"), Gate("c")
        waiting = [it.send(first), it.send(adding("b")), it.send(second)]
        await first.entered()
        first.let_go()
        await second.entered()  # "a" and "b" have run, in the same transaction
        await queued()

        assert [task.done() for task in waiting] == [False, False, False]
        assert it.names() == []

        second.let_go()
        await asyncio.gather(*waiting)
        assert it.names() == ["a", "b", "c"]


async def test_a_units_error_leaves_the_others_of_its_batch_alone(url: str) -> None:
    def fail(unit: Unit) -> None:
        add(unit, "wrong")
        raise Disagreement

    async with bench(url, batch_seconds=20) as it:
        gate = Gate("a")
        waiting = [it.send(gate), it.send(fail), it.send(adding("a")), it.send(adding("b"))]
        await gate.entered()
        gate.let_go()
        answers = await asyncio.gather(*waiting, return_exceptions=True)

        assert [type(answer) for answer in answers] == [type(None), Disagreement, ConstraintViolated, str]
        assert it.names() == ["a", "b"]


# d and e are in test_sqlite_losses

# f, bounds


async def test_a_full_queue_refuses_at_once(url: str) -> None:
    async with bench(url, queued=2) as it:
        gate = Gate()
        waiting = [it.send(gate)]
        await gate.entered()
        waiting += [it.send(gate), it.send(gate)]
        await queued(2)

        with pytest.raises(Overloaded) as caught:
            await it.database.run(adding("a"))

        assert caught.value.limit == 2
        gate.let_go()
        await asyncio.gather(*waiting)
        assert await it.database.run(adding("b")) == "b"


async def test_a_full_queue_of_readers_refuses_at_once(url: str) -> None:
    async with bench(url, queued=1) as it:
        gate = Gate()
        waiting = asyncio.ensure_future(it.database.read(gate))
        await gate.entered()

        with pytest.raises(Overloaded):
            await it.database.read(lambda unit: unit.execute(COUNT).scalar())

        gate.let_go()
        await waiting


def add_quietly(unit: Unit, name: str) -> None:
    add(unit, name)


async def commits(it: Bench, units: int) -> list[int]:
    """Hold the writer, queue *units* and return how many each commit stored."""
    gate = Gate()
    waiting = [it.send(gate)]
    await gate.entered()
    seen: list[str] = []
    waiting += [it.send(partial(add_quietly, name=f"n{number}")) for number in range(units)]
    await queued(units)
    it.connection.set_trace_callback(seen.append)
    gate.let_go()
    await asyncio.gather(*waiting)
    it.connection.set_trace_callback(None)
    return list(_counts(seen))


def _counts(statements: list[str]) -> Iterator[int]:
    count = 0
    for statement in statements:
        count += statement.startswith("INSERT")
        if statement == "COMMIT":
            yield count
            count = 0


async def test_a_batch_collects_no_more_than_its_number_of_units(url: str) -> None:
    async with bench(url, batch_seconds=20) as it:
        assert await commits(it, 300) == [127, 128, 45]  # the first held the one that waited


async def test_a_batch_collects_no_longer_than_its_time(url: str) -> None:
    ticks = iter(range(1_000_000))

    # Each look at the clock takes one tick: one at the start, one after each unit.
    async with bench(url, batch_seconds=5.0, monotonic=lambda: next(ticks)) as it:
        assert await commits(it, 14) == [4, 5, 5]


async def test_a_slow_function_is_named_in_the_log(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with bench(url, slow_seconds=0) as it:
        await it.database.run(adding("a"))

    record = next(record for record in caplog.records if record.message == "slow_unit")
    assert vars(record)["unit"] == "tests.engine.storage.writing.add"


# g and h are in test_units: a cancelled wait, a closed database

# i, two processes

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
print("free", flush=True)
"""


COUNT_UP = """
import asyncio, sys
from engine.storage import Database
from tests.engine.storage.notes import GROW

async def main():
    async with Database.open(sys.argv[1]) as database:
        print("open", flush=True)
        for _ in range(150):
            await database.run(lambda unit: unit.execute(GROW, {"b_id": "a", "by": 1}).rowcount)

asyncio.run(main())
print("done", flush=True)
"""


async def test_a_unit_waits_for_another_process_that_writes(url: str) -> None:
    async with bench(url, patience=20) as it:
        with second_process(HOLD, it.path) as other:
            other.expect("held")
            before = it.connection
            waiting = it.send(adding("a"))
            await queued()
            assert not waiting.done()
            other.say("go")

            assert await waiting == "a"
            assert it.connection is before  # busy is not broken


async def test_a_unit_that_waited_too_long_for_another_process_is_refused_with_all_behind_it(url: str) -> None:
    async with bench(url, patience=0.05) as it:
        with second_process(HOLD, it.path) as other:
            other.expect("held")
            before = it.connection
            answers = await asyncio.gather(
                *[it.send(adding(f"n{number}")) for number in range(3)], return_exceptions=True
            )
            assert [type(answer) for answer in answers] == [StorageUnavailable] * 3
            assert await it.database.read(lambda unit: unit.execute(COUNT).scalar()) == 0
            other.say("go")
            other.expect("free")

        assert await it.database.run(adding("a")) == "a"
        assert it.connection is before


async def test_two_processes_on_one_file_both_get_on_and_lose_nothing(url: str) -> None:
    async with bench(url, patience=20) as it:
        await it.database.run(lambda unit: unit.execute(ADD, {**note("a"), "size": 0}))
        with second_process(COUNT_UP, url) as other:
            other.expect("open")
            for _ in range(150):
                await it.database.run(lambda unit: unit.execute(GROW, {"b_id": "a", "by": 1}).rowcount)
            await asyncio.to_thread(other.expect, "done")

        assert (await it.database.read(lambda unit: unit.execute(ALL).one())).size == 300


async def test_a_failure_between_two_units_leaves_nobody_waiting(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(url, batch_seconds=20) as it:
        gate = Gate("a")
        waiting = [it.send(gate), it.send(adding("b")), it.send(adding("c"))]
        await gate.entered()

        def fail(_link: SqliteLink, _allowed: bool) -> None:
            raise MemoryError

        monkeypatch.setattr(SqliteLink, "allow_writes", fail)
        gate.let_go()
        answers = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 20)
        monkeypatch.undo()

        assert {type(answer) for answer in answers} == {StorageUnavailable}
        assert await it.database.run(adding("d")) == "d"
        assert it.names() == ["d"]


async def test_an_idle_writer_keeps_nothing_of_what_it_ran(url: str) -> None:
    class Known:
        """What a function knows."""

        def __call__(self, unit: Unit) -> str:
            return add(unit, "a")

    async with bench(url) as it:
        known = Known()
        watched = weakref.ref(known)
        await it.database.run(known)
        del known
        async with asyncio.timeout(20):
            while watched() is not None:
                await queued()

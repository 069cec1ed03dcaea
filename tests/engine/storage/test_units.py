"""The contract of a unit, on both databases."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql import Executable

from engine.storage import ConstraintViolated, Database, StorageError, Unit, UnitMisused, ValueRefused
from tests.engine.storage.notes import (
    ADD,
    ADD_ONCE,
    ALL,
    COUNT,
    GET,
    GROW,
    REMOVE_SOME,
    SOME,
    Disagreement,
    ids,
    note,
    notes,
)

pytestmark = pytest.mark.anyio


def add(unit: Unit, name: str) -> int:
    return unit.execute(ADD, note(name)).rowcount


async def test_what_a_unit_stored_is_there_when_it_has_answered(database: Database) -> None:
    await database.run(lambda unit: unit.execute(ADD, note("a")))

    assert await ids(database) == ["a"]


async def test_a_unit_is_stored_whole_or_not_at_all(database: Database) -> None:
    def half(unit: Unit) -> None:
        unit.execute(ADD, note("a"))
        raise Disagreement

    with pytest.raises(Disagreement):
        await database.run(half)

    assert await ids(database) == []


async def test_rows_are_named_tuples(database: Database) -> None:
    def add(unit: Unit) -> Any:
        unit.execute(ADD, {"id": "a", "body": "text", "size": 2**62, "raw": b"\0\xff"})
        return unit.execute(GET, {"id": "a"}).one()

    row = await database.run(add)

    assert (row.id, row.body, row.size, row.raw) == ("a", "text", 2**62, b"\0\xff")
    assert tuple(row) == ("a", "text", 2**62, b"\0\xff")


async def test_a_result_says_how_many_rows_it_changed_and_what_it_found(database: Database) -> None:
    def use(unit: Unit) -> tuple[Any, ...]:
        added = unit.execute(ADD, [note("a"), note("b")]).rowcount
        grown = unit.execute(GROW, {"b_id": "a", "by": 3}).rowcount
        missed = unit.execute(GROW, {"b_id": "x", "by": 3}).rowcount
        found = unit.execute(ALL)
        return added, grown, missed, found.scalar(), len(found.all()), [row.size for row in found]

    assert await database.run(use) == (2, 1, 0, "a", 2, [3, None])


async def test_no_rows_are_no_first_and_no_scalar_and_not_one(database: Database) -> None:
    def look(unit: Unit) -> tuple[Any, Any]:
        found = unit.execute(GET, {"id": "x"})
        with pytest.raises(UnitMisused, match="expected one row, found 0"):
            found.one()
        return found.first(), found.scalar()

    assert await database.read(look) == (None, None)


async def test_several_of_nothing_are_nothing(database: Database) -> None:
    assert await database.run(lambda unit: unit.execute(ADD, []).rowcount) == 0


async def test_a_list_of_any_length_fits_into_one_statement(database: Database) -> None:
    def use(unit: Unit) -> list[list[str]]:
        unit.execute(ADD, [note("a"), note("b"), note("c")])
        return [unit.execute(SOME, {"ids": each}).scalars() for each in ([], ["a"], ["a", "c", "x"])]

    assert await database.run(use) == [[], ["a"], ["a", "c"]]


async def test_a_list_may_be_written_into_the_statement(database: Database) -> None:
    some = select(notes.c.id).where(notes.c.id.in_(["a", "c"]), notes.c.body == bindparam("body")).order_by(notes.c.id)

    def use(unit: Unit) -> list[str]:
        unit.execute(ADD, [note("a"), note("b"), note("c", "other")])
        return unit.execute(some, {"body": "text"}).scalars()

    assert await database.run(use) == ["a"]


async def test_an_insert_or_ignore_is_judged_by_what_it_returns(database: Database) -> None:
    def twice(unit: Unit) -> tuple[bool, bool]:
        first = unit.execute(ADD_ONCE, note("a", "first")).first() is not None
        second = unit.execute(ADD_ONCE, note("a", "second")).first() is not None
        return first, second

    assert await database.run(twice) == (True, False)
    assert (await database.read(lambda unit: unit.execute(GET, {"id": "a"}).one())).body == "first"


async def test_an_insert_takes_its_columns_from_the_parameters_each_time(database: Database) -> None:
    def use(unit: Unit) -> list[Any]:
        unit.execute(ADD, note("a"))
        unit.execute(ADD, {**note("b"), "size": 7})
        unit.execute(ADD, note("c"))
        return [row.size for row in unit.execute(ALL)]

    assert await database.run(use) == [None, 7, None]


async def test_a_name_is_held_until_the_unit_ends(database: Database) -> None:
    def count_and_add(unit: Unit) -> None:
        unit.lock("counter", "a")
        add(unit, str(unit.execute(COUNT).scalar()))

    await asyncio.gather(*(database.run(count_and_add) for _ in range(12)))

    assert sorted(await ids(database), key=int) == [str(number) for number in range(12)]


async def test_what_is_read_once_in_a_unit_is_read_again_after_a_change(database: Database) -> None:
    def read(unit: Unit) -> list[int]:
        def count() -> int:
            return cast("int", unit.execute(COUNT).scalar())

        first = unit.once("count", count)
        add(unit, "a")
        second = unit.once("count", count)
        unit.forget("count")
        return [first, second, unit.once("count", count)]

    assert await database.run(read) == [0, 0, 1]
    assert await database.read(lambda unit: unit.once("count", lambda: unit.execute(COUNT).scalar())) == 1


@pytest.mark.parametrize(
    ("row", "kind", "name"),
    [
        ({"id": "a", "body": "canary"}, "unique", "notes"),
        ({"id": "b", "body": "canary", "size": -1}, "check", "notes_size"),
        ({"id": "b", "body": None, "raw": b"canary"}, "not_null", "notes.body"),
    ],
)
async def test_a_violated_constraint_is_named_and_its_row_is_not(
    database: Database, row: dict[str, Any], kind: str, name: str
) -> None:
    await database.run(lambda unit: unit.execute(ADD, note("a")))

    with pytest.raises(ConstraintViolated) as caught:
        await database.run(lambda unit: unit.execute(ADD, row))

    assert caught.value.kind == kind
    assert name in caught.value.name
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "statement",
    ["COMMIT", "rollback", "BEGIN", "  end", "SAVEPOINT x", "PRAGMA query_only = OFF", "SELECT 1; COMMIT", "", "SET x"],
)
async def test_a_unit_cannot_commit_roll_back_or_begin(database: Database, statement: str) -> None:
    with pytest.raises(UnitMisused):
        await database.run(lambda unit: unit.execute(text(statement)))

    assert not [name for name in dir(Unit) if name in {"commit", "rollback", "begin", "connection"}]


async def test_a_unit_changes_no_schema(database: Database) -> None:
    with pytest.raises(UnitMisused, match="migration"):
        await database.run(lambda unit: unit.execute(CreateTable(notes)))


async def test_a_text_is_no_statement(database: Database) -> None:
    with pytest.raises(UnitMisused, match=r"use text\(\)"):
        await database.run(lambda unit: unit.execute(cast("Executable", "SELECT 1")))


async def test_several_runs_of_a_statement_with_a_list_are_counted_and_fail_as_one(database: Database) -> None:
    def use(unit: Unit) -> int:
        unit.execute(ADD, [note("a"), note("b"), note("c")])
        return unit.execute(REMOVE_SOME, [{"ids": ["a", "x"]}, {"ids": ["b", "c"]}]).rowcount

    assert await database.run(use) == 3
    with pytest.raises(ConstraintViolated):
        await database.run(lambda unit: unit.execute(ADD, [note("a"), note("a")]))
    assert await ids(database) == []


async def test_a_statement_that_the_database_does_not_understand_is_the_callers_mistake(database: Database) -> None:
    with pytest.raises(UnitMisused, match="nowhere"):
        await database.run(lambda unit: unit.execute(text("SELECT * FROM nowhere")))


async def test_a_missing_parameter_is_named(database: Database) -> None:
    with pytest.raises(UnitMisused, match="'by'"):
        await database.run(lambda unit: unit.execute(GROW, {"b_id": "a"}))
    with pytest.raises(UnitMisused, match="'ids'"):
        await database.run(lambda unit: unit.execute(SOME))


@pytest.mark.parametrize(
    "value", ["nul \0 inside", "half a pair \ud800", True, 1.5, datetime(2030, 1, 1, tzinfo=UTC), ["a"]], ids=repr
)
async def test_a_value_that_one_database_could_not_keep_is_refused_by_both(database: Database, value: Any) -> None:
    with pytest.raises(ValueRefused):
        await database.run(lambda unit: unit.execute(ADD, {"id": "a", "body": value}))

    assert await ids(database) == []


async def test_an_integer_of_more_than_64_bits_is_refused(database: Database) -> None:
    with pytest.raises(ValueRefused):
        await database.run(lambda unit: unit.execute(ADD, {**note("a"), "size": 2**63}))


async def test_a_unit_that_was_kept_after_its_function_is_of_no_use(database: Database) -> None:
    kept: list[Unit] = []
    await database.run(kept.append)

    with pytest.raises(UnitMisused, match="kept"):
        kept[-1].execute(ALL)


async def test_a_coroutine_function_is_refused_by_name(database: Database) -> None:
    async def wrong(unit: Unit) -> None:
        unit.execute(ADD, note("a"))

    with pytest.raises(UnitMisused, match="wrong"):
        await database.run(cast("Callable[[Unit], None]", wrong))  # what a type checker would have refused


async def test_a_stop_iteration_does_not_leave_its_caller_waiting(database: Database) -> None:
    def stop(_unit: Unit) -> None:
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        await database.run(stop)


async def test_hooks_are_called_once_the_unit_is_stored_and_before_its_caller_goes_on(database: Database) -> None:
    called: list[str] = []

    def use(unit: Unit) -> None:
        unit.execute(ADD, note("a"))
        unit.after_commit(lambda: called.append("kept"))
        with suppress(Disagreement), unit.savepoint():
            unit.after_commit(lambda: called.append("undone"))
            raise Disagreement
        assert called == []

    await database.run(use)

    assert called == ["kept"]


async def test_no_hook_is_called_for_a_unit_that_was_not_stored(database: Database) -> None:
    called: list[str] = []

    def use(unit: Unit) -> None:
        unit.after_commit(lambda: called.append("wrong"))
        raise Disagreement

    with pytest.raises(Disagreement):
        await database.run(use)
    assert called == []


async def test_a_hook_that_fails_is_logged_and_the_next_is_called(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    called: list[str] = []

    def fail() -> None:
        raise Disagreement

    def use(unit: Unit) -> str:
        unit.after_commit(fail)
        unit.after_commit(lambda: called.append("next"))
        return "stored"

    assert await database.run(use) == "stored"
    assert called == ["next"]
    assert "hook_failed" in caplog.messages


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(UnitMisused, match="use run"):
        await database.read(lambda unit: unit.execute(ADD, note("a")))

    assert await ids(database) == []


async def test_a_read_sees_one_moment_however_long_it_takes(database: Database) -> None:
    loop = asyncio.get_running_loop()

    def count_twice(unit: Unit) -> tuple[int, int]:
        before = unit.execute(COUNT).scalar()
        # A second writer stores something while this function is between its two looks.
        name = f"n{before}"
        asyncio.run_coroutine_threadsafe(
            database.run(lambda other: other.execute(ADD_ONCE, note(name)).first()), loop
        ).result(10)
        return before or 0, unit.execute(COUNT).scalar() or 0

    assert await database.read(count_twice) == (0, 0)
    assert await ids(database) == ["n0"]


async def test_a_cancelled_wait_does_not_cancel_the_unit(database: Database) -> None:
    called = asyncio.Event()

    def use(unit: Unit) -> None:
        unit.execute(ADD_ONCE, note("a"))
        unit.after_commit(called.set)

    waiting = asyncio.ensure_future(database.run(use))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(called.wait(), 10)

    assert await ids(database) == ["a"]


async def test_units_of_many_callers_do_not_lose_each_others_updates(database: Database) -> None:
    await database.run(lambda unit: unit.execute(ADD, {**note("a"), "size": 0}))

    await asyncio.gather(
        *[database.run(lambda unit: unit.execute(GROW, {"b_id": "a", "by": 1}).rowcount) for _ in range(200)]
    )

    assert (await database.read(lambda unit: unit.execute(GET, {"id": "a"}).one())).size == 200


async def test_a_closed_database_has_answered_everybody_and_refuses_the_next(database: Database) -> None:
    waiting = [asyncio.ensure_future(database.run(partial(add, name=f"n{number}"))) for number in range(50)]
    await asyncio.sleep(0)
    await database.close()

    assert await asyncio.gather(*waiting) == [1] * 50
    for use in (database.run, database.read):
        with pytest.raises(StorageError, match="closed"):
            await use(lambda unit: unit.execute(COUNT))
    await database.close()

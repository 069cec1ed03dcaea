"""Savepoints and errors of the database inside a unit, on both databases."""

from contextlib import suppress
from typing import cast

import pytest

from engine.storage import ConstraintViolated, Database, Unit, UnitMisused
from tests.engine.storage.notes import ADD, ALL, IDS, Disagreement, ids, note

pytestmark = pytest.mark.anyio


def add(unit: Unit, name: str) -> int:
    return unit.execute(ADD, note(name)).rowcount


async def test_savepoints_begin_with_the_first_statement_inside(database: Database) -> None:
    def nested(unit: Unit) -> list[str]:
        with unit.savepoint():
            pass
        with suppress(Disagreement), unit.savepoint():
            raise Disagreement
        with unit.savepoint():
            with suppress(Disagreement), unit.savepoint(), unit.savepoint():
                add(unit, "undone")
                raise Disagreement
            add(unit, "kept")
            with unit.savepoint():
                add(unit, "kept too")
        return cast("list[str]", unit.execute(IDS).scalars())

    assert await database.run(nested) == ["kept", "kept too"]
    assert await ids(database) == ["kept", "kept too"]


async def test_an_error_inside_two_savepoints_spoils_only_what_it_left(database: Database) -> None:
    def nested(unit: Unit) -> None:
        with unit.savepoint():
            with suppress(ConstraintViolated), unit.savepoint():
                add(unit, "a")
                add(unit, "a")
            add(unit, "b")

    await database.run(nested)

    assert await ids(database) == ["b"]


async def test_a_savepoint_that_an_exception_leaves_is_undone_and_the_rest_stays(database: Database) -> None:
    def use(unit: Unit) -> None:
        unit.execute(ADD, note("a"))
        with suppress(Disagreement), unit.savepoint():
            unit.execute(ADD, note("b"))
            with unit.savepoint():
                unit.execute(ADD, note("c"))
            raise Disagreement
        with unit.savepoint():
            unit.execute(ADD, note("d"))

    await database.run(use)

    assert await ids(database) == ["a", "d"]


async def test_a_unit_goes_on_after_an_error_of_the_database_inside_a_savepoint(database: Database) -> None:
    def use(unit: Unit) -> str:
        unit.execute(ADD, note("a"))
        try:
            with unit.savepoint():
                unit.execute(ADD, note("a"))
        except ConstraintViolated as violated:
            unit.execute(ADD, note("b"))
            return violated.kind
        return "nothing"

    assert await database.run(use) == "unique"
    assert await ids(database) == ["a", "b"]


async def test_without_a_savepoint_a_unit_refuses_to_go_on_after_an_error_of_the_database(database: Database) -> None:
    def use(unit: Unit) -> None:
        unit.execute(ADD, note("a"))
        with pytest.raises(ConstraintViolated):
            unit.execute(ADD, note("a"))
        with pytest.raises(UnitMisused, match="constraint_violated"):
            unit.execute(ALL)
        with pytest.raises(UnitMisused), unit.savepoint():
            pass

    with pytest.raises(ConstraintViolated):
        await database.run(use)
    assert await ids(database) == []


async def test_an_error_that_a_savepoint_kept_silent_about_is_an_error_all_the_same(database: Database) -> None:
    def use(unit: Unit) -> None:
        with unit.savepoint(), pytest.raises(ConstraintViolated):
            unit.execute(ADD, {"id": "a"})

    with pytest.raises(ConstraintViolated):
        await database.run(use)

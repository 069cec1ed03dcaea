"""SQLite's ``:memory:`` is the one store without a file, and a full database otherwise."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from engine.storage import ENGINE_TABLES, ConstraintViolated, Database, StorageUnavailable, Unit, UnitMisused
from tests.engine.storage.notes import ADD, COUNT, IDS, NOTES, note
from tests.engine.storage.writing import adding

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    async with Database.open("sqlite:///:memory:", owners=(ENGINE_TABLES, NOTES)) as database:
        yield database


async def test_it_has_the_tables_of_its_owners_and_keeps_what_is_stored(database: Database) -> None:
    await database.run(adding("a"))

    assert await database.read(lambda unit: unit.execute(IDS).scalars()) == ["a"]


async def test_two_of_them_are_two_databases(database: Database) -> None:
    await database.run(adding("a"))

    async with Database.open("sqlite:///:memory:", owners=(NOTES,)) as other:
        assert await other.read(lambda unit: unit.execute(COUNT).scalar()) == 0


async def test_a_read_cannot_write_and_the_next_unit_can(database: Database) -> None:
    waiting = [
        database.run(adding("a")),
        database.read(lambda unit: unit.execute(ADD, note("b"))),
        database.run(adding("c")),
    ]
    answers = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(answer) for answer in answers] == [str, UnitMisused, str]
    assert await database.read(lambda unit: unit.execute(IDS).scalars()) == ["a", "c"]


async def test_a_full_database_keeps_what_it_held(database: Database) -> None:
    await database.run(adding("a"))
    database._backend.connection.execute("PRAGMA max_page_count = 60")  # type: ignore[attr-defined] # a disk of its own

    waiting = [database.run(adding("b")), database.run(adding("big", "x" * 2_000_000)), database.run(adding("c"))]
    answers = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(answer) for answer in answers] == [str, StorageUnavailable, str]
    assert await database.read(lambda unit: unit.execute(IDS).scalars()) == ["a", "b", "c"]


async def test_a_commit_that_fails_fails_only_the_unit_that_is_to_blame(database: Database) -> None:
    connection: Any = database._backend.connection  # type: ignore[attr-defined] # tables that no migration makes
    connection.execute("CREATE TABLE tags (note TEXT REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED)")

    waiting = [
        database.run(adding("a")),
        database.run(lambda unit: unit.execute(text("INSERT INTO tags VALUES ('nobody')")).rowcount),
        database.run(adding("b")),
    ]
    answers = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(answer) for answer in answers] == [str, ConstraintViolated, str]
    assert await database.read(lambda unit: unit.execute(IDS).scalars()) == ["a", "b"]


async def test_without_owners_it_has_no_tables() -> None:
    async with Database.open("sqlite:///:memory:") as database:
        assert await database.read(lambda unit: unit.execute(text("SELECT name FROM sqlite_schema")).all()) == []


async def test_it_repeats_too() -> None:
    runs: list[int] = []

    def use(unit: Unit) -> None:
        runs.append(1)
        unit.execute(ADD, note("a"))

    async with Database.open("sqlite://", repeat=True, owners=(NOTES,)) as database:
        await database.run(use)

    assert len(runs) == 2

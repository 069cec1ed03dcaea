"""The rules of SQLite's one writer where something is lost: (d) a transaction, (e) a connection or the whole file."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from engine.storage import (
    ConstraintViolated,
    Database,
    StorageUnavailable,
    Unit,
    UnitMisused,
)
from engine.storage import sqlite_writer as writer_module
from engine.storage.sqlite_link import open_writer
from tests.engine.storage.notes import COUNT
from tests.engine.storage.writing import Bench, Gate, add, adding, bench

pytestmark = pytest.mark.anyio


BIG = "x" * 2_000_000


@pytest.fixture
def dialect() -> str:
    return "sqlite"


@pytest.fixture
def url(new_url: Callable[..., str]) -> str:
    return new_url()


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no database grow beyond 400 KiB, whoever opens it."""

    def open_small(path: str, *, patience: float) -> sqlite3.Connection:
        connection = open_writer(path, patience=patience)
        connection.execute("PRAGMA max_page_count = 100")
        return connection

    monkeypatch.setattr(writer_module, "open_writer", open_small)


@pytest.mark.usefixtures("small_disk")
async def test_a_full_disk_fails_the_unit_that_filled_it_and_no_other(url: str) -> None:
    async with bench(url, batch_seconds=20) as it:
        before = it.connection
        gate = Gate("a")
        waiting = [it.send(gate), it.send(adding("b")), it.send(adding("big", BIG)), it.send(adding("c"))]
        await gate.entered()
        gate.let_go()
        answers = await asyncio.gather(*waiting, return_exceptions=True)

        assert [type(answer) for answer in answers] == [type(None), str, StorageUnavailable, str]
        assert it.names() == ["a", "b", "c"]
        assert it.connection is not before


@pytest.mark.usefixtures("small_disk")
async def test_a_function_that_swallows_the_full_disk_can_store_nothing_outside_a_transaction(url: str) -> None:
    refused: list[str] = []

    def stubborn(unit: Unit) -> None:
        for name, body in (("big", BIG), ("small", "text")):
            try:
                with unit.savepoint():
                    add(unit, name, body)
            except (StorageUnavailable, UnitMisused) as error:
                refused.append(error.code)

    async with bench(url) as it:
        with pytest.raises(StorageUnavailable):
            await it.database.run(stubborn)

        assert refused == ["storage_unavailable", "unit_misused"] * 2  # with its batch, and once more alone
        assert it.names() == []
        assert it.troubled()


async def test_a_commit_that_fails_fails_only_the_unit_that_is_to_blame(url: str) -> None:
    async with bench(url, batch_seconds=20) as it:
        it.connection.execute(
            "CREATE TABLE tags (note TEXT NOT NULL REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        it.connection.execute(
            "CREATE TRIGGER tag AFTER INSERT ON notes WHEN new.body = 'tag' BEGIN "
            "INSERT INTO tags VALUES ('nobody'); END"
        )
        gate = Gate("a")
        waiting = [it.send(gate), it.send(adding("b", "tag")), it.send(adding("c"))]
        await gate.entered()
        gate.let_go()
        answers = await asyncio.gather(*waiting, return_exceptions=True)

        assert [type(answer) for answer in answers] == [type(None), ConstraintViolated, str]
        assert it.names() == ["a", "c"]


async def test_no_exception_ends_the_writer(url: str) -> None:
    def leave(_unit: Unit) -> None:
        raise SystemExit

    async with bench(url) as it:
        with pytest.raises(RuntimeError, match=r"leave raised SystemExit"):
            await it.database.run(leave)
        assert await it.database.run(adding("a")) == "a"


async def test_a_broken_connection_is_replaced_and_the_trouble_is_told_until_then(url: str) -> None:
    async with bench(url) as it:
        it.connection.close()

        with pytest.raises(StorageUnavailable):
            await it.database.run(adding("a"))
        assert it.troubled()

        assert await it.database.run(adding("b")) == "b"
        assert not it.troubled()
        assert it.names() == ["b"]


async def test_a_connection_that_breaks_within_a_unit_fails_that_unit(url: str) -> None:
    async with bench(url) as it:

        def cut(unit: Unit) -> None:
            add(unit, "a")
            it.connection.close()

        with pytest.raises(StorageUnavailable):
            await it.database.run(cut)
        assert it.troubled()

        def cut_and_ask(unit: Unit) -> None:
            it.connection.close()
            add(unit, "b")

        with pytest.raises(StorageUnavailable):
            await it.database.run(cut_and_ask)

        assert await it.database.run(adding("c")) == "c"
        assert it.names() == ["c"]


async def test_a_constraint_that_ends_the_whole_transaction_ends_only_its_own_unit(url: str) -> None:
    def roll_back(unit: Unit) -> None:
        unit.execute(text("INSERT OR ROLLBACK INTO notes (id, body) VALUES ('a', 'again')"))

    async with bench(url, batch_seconds=20) as it:
        gate = Gate("a")
        waiting = [it.send(gate), it.send(roll_back), it.send(adding("b"))]
        await gate.entered()
        gate.let_go()
        answers = await asyncio.gather(*waiting, return_exceptions=True)

        assert [type(answer) for answer in answers] == [type(None), ConstraintViolated, str]
        assert it.names() == ["a", "b"]
        assert not it.troubled()


async def test_a_reader_that_cannot_open_the_file_says_so_and_the_next_one_can(url: str) -> None:
    async with bench(url) as it:
        folder, elsewhere = Path(it.path).parent, Path(it.path).parent.with_name("elsewhere")
        folder.rename(elsewhere)
        with pytest.raises(StorageUnavailable):
            await it.database.read(lambda unit: unit.execute(COUNT).scalar())
        elsewhere.rename(folder)

        assert await it.database.read(lambda unit: unit.execute(COUNT).scalar()) == 0


async def test_a_readers_connection_that_breaks_is_replaced(url: str) -> None:
    async with bench(url) as it:

        def cut(unit: Unit) -> None:
            link: Any = unit._link
            link.connection.close()

        with pytest.raises(StorageUnavailable):
            await it.database.read(cut)
        assert await it.database.read(lambda unit: unit.execute(COUNT).scalar()) == 0


async def test_a_caller_whose_event_loop_has_gone_troubles_nobody(url: str, caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate("a")

    async def leave(it: Bench) -> None:
        it.send(gate).add_done_callback(lambda task: task.cancelled())
        await gate.entered()

    async with bench(url) as it:
        await asyncio.to_thread(asyncio.run, leave(it))
        gate.let_go()
        await it.database.run(adding("b"))

        assert it.names() == ["a", "b"]
        assert "loop_closed" in caplog.messages


async def test_a_database_that_is_away_fails_every_unit_until_it_is_back(url: str) -> None:
    async with bench(url) as it:
        await it.database.run(adding("a"))
        folder, elsewhere = Path(it.path).parent, Path(it.path).parent.with_name("elsewhere")
        folder.rename(elsewhere)
        it.connection.close()
        for _ in range(3):
            with pytest.raises(StorageUnavailable):
                await it.database.run(adding("b"))
        elsewhere.rename(folder)

        assert await it.database.run(adding("c")) == "c"
        assert it.names() == ["a", "c"]


def test_a_database_that_cannot_be_opened_says_where_it_was_expected(tmp_path: Path) -> None:
    missing = tmp_path / "no such folder" / "engine.db"

    with pytest.raises(StorageUnavailable, match="no such folder"):
        Database.open(f"sqlite:///{missing}")

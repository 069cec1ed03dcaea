"""Waking those who wait, in this process and in others."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import psycopg
import pytest

from engine.storage import Database, Unit
from engine.storage.wakeups import Wakeups
from tests.engine.storage.notes import ADD, note
from tests.fixtures.databases import MakeDatabase

pytestmark = pytest.mark.anyio


class Bell:
    """Counts how often it rang."""

    def __init__(self) -> None:
        self.rung, self._event = 0, asyncio.Event()

    def __call__(self) -> None:
        self.rung += 1
        self._event.set()

    async def ring(self) -> None:
        """Return when it has rung since the last time."""
        await asyncio.wait_for(self._event.wait(), 20)
        self._event.clear()


def notifying(*channels: str) -> Callable[[Unit], None]:
    def notify(unit: Unit) -> None:
        for channel in channels:
            unit.notify(channel)

    return notify


async def test_who_listens_is_woken_by_a_stored_unit(database: Database) -> None:
    bell = Bell()
    await database.listen("due", bell)

    await database.run(notifying("due"))
    await bell.ring()

    assert bell.rung == 1


async def test_who_stops_listening_leaves_nothing_behind() -> None:
    wakeups, bell, other = Wakeups(), Bell(), Bell()
    stop, stop_other = wakeups.add("due", bell), wakeups.add("due", other)
    stop()
    stop()
    wakeups.wake(["due"])
    await other.ring()
    assert bell.rung == 0
    stop_other()
    assert wakeups._hooks == {}


async def test_a_unit_wakes_once_however_often_it_notifies(database: Database) -> None:
    due, last = Bell(), Bell()
    await database.listen("due", due)
    await database.listen("last", last)

    await database.run(notifying("due", "due", "due"))
    await database.run(notifying("last"))
    await last.ring()

    assert due.rung == 1


async def test_nobody_is_woken_by_what_was_not_stored_or_by_another_channel(database: Database) -> None:
    due, last = Bell(), Bell()
    await database.listen("due", due)
    await database.listen("last", last)

    def fail(unit: Unit) -> None:
        unit.notify("due")
        unit.execute(ADD, note("a"))
        unit.execute(ADD, note("a"))

    def undo(unit: Unit) -> None:
        with suppress(KeyError), unit.savepoint():
            unit.notify("due")
            raise KeyError
        unit.notify("last")

    await asyncio.gather(database.run(fail), return_exceptions=True)
    await database.run(undo)
    await last.ring()

    assert (due.rung, last.rung) == (0, 1)


async def test_who_has_stopped_listening_is_not_woken(database: Database) -> None:
    stopped, last = Bell(), Bell()
    stop = await database.listen("due", stopped)
    await database.listen("due", last)
    stop()
    stop()

    await database.run(notifying("due"))
    await last.ring()

    assert stopped.rung == 0


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_a_unit_in_one_process_wakes_those_who_listen_in_another(
    make_database: MakeDatabase, new_url: Callable[..., str]
) -> None:
    url, bell = new_url(), Bell()
    here, there = make_database(url=url), make_database(url=url)
    await there.listen("due", bell)

    await here.run(notifying("due"))

    await bell.ring()


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_a_lost_connection_is_made_anew_and_everybody_is_woken(
    make_database: MakeDatabase, new_url: Callable[..., str]
) -> None:
    url = new_url()
    database, bell = make_database(url=url), Bell()
    await database.listen("due", bell)

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    await bell.ring()  # it may have missed something

    await database.run(notifying("due"))
    await bell.ring()
    assert bell.rung == 2


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_listening_begins_also_while_the_server_is_away(dialect: str) -> None:
    async with Database.open("postgresql+psycopg://nobody@127.0.0.1:1/nothing", patience=2) as database:
        await database.listen("due", Bell())

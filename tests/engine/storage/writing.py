"""SQLite databases whose writer the tests hold in their hands."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from engine.storage import Database, Unit
from engine.storage.database import parse_url
from engine.storage.sqlite import SqliteBackend
from engine.storage.sqlite_writer import WriterLimits
from tests.engine.storage.notes import ADD, note

T = TypeVar("T")


class Bench:
    """A database and its backend, with a file beside."""

    def __init__(self, url: str, **options: Any) -> None:
        limits = WriterLimits(**{name: options.pop(name) for name in list(options) if name in WriterLimits.__slots__})
        self.path = parse_url(url)[1]
        self.backend = SqliteBackend(self.path, repeat=False, limits=limits, **options)
        self.backend.start()
        self.database = Database(self.backend)

    @property
    def connection(self) -> sqlite3.Connection:
        """The writer's connection, as it is now."""
        return self.backend.connection

    def troubled(self) -> bool:
        """Return whether the database says that it cannot be used."""
        return self.database.trouble is not None

    def names(self) -> list[str]:
        """Return what a stranger finds in the file."""
        with sqlite3.connect(self.path) as stranger:
            found = stranger.execute("SELECT id FROM notes ORDER BY id").fetchall()
        stranger.close()
        return [name for (name,) in found]

    def send(self, fn: Callable[[Unit], T]) -> "asyncio.Task[T]":
        """Begin to run *fn*."""
        return asyncio.ensure_future(self.database.run(fn))


@asynccontextmanager
async def bench(url: str, **options: Any) -> AsyncIterator[Bench]:
    """Open the database at *url* with *options* of the writer's limits; close it in the end."""
    opened = Bench(url, **options)
    try:
        yield opened
    finally:
        await opened.database.close()


class Gate:
    """A unit function that stays in the writer's thread until it is let go: what comes after it queues up."""

    def __init__(self, name: str | None = None) -> None:
        self._entered, self._open, self._name = threading.Event(), threading.Event(), name

    def __call__(self, unit: Unit) -> None:
        self._entered.set()
        assert self._open.wait(20)
        if self._name is not None:
            add(unit, self._name)

    async def entered(self) -> None:
        """Return when the writer is held."""
        assert await asyncio.to_thread(self._entered.wait, 20)

    def let_go(self) -> None:
        """Let the writer go on."""
        self._open.set()


def add(unit: Unit, name: str, body: str = "text") -> str:
    """Store a note and return its name."""
    unit.execute(ADD, note(name, body))
    return name


def adding(name: str, body: str = "text") -> Callable[[Unit], str]:
    """Return a unit function that stores a note."""
    return partial(add, name=name, body=body)


async def queued(count: int = 1) -> None:
    """Let *count* tasks that were sent reach the queue."""
    for _ in range(count + 1):
        await asyncio.sleep(0)


def spin(seconds: float) -> None:
    """Keep this thread busy for *seconds*."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass

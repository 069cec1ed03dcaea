"""One database, whichever it is: functions go in, results come out."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, Self, TypeVar, cast

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from engine.storage.errors import UnknownDatabase
from engine.storage.migrating import TableOwner, upgrade_memory
from engine.storage.perform import Call
from engine.storage.sqlite import SqliteBackend
from engine.storage.sqlite_writer import MEMORY, WriterLimits
from engine.storage.unit import Unit
from engine.storage.wakeups import Hook

T = TypeVar("T")


class Backend(Protocol):
    """What a dialect does."""

    dialect: str

    @property
    def trouble(self) -> str | None:
        """Why the last attempt failed, or None."""
        ...

    def submit(self, call: Call) -> None:
        """Have *call* run, or refuse it at once."""
        ...

    async def listen(self, channel: str, hook: Hook) -> Hook:
        """Call *hook* on each notification."""
        ...

    def close(self) -> None:
        """Serve what waits and let go of everything."""
        ...


class Database:
    """A database and the one way to use it: ``await database.run(fn)``.

    ``fn(unit)`` is an ordinary function. All that it does is stored together or not at all, and it may be run more
    than once: no time, randomness, ids, logging or change of outer values inside.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @classmethod
    def open(
        cls,
        url: str,
        *,
        repeat: bool = False,
        owners: Sequence[TableOwner] = (),
        queued: int = 1024,
        connections: int = 8,
        patience: float = 5.0,
    ) -> "Database":
        """Open ``sqlite:///path``, ``sqlite:///:memory:`` or ``postgresql+psycopg://…``.

        *owners* is for databases in memory: their tables are made at once. Others are upgraded with ``upgrade``.
        *repeat* (SQLite only) runs every function twice and raises NotRepeatable where the runs differ. *queued* is
        how many units may wait before Overloaded; *connections* serve PostgreSQL; after *patience* seconds of another
        process's writing, or of a server that does not answer, the database counts as unavailable.
        """
        dialect, target = parse_url(url)
        if dialect == "postgresql":
            if repeat:
                raise UnknownDatabase("expected repeat=False with PostgreSQL: repetition is tested on SQLite")
            from engine.storage.postgresql import PostgresqlBackend  # noqa: PLC0415 - its driver takes a while to load

            return cls(PostgresqlBackend(target, connections=connections, queued=queued, patience=patience))
        backend = SqliteBackend(target, repeat=repeat, limits=WriterLimits(queued=queued, patience=patience))
        if target == MEMORY:
            upgrade_memory(backend.connection, owners)
        backend.start()
        return cls(backend)

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._backend.dialect

    @property
    def trouble(self) -> str | None:
        """Why the database could not be used the last time, or None: what readiness reports."""
        return self._backend.trouble

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """Run *fn* in a transaction and return its result once that is committed.

        Cancelling the wait does not cancel *fn*. Raises StorageUnavailable, Overloaded or OutcomeUnknown, and
        whatever *fn* raises.
        """
        call = Call.of(fn)
        self._backend.submit(call)
        return cast("T", await call.future)  # the future carries what fn returned

    async def read(self, fn: Callable[[Unit], T]) -> T:
        """Run *fn* on a snapshot, without waiting for writers; it cannot write."""
        call = Call.of(fn, writes=False)
        self._backend.submit(call)
        return cast("T", await call.future)  # the future carries what fn returned

    async def listen(self, channel: str, hook: Callable[[], None]) -> Callable[[], None]:
        """Call *hook* on this event loop whenever a unit that notified *channel* is committed; return what stops it.

        On PostgreSQL that includes other processes, and *hook* is also called when a lost connection is back, since
        wake-ups may have been missed. Some may still be: poll as well, seldom.
        """
        return await self._backend.listen(channel, hook)

    async def close(self) -> None:
        """Refuse new units, finish those that wait, and close every connection."""
        await asyncio.to_thread(self._backend.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()


def parse_url(url: str) -> tuple[str, str]:
    """Return the dialect and what its driver is given: a path, or a connection string."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    match parsed.drivername if parsed is not None else "":
        case "sqlite" | "sqlite+pysqlite" if parsed is not None:
            return "sqlite", parsed.database or MEMORY
        case "postgresql" | "postgresql+psycopg" if parsed is not None:
            return "postgresql", parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        case _:
            raise UnknownDatabase(
                "expected a URL that begins with sqlite:/// or postgresql+psycopg://, found another: correct it"
            )

"""SQLite: one writer, and readers that never wait for it."""

import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from engine.storage.errors import Overloaded, StorageUnavailable
from engine.storage.perform import Call, Outcome, compare, perform, settle
from engine.storage.sqlite_link import SqliteLink, open_reader, translate
from engine.storage.sqlite_writer import MEMORY, SqliteWriter, WriterLimits
from engine.storage.statements import Plans
from engine.storage.unit import Unit
from engine.storage.wakeups import Hook, Wakeups


class SqliteBackend:
    """A SQLite file, or a database in memory whose reads go through the writer."""

    dialect = "sqlite"

    def __init__(
        self,
        path: str,
        *,
        repeat: bool,
        limits: WriterLimits,
        readers: int = 4,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._repeat, self._limits = path, repeat, limits
        self._plans, self._wakeups = Plans("sqlite"), Wakeups()
        self._writer = SqliteWriter(
            path, plans=self._plans, wakeups=self._wakeups, repeat=repeat, limits=limits, monotonic=monotonic
        )
        self._threads = ThreadPoolExecutor(readers, thread_name_prefix="sqlite-reader")
        self._idle: queue.SimpleQueue[SqliteLink] = queue.SimpleQueue()
        self._reading = 0
        self._closed = False
        self._lock = threading.Lock()

    @property
    def connection(self) -> sqlite3.Connection:
        """The writer's connection, for setting it up before ``start``."""
        return self._writer.connection

    @property
    def trouble(self) -> str | None:
        """Why the last attempt to store failed, or None."""
        return self._writer.trouble

    def start(self) -> None:
        """Begin to serve."""
        self._writer.start()

    def submit(self, call: Call) -> None:
        """Have *call* run: by the writer, or by a reader."""
        if call.writes or self._path == MEMORY:
            self._writer.submit(call)
            return
        if self._closed:
            raise StorageUnavailable("the database has been closed: open it again")
        if self._reading >= self._limits.queued:
            raise Overloaded(self._limits.queued)
        with self._lock:
            self._reading += 1
        self._threads.submit(self._read, call)

    async def listen(self, channel: str, hook: Hook) -> Hook:
        """Call *hook* after each commit of a unit that notified *channel*."""
        return self._wakeups.add(channel, hook)

    def close(self) -> None:
        """Serve what waits, then end every thread and connection."""
        self._closed = True
        self._threads.shutdown(wait=True)
        self._writer.close()
        while not self._idle.empty():
            self._idle.get().connection.close()

    # the readers' threads

    def _read(self, call: Call) -> None:
        try:
            outcome = self._read_once(call)
        except sqlite3.Error as error:
            outcome = Outcome.failed(translate(error) or error)
        except BaseException as error:  # noqa: BLE001 - whoever waits gets an answer
            outcome = Outcome.failed(error)
        with self._lock:
            self._reading -= 1
        settle([(call, outcome)])

    def _read_once(self, call: Call) -> Outcome:
        link = self._borrow()
        try:
            link.execute("BEGIN", ())
            first, journal = self._perform(call, link)
            if self._repeat:
                second, again = self._perform(call, link)
                first = compare(call.fn, first, second, (journal or [], again or []))
            link.execute("ROLLBACK", ())
        except BaseException:
            link.connection.close()
            raise
        self._idle.put(link)
        return first

    def _perform(self, call: Call, link: SqliteLink) -> tuple[Outcome, list[Any] | None]:
        journal: list[Any] | None = [] if self._repeat else None
        return perform(call.fn, Unit(link, self._plans, self.dialect, journal=journal)), journal

    def _borrow(self) -> SqliteLink:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return SqliteLink(open_reader(self._path), reads_only=True)

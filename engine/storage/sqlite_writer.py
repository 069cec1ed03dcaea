"""SQLite's one writer: a thread that commits once for all that has queued up."""

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.storage.errors import Overloaded, StorageUnavailable
from engine.storage.perform import Call, Outcome, compare, name_of, perform, settle
from engine.storage.sqlite_link import SqliteLink, is_busy, open_writer, translate, until_free
from engine.storage.statements import Plans
from engine.storage.unit import Unit
from engine.storage.wakeups import Wakeups

log = logging.getLogger(__name__)

MEMORY = ":memory:"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterLimits:
    """How much the writer takes on."""

    batch_units: int = 128
    batch_seconds: float = 0.05
    queued: int = 1024
    slow_seconds: float = 0.05
    patience: float = 5.0


class SqliteWriter:
    """Takes calls from any thread, runs each in a savepoint of a shared transaction, commits, and only then answers.

    Where the transaction is lost on the way (a full disk ends it, or COMMIT fails) nothing was answered yet: the
    connection is opened anew and every function of the batch runs once more, alone.
    """

    def __init__(
        self,
        path: str,
        *,
        plans: Plans,
        wakeups: Wakeups,
        repeat: bool,
        limits: WriterLimits,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._plans, self._wakeups, self._repeat, self._limits = path, plans, wakeups, repeat, limits
        self._monotonic = monotonic
        self._queue: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._stopping = False
        self._broken = False
        self.trouble: str | None = None
        try:
            self._link = SqliteLink(open_writer(path, patience=limits.patience))
        except sqlite3.Error as error:
            raise StorageUnavailable(f"expected a SQLite database at {path}, found: {error}") from error
        self._thread = threading.Thread(target=self._serve, name="sqlite-writer", daemon=True)

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for setting it up before the thread starts."""
        return self._link.connection

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def submit(self, call: Call) -> None:
        """Queue *call*, or refuse it at once."""
        with self._lock:  # nothing may queue up behind the end
            if self._closed:
                raise StorageUnavailable("the database has been closed: open it again")
            if self._queue.qsize() >= self._limits.queued:
                raise Overloaded(self._limits.queued)
            self._queue.put(call)

    def close(self) -> None:
        """Refuse new calls, serve those that wait, and end the thread."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    # the thread

    def _serve(self) -> None:
        while not self._stopping:
            call = self._take()
            if call is not None:
                self._serve_safely([call])
            del call  # while nobody wants anything, what the last function knew is not kept
        self._link.connection.close()

    def _serve_safely(self, taken: list[Call]) -> None:
        """Serve the batch that begins with what was *taken*; whatever happens, those who wait get an answer."""
        try:
            self._serve_batch(taken)
        except BaseException as error:
            log.exception("writer_failed")
            self._broken = True
            failed = self._unavailable(error)
            settle([(each, failed) for each in taken])

    def _take(self, *, block: bool = True) -> Call | None:
        """Return the next call, or None at the queue's end (for now, or for good after ``close``)."""
        try:
            call = self._queue.get(block)
        except queue.Empty:
            return None
        self._stopping = self._stopping or call is None
        return call

    def _serve_batch(self, taken: list[Call]) -> None:
        """Run the one call in *taken* and what has queued up behind it, which joins it; commit once and answer."""
        try:
            self._begin()
        except sqlite3.Error as error:
            self._refuse_all(taken, error)
            return
        started = self._monotonic()
        outcomes: list[Outcome] = []
        while len(outcomes) < len(taken):
            outcomes.append(self._attempt(taken[-1]))
            if not self._link.is_open():
                self._run_alone(taken)
                return
            full = len(taken) >= self._limits.batch_units
            late = self._monotonic() - started >= self._limits.batch_seconds
            if not full and not late and (call := self._take(block=False)) is not None:
                taken.append(call)
        try:
            self._link.connection.execute("COMMIT")
        except sqlite3.Error:
            self._run_alone(taken)
        else:
            self._answer(list(zip(taken, outcomes, strict=True)))

    def _run_alone(self, taken: Sequence[Call]) -> None:
        """Run every call of a lost batch again, each in a transaction of its own on a fresh connection."""
        self._broken = True
        for call in taken:
            self._answer([(call, self._alone(call))])

    def _alone(self, call: Call) -> Outcome:
        try:
            self._begin()
            outcome = self._attempt(call)
            if self._link.is_open():
                self._link.connection.execute("COMMIT")
                return outcome
        except sqlite3.Error as error:
            self._broken = True
            refused = translate(error)
            return self._unavailable(error) if refused is None else self._noted(Outcome.failed(refused))
        self._broken = True
        return self._noted(outcome) if outcome.error is not None else self._unavailable("the transaction was lost")

    def _begin(self) -> None:
        if self._broken:
            self._reopen()
        until_free(lambda: self._link.connection.execute("BEGIN IMMEDIATE"), self._limits.patience)

    def _reopen(self) -> None:
        """Leave the broken connection. A database in memory lives in its connection, which is kept and cleaned."""
        if self._path == MEMORY:
            if self._link.is_open():
                self._link.connection.execute("ROLLBACK")
        else:
            self._link.connection.close()
            self._link = SqliteLink(open_writer(self._path, patience=self._limits.patience))
        self._broken = False

    def _attempt(self, call: Call) -> Outcome:
        """Run *call* in a savepoint that stays only if it wrote and succeeded."""
        connection = self._link.connection
        connection.execute("SAVEPOINT unit_whole")
        outcome = self._run_twice(call) if self._repeat else self._run_once(call)
        if self._link.is_open():
            if outcome.error is not None or not call.writes:
                connection.execute("ROLLBACK TO unit_whole")
            connection.execute("RELEASE unit_whole")
        return outcome

    def _run_twice(self, call: Call) -> Outcome:
        """Run *call*, undo it, run it again and compare."""
        journals: tuple[list[object], list[object]] = ([], [])
        first = self._run_once(call, journals[0])
        if not self._link.is_open():
            return first
        self._link.connection.execute("ROLLBACK TO unit_whole")
        return compare(call.fn, first, self._run_once(call, journals[1]), journals)

    def _run_once(self, call: Call, journal: list[object] | None = None) -> Outcome:
        self._link.allow_writes(call.writes)
        started = time.perf_counter()
        outcome = perform(call.fn, Unit(self._link, self._plans, "sqlite", journal=journal))
        self._note_slow(call, time.perf_counter() - started)
        self._link.allow_writes(True)
        return outcome

    def _note_slow(self, call: Call, seconds: float) -> None:
        if seconds > self._limits.slow_seconds:
            log.warning("slow_unit", extra={"unit": name_of(call.fn), "milliseconds": round(seconds * 1000)})

    def _refuse_all(self, taken: list[Call], error: sqlite3.Error) -> None:
        """Answer everybody who waits: none of them would fare better than the first."""
        self._broken = not is_busy(error)
        while (call := self._take(block=False)) is not None:
            taken.append(call)
        refused = self._unavailable(error)
        settle([(call, refused) for call in taken])

    def _unavailable(self, error: object) -> Outcome:
        return self._noted(Outcome.failed(StorageUnavailable(f"SQLite cannot store now: {error}")))

    def _noted(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome.error, StorageUnavailable):
            self.trouble = str(outcome.error)
        return outcome

    def _answer(self, batch: list[tuple[Call, Outcome]]) -> None:
        if not self._broken:
            self.trouble = None
        settle(batch)
        for _, outcome in batch:
            self._wakeups.wake(outcome.channels)

"""PostgreSQL: threads with connections, for many processes at once."""

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg

from engine.storage.errors import OutcomeUnknown, Overloaded, StorageUnavailable
from engine.storage.perform import Call, Outcome, perform, settle
from engine.storage.postgresql_link import PostgresqlLink, TryAgain, connect
from engine.storage.postgresql_listener import Listener
from engine.storage.statements import Plans
from engine.storage.unit import Unit
from engine.storage.wakeups import Hook, Wakeups

TRIES = 5
_PAUSE = 0.005


class PostgresqlBackend:
    """A PostgreSQL database: READ COMMITTED for writing, REPEATABLE READ READ ONLY for reading.

    A unit whose transaction was refused for a conflict with another (serialization failure, deadlock), or whose
    connection broke before COMMIT, is run again, up to five times in all. One whose connection broke in COMMIT is not.
    """

    dialect = "postgresql"

    def __init__(self, target: str, *, connections: int, queued: int, patience: float) -> None:
        self._target, self._queued, self._patience = target, queued, patience
        self._plans, self._wakeups = Plans("postgresql"), Wakeups()
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="postgresql")
        self._idle: queue.LifoQueue[PostgresqlLink] = queue.LifoQueue()
        self._listener = Listener(target, wakeups=self._wakeups, patience=patience)
        self._connections, self._waiting = connections, 0
        self._closed = False
        self._lock = threading.Lock()
        self.trouble: str | None = None

    def submit(self, call: Call) -> None:
        """Have *call* run by one of the threads, or refuse it at once."""
        if self._closed:
            raise StorageUnavailable("the database has been closed: open it again")
        if self._waiting >= self._queued + self._connections:
            raise Overloaded(self._queued)
        with self._lock:
            self._waiting += 1
        self._threads.submit(self._serve, call)

    async def listen(self, channel: str, hook: Hook) -> Hook:
        """Call *hook* on each notification from any process, and after a lost connection."""
        stop = self._wakeups.add(channel, hook)
        await self._listener.start()
        return stop

    def close(self) -> None:
        """Serve what waits, then end every thread and connection."""
        if self._closed:
            return
        self._closed = True
        self._threads.shutdown(wait=True)
        self._listener.close()
        self._forget_idle()

    # the threads

    def _serve(self, call: Call) -> None:
        try:
            outcome = self._try_often(call)
        except BaseException as error:  # noqa: BLE001 - whoever waits gets an answer
            outcome = Outcome.failed(error)
        with self._lock:
            self._waiting -= 1
        if isinstance(outcome.error, StorageUnavailable | OutcomeUnknown):
            self.trouble = str(outcome.error)
        elif outcome.error is None:
            self.trouble = None
        settle([(call, outcome)])

    def _try_often(self, call: Call) -> Outcome:
        for tries in range(1, TRIES):
            outcome = self._try_once(call)
            if not isinstance(outcome.failure, TryAgain):
                return outcome
            time.sleep(_PAUSE * tries)
        outcome = self._try_once(call)
        # The function may have turned the database's error into one of its own: the database's counts.
        return Outcome.failed(outcome.failure) if isinstance(outcome.failure, TryAgain) else outcome

    def _try_once(self, call: Call) -> Outcome:
        link = self._borrow()
        link.prepare(writes=call.writes)
        outcome = perform(call.fn, Unit(link, self._plans, self.dialect))
        if outcome.error is None:
            outcome = self._commit(link, outcome, writes=call.writes)
        else:
            with suppress(psycopg.Error):
                link.rollback()
        self._give_back(link, outcome)
        return outcome

    def _give_back(self, link: PostgresqlLink, outcome: Outcome) -> None:
        if link.connection.closed:
            self._forget_idle()  # what broke one connection has probably broken all
        elif isinstance(outcome.failure, StorageUnavailable) and not isinstance(outcome.failure, TryAgain):
            link.connection.close()  # it may hold what made it fail: plans from before an upgrade, for example
        else:
            self._idle.put(link)

    def _commit(self, link: PostgresqlLink, outcome: Outcome, *, writes: bool) -> Outcome:
        try:
            link.commit()
        except psycopg.Error as error:
            if link.connection.closed and writes:
                return Outcome.failed(OutcomeUnknown(outcome.value))
            failure = link.translate(error)
            with suppress(psycopg.Error):
                link.rollback()
            return Outcome.failed(failure or error, failure)
        return outcome

    def _borrow(self) -> PostgresqlLink:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return PostgresqlLink(connect(self._target, patience=self._patience))

    def _forget_idle(self) -> None:
        while True:
            try:
                self._idle.get_nowait().connection.close()
            except queue.Empty:
                return

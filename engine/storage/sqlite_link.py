"""One connection to a SQLite file, and what its errors mean."""

import sqlite3
import time
from collections.abc import Callable, Sequence

from engine.contracts.errors import FlowError
from engine.storage.errors import ConstraintViolated, StorageUnavailable, UnitMisused, ValueRefused
from engine.storage.unit import Answer

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_KINDS = {"UNIQUE": "unique", "NOT NULL": "not_null", "CHECK": "check", "FOREIGN KEY": "foreign_key"}


# SQLite's own 2 MB hold a few hundred pages: keys are random, and a batch of requests touches more than that. What does
# not fit is read again for each request, and written to the log before its time.
CACHE_KIB = 32 * 1024
# The log is copied into the file at 8 MB, not at 4: pages that many requests have changed are copied once. Not later
# either: a log that still grows costs a commit twice as much as one that is written over, since its length is synced.
CHECKPOINT_PAGES = 2_000


class SqliteLink:
    """A driver's connection with ``isolation_level=None``: only we begin and commit."""

    def __init__(self, connection: sqlite3.Connection, *, reads_only: bool = False) -> None:
        self.connection, self.reads_only = connection, reads_only

    def execute(self, text: str, values: Sequence[object]) -> Answer:
        """Run one statement."""
        cursor = self.connection.execute(text, values)
        columns = cursor.description
        if columns is None:
            return Answer(cursor.rowcount, None, ())
        rows = cursor.fetchall()
        return Answer(len(rows), columns, rows)

    def execute_many(self, text: str, values: Sequence[Sequence[object]]) -> int:
        """Run one statement for each of *values*."""
        return self.connection.executemany(text, values).rowcount

    def allow_writes(self, allowed: bool) -> None:
        """Allow or forbid writing from now on."""
        if self.reads_only == allowed:
            self.connection.execute(f"PRAGMA query_only = {'OFF' if allowed else 'ON'}")
            self.reads_only = not allowed

    def is_open(self) -> bool:
        """Return whether a transaction is open: SQLite ends it by itself on a full disk."""
        return self.connection.in_transaction

    def translate(self, error: Exception) -> FlowError | None:
        """Return the storage's name for *error*."""
        return translate(error, reads_only=self.reads_only)


def translate(error: Exception, *, reads_only: bool = False) -> FlowError | None:
    """Return the storage's name for SQLite's *error*; its messages name tables and columns, never values."""
    match error:
        case sqlite3.IntegrityError():
            kind, _, name = str(error).partition(" constraint failed")
            return ConstraintViolated(_KINDS.get(kind, "integrity"), name.removeprefix(": "))
        case OverflowError() | UnicodeEncodeError():
            return ValueRefused("expected a 64-bit integer or a text in Unicode, found one that cannot be encoded")
        case sqlite3.OperationalError() if reads_only and error.sqlite_errorcode == sqlite3.SQLITE_READONLY:
            return UnitMisused("expected a function that only reads, found one that writes: use run()")
        case sqlite3.OperationalError() if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            return UnitMisused(f"SQLite refused the statement: {error}")
        case sqlite3.Error():
            return StorageUnavailable(f"SQLite cannot go on: {error}")
        case _:
            return None


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether *error* only says that another process is writing."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY


def open_writer(path: str, *, patience: float) -> sqlite3.Connection:
    """Return a connection that writes: WAL, full synchronisation, no waiting inside the driver."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0, cached_statements=512)
    try:
        until_free(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchone(), patience)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA busy_timeout = 0")
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: str) -> sqlite3.Connection:
    """Return a connection that cannot write."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5, cached_statements=256)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
    except BaseException:
        connection.close()
        raise
    return connection


def until_free(act: Callable[[], object], patience: float) -> None:
    """Do *act*, again after half a millisecond while another process writes, for *patience* seconds at most.

    The driver's own waiting sleeps longer each time, and then one of two busy processes starves for seconds.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            act()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= deadline:
                raise
            time.sleep(0.0005)
        else:
            return

"""One connection to PostgreSQL, and what its errors mean."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from engine.contracts.errors import FlowError
from engine.storage.errors import ConstraintViolated, StorageUnavailable, UnitMisused, ValueRefused
from engine.storage.postgresql_wire import Wire
from engine.storage.unit import Answer

_KINDS: dict[type[psycopg.Error], str] = {
    pg.UniqueViolation: "unique",
    pg.NotNullViolation: "not_null",
    pg.CheckViolation: "check",
    pg.ForeignKeyViolation: "foreign_key",
}
# A server that stops answering must not hold a thread for ever.
_OPTIONS = "-c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000"
_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_IN_TRANSACTION = (TransactionStatus.INTRANS, TransactionStatus.INERROR)


class TryAgain(StorageUnavailable):
    """Nothing was stored, for a reason that may be gone at once: a conflict, or a connection that broke."""


class PostgresqlLink:
    """A driver's connection; BEGIN is sent before the first statement."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection, self._wire = connection, Wire(connection.pgconn)
        self._begun, self._begin = False, _WRITING

    def prepare(self, *, writes: bool) -> None:
        """Set the kind of the next transaction."""
        self._begun, self._begin = False, _WRITING if writes else _READING

    def commit(self) -> None:
        """Commit what was done, if anything was."""
        if self._begun:
            self._wire.control("COMMIT")

    def rollback(self) -> None:
        """Undo what was done, if the transaction is still there."""
        if self.connection.info.transaction_status in _IN_TRANSACTION:
            self._wire.control("ROLLBACK")

    def execute(self, text: str, values: Sequence[object]) -> Answer:
        """Run one statement."""
        self._ensure_begun()
        return self._wire.run(text, values)

    def execute_many(self, text: str, values: Sequence[Sequence[object]]) -> int:
        """Run one statement for each of *values*."""
        self._ensure_begun()
        cursor = self.connection.cursor()
        cursor.executemany(text.encode(), values)
        return cursor.rowcount

    def _ensure_begun(self) -> None:
        if not self._begun:
            self._begun = True
            self._wire.control(self._begin)

    def is_open(self) -> bool:
        """Return whether the transaction is there, or not yet begun."""
        if self.connection.closed:
            return False
        return not self._begun or self.connection.info.transaction_status in _IN_TRANSACTION

    def translate(self, error: Exception) -> FlowError | None:
        """Return the storage's name for *error*."""
        return translate(error, lost=self.connection.closed)


def translate(error: Exception, *, lost: bool = False) -> FlowError | None:  # noqa: PLR0911 - one line a kind
    """Return the storage's name for *error*. PostgreSQL's messages hold values: those that may are left out."""
    match error:
        case pg.SerializationFailure() | pg.DeadlockDetected():
            return TryAgain("other transactions were in the way five times: try again later")
        case psycopg.IntegrityError():
            name = error.diag.constraint_name or f"{error.diag.table_name}.{error.diag.column_name}"
            return ConstraintViolated(_KINDS.get(type(error), "integrity"), name)
        case psycopg.DataError() | OverflowError() | UnicodeEncodeError():
            return ValueRefused("expected a 64-bit integer or a text in Unicode, found one that cannot be stored")
        case pg.ReadOnlySqlTransaction():
            return UnitMisused("expected a function that only reads, found one that writes: use run()")
        case psycopg.ProgrammingError():
            return UnitMisused(f"PostgreSQL refused the statement: {error.diag.message_primary or error}")
        case psycopg.Error() if lost:
            return TryAgain("the connection to PostgreSQL was lost: nothing of the unit was stored")
        case psycopg.Error():
            reason = error.diag.message_primary or type(error).__name__
            return StorageUnavailable(f"PostgreSQL cannot go on: {reason}")
        case _:
            return None


def connect(target: str, *, patience: float, autocommit: bool = False) -> psycopg.Connection[Any]:
    """Return a new connection, or raise StorageUnavailable; the message names no password."""
    given = conninfo_to_dict(target)
    defaults: dict[str, Any] = {
        "connect_timeout": max(2, round(patience)),
        "options": _OPTIONS,
        "client_encoding": "UTF8",
        "application_name": "lockhouse",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    try:
        # We prepare statements ourselves: the driver may not forget them for us.
        return psycopg.connect(**{**defaults, **given}, autocommit=autocommit, prepare_threshold=None)
    except psycopg.OperationalError as error:
        raise StorageUnavailable(f"PostgreSQL does not take connections: {str(error).strip()}") from None

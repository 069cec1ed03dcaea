"""What a unit function is given: statements and savepoints, and nothing that commits."""

import hashlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeVar, cast

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.sql import Executable

from engine.contracts.errors import FlowError, TransientError
from engine.storage.errors import UnitMisused
from engine.storage.statements import Plans

T = TypeVar("T")

_LOCK = select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger)))
_NOTIFY = select(func.pg_notify(bindparam("channel"), bindparam("payload")))
WIRE_CHANNEL = "lockhouse"


class Answer(NamedTuple):
    """What a driver returned."""

    rowcount: int
    columns: Sequence[Sequence[Any]] | None
    """As the driver describes them, names first; None where the statement gives no rows."""
    rows: Sequence[Sequence[Any]]


class Link(Protocol):
    """A driver's connection inside one transaction."""

    def execute(self, text: str, values: Sequence[Any]) -> Answer:
        """Run one statement."""
        ...

    def execute_many(self, text: str, values: Sequence[Sequence[Any]]) -> int:
        """Run one statement for each of *values* and return the number of rows changed."""
        ...

    def is_open(self) -> bool:
        """Return whether the driver is still in the transaction that it was given for."""
        ...

    def translate(self, error: Exception) -> FlowError | None:
        """Return the storage's name for a driver's *error*, or None for an error that is not the driver's."""
        ...


class Result:
    """The rows of one statement as named tuples, all fetched, and the number of rows it changed."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self._rows, self.rowcount = rows, rowcount

    def all(self) -> list[Any]:
        """Return every row."""
        return self._rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def first(self) -> Any | None:
        """Return the first row, or None."""
        return self._rows[0] if self._rows else None

    def one(self) -> Any:
        """Return the only row; raise UnitMisused where there is none, or there are more."""
        if len(self._rows) != 1:
            raise UnitMisused(f"expected one row, found {len(self._rows)}: use first() where there may be none")
        return self._rows[0]

    def scalar(self) -> Any | None:
        """Return the first column of the first row, or None."""
        return self._rows[0][0] if self._rows else None

    def scalars(self) -> list[Any]:
        """Return the first column of every row."""
        return [row[0] for row in self._rows]


class Unit:
    """One transaction, or one savepoint of a shared one, for one unit function.

    After an error of the database it refuses every statement until the savepoint around the failed one has been left,
    on both databases alike. Nothing here begins, commits or rolls back the whole.
    """

    __slots__ = (
        "_depth",
        "_ended",
        "_failure",
        "_link",
        "_plans",
        "_read",
        "_unsent",
        "channels",
        "dialect",
        "hooks",
        "journal",
    )

    def __init__(self, link: Link, plans: Plans, dialect: str, *, journal: list[Any] | None = None) -> None:
        self._link, self._plans, self.dialect, self.journal = link, plans, dialect, journal
        self._failure: FlowError | None = None
        self._depth = 0
        self._read: dict[Hashable, Any] = {}
        self._unsent: list[str] = []  # savepoints in which nothing has been done yet
        self._ended = False
        self.hooks: list[Callable[[], None]] = []
        self.channels: list[str] = []

    def execute(
        self, statement: Executable, params: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> Result:
        """Run *statement* once with one mapping, or once for each of several; several give no rows."""
        self._refuse_if_over()
        if params is None:
            params = {}
        if not isinstance(params, Mapping):
            return self._execute_many(statement, params)
        plan = self._plans.find(statement, params)
        text, values = plan.bind(params)
        if self._unsent:
            self._send_savepoints()
        if self.journal is not None:
            self.journal.append((text, values))
        try:
            rowcount, columns, rows = self._link.execute(text, values)
        except Exception as error:  # noqa: BLE001 - the link knows which errors are the driver's
            raise self._failed(error) from None
        if columns is None:
            return Result([], rowcount)
        return Result(list(map(plan.row_maker(columns), rows)) if rows else [], rowcount)

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo what is done inside where an exception leaves it, a database's error too; the exception goes on.

        Hooks and notifications asked for inside are then forgotten. One in which no statement runs costs none.
        """
        return _Savepoint(self)

    def lock(self, *name: str) -> None:
        """Wait until no other unit holds *name*, and hold it until this one ends. No row need be there for it.

        On SQLite there is nothing to wait for: one unit writes at a time, in whatever process.
        """
        self._refuse_if_over()
        if self.dialect == "postgresql":
            digest = hashlib.sha256("\0".join(name).encode()).digest()
            self.execute(_LOCK, {"number": int.from_bytes(digest[:8], "big", signed=True)})

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return what *read* found the first time that it was asked for under *key* in this unit.

        For what several parts of a unit read and open. Whoever writes it in the same unit calls ``forget``.
        """
        if key not in self._read:
            self._read[key] = read()
        return cast("T", self._read[key])

    def forget(self, key: Hashable) -> None:
        """Have what ``once`` holds under *key* read again."""
        self._read.pop(key, None)

    def after_commit(self, hook: Callable[[], None]) -> None:
        """Have *hook* called on the caller's event loop once the unit is committed, also if the caller has gone.

        It is called before the caller goes on; it must be quick, and what it raises is logged and forgotten.
        """
        self._refuse_if_over()
        self.hooks.append(hook)

    def notify(self, channel: str) -> None:
        """Wake whoever listens on *channel*, in this process or another, once the unit is committed.

        A wake-up can be lost (a process starts, a connection breaks): those who listen also look now and then.
        """
        self._refuse_if_over()
        if channel in self.channels:
            return
        if self.dialect == "postgresql":
            self.execute(_NOTIFY, {"channel": WIRE_CHANNEL, "payload": channel})
        self.channels.append(channel)

    def end(self) -> None:
        """Make the unit unusable: its function has returned. Called by the database."""
        self._ended = True

    @property
    def failure(self) -> FlowError | None:
        """The database's error that ended this unit, also if its function kept silent about it."""
        return self._failure

    def _open_savepoint(self) -> str:
        """Open a savepoint, which the database hears of with its first statement; return its name."""
        self._refuse_if_over()
        self._depth += 1
        name = f"unit_{self._depth}"
        self._unsent.append(name)
        return name

    def _keep_savepoint(self, name: str) -> None:
        """Leave the savepoint with what was done inside."""
        if not self._was_unsent(name):
            self._control(f"RELEASE SAVEPOINT {name}")

    def _undo_savepoint(self, name: str) -> None:
        """Leave the savepoint without what was done inside."""
        if self._was_unsent(name):
            return
        # What ends the transaction ends the unit: a conflict, a lost connection, a full disk.
        if self._link.is_open() and not isinstance(self._failure, TransientError):
            self._failure = None
            self._control(f"ROLLBACK TO SAVEPOINT {name}")
            self._control(f"RELEASE SAVEPOINT {name}")
        elif self._failure is not None:
            raise self._failure from None  # whatever the function inside made of it

    def _close_savepoint(self) -> None:
        """Count one savepoint less."""
        self._depth -= 1

    def _was_unsent(self, savepoint: str) -> bool:
        """Forget *savepoint* if the database has never heard of it; return whether that is so."""
        if self._unsent and self._unsent[-1] == savepoint:
            self._unsent.pop()
            return True
        return False

    def _send_savepoints(self) -> None:
        """Begin the savepoints around a statement that is about to run, outer ones first."""
        while self._unsent:
            self._control(f"SAVEPOINT {self._unsent[0]}")
            del self._unsent[0]

    def _execute_many(self, statement: Executable, params: Sequence[Mapping[str, Any]]) -> Result:
        if not params:
            return Result([], 0)
        plan = self._plans.find(statement, params[0])
        bound = [plan.bind(each) for each in params]
        if self._unsent:
            self._send_savepoints()
        if self.journal is not None:
            self.journal.extend(bound)
        try:
            if plan.expand is None:
                return Result([], self._link.execute_many(plan.text, [values for _, values in bound]))
            return Result([], sum(self._link.execute(text, values).rowcount for text, values in bound))
        except Exception as error:  # noqa: BLE001 - the link knows which errors are the driver's
            raise self._failed(error) from None

    def _control(self, text: str) -> None:
        try:
            self._link.execute(text, ())
        except Exception as error:  # noqa: BLE001 - the link knows which errors are the driver's
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> BaseException:
        """Note that the transaction is spoilt, and return what to raise.

        The driver's exception is left out of the traceback: PostgreSQL's carries the values of the row.
        """
        ours = self._link.translate(error)
        if ours is None:
            return error
        self._failure = ours
        return ours

    def _refuse_if_over(self) -> None:
        if self._ended:
            raise UnitMisused("expected a unit whose function still runs, found one kept after it: use a new unit")
        if self._failure is not None:
            raise UnitMisused(
                f"an earlier statement failed ({self._failure.code}): let its error pass, or use savepoint()"
            ) from self._failure


class _Savepoint:
    """One savepoint of a unit. A class, since a generator costs three times as much for each task and each end."""

    __slots__ = ("_before", "_name", "_unit")

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def __enter__(self) -> None:
        self._name = self._unit._open_savepoint()  # noqa: SLF001 - the unit's own part
        self._before = len(self._unit.hooks), len(self._unit.channels)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            if error is None:
                self._keep()
            else:
                self._undo()
        finally:
            self._unit._close_savepoint()  # noqa: SLF001 - the same

    def _keep(self) -> None:
        try:
            if (failure := self._unit.failure) is not None:
                raise failure  # noqa: TRY301 - undone like any other error
            self._unit._keep_savepoint(self._name)  # noqa: SLF001 - the same
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        hooks, channels = self._before
        del self._unit.hooks[hooks:], self._unit.channels[channels:]
        self._unit._undo_savepoint(self._name)  # noqa: SLF001 - the same

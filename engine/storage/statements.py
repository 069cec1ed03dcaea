"""Statements, compiled once per dialect and then run as text on the driver."""

import threading
import weakref
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement, Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.ddl import ExecutableDDLElement
from sqlalchemy.sql.dml import Insert, ReturningInsert, Update
from sqlalchemy.sql.elements import TextClause

from engine.storage.errors import UnitMisused, ValueRefused

_NOT_FOR_UNITS = frozenset(
    "abort attach begin commit detach end pragma prepare reindex release rollback savepoint set start vacuum".split()  # noqa: SIM905 - reads better than fifteen quoted words
)

_KEPT_AS_THEY_ARE = frozenset({int, bytes, str, type(None)})
_MOST_TEXTS = 64


def insert_or_ignore(table: Table, *returning: ColumnElement[Any]) -> ReturningInsert[Any]:
    """Return an INSERT into *table* that does nothing where a unique constraint stands in the way.

    It returns *returning* (by default the primary key) for a row that was stored and nothing for one that was not:
    judge by ``result.first() is not None``, never by ``rowcount``. One statement serves both databases.
    """
    # SQLite's compiler reads PostgreSQL's ON CONFLICT clause; the two dialects' own constructs differ in class only.
    return postgresql.insert(table).on_conflict_do_nothing().returning(*(returning or tuple(table.primary_key)))


def dialect_of(name: str) -> Dialect:
    """Return the SQLAlchemy dialect *name*, set to positional parameters."""
    if name == "sqlite":
        return SQLiteDialect_pysqlite(paramstyle="qmark")
    return PGDialect_psycopg(paramstyle="format")  # type: ignore[no-untyped-call] # SQLAlchemy types no dialect


@dataclass(slots=True, eq=False)
class Plan:
    """One statement as one driver runs it."""

    text: str
    names: tuple[str, ...]
    defaults: Mapping[str, Any]
    expand: Callable[[Mapping[str, Any]], tuple[str, tuple[Any, ...]]] | None = None
    _make_row: Callable[[Sequence[Any]], Any] | None = None
    _take: Callable[[Mapping[str, Any]], tuple[Any, ...]] | None = field(init=False)

    def __post_init__(self) -> None:
        # In one go where there are several values and all of them have to be given.
        self._take = itemgetter(*self.names) if len(self.names) > 1 and not self.defaults else None

    def bind(self, params: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        """Return the text and the values in its order."""
        if self.expand is not None:
            return self.expand(params)
        defaults = self.defaults
        try:
            if self._take is not None:
                values = self._take(params)
            else:
                values = tuple([params[name] if name in params else defaults[name] for name in self.names])
        except KeyError as missing:
            raise _lacks(missing.args[0]) from None
        check_all(values)
        return self.text, values

    def row_maker(self, columns: Sequence[Sequence[Any]]) -> Callable[[Sequence[Any]], Any]:
        """Return what makes a named tuple of a row; *columns* are looked at once: a statement names its own."""
        maker = self._make_row
        if maker is None:
            names = [column[0] for column in columns]
            row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc] # noqa: PYI024 - named at run time
            maker = self._make_row = row._make
        return maker


def check_all(values: Sequence[Any]) -> None:
    """Refuse what ``check`` refuses, at once for the types that nearly all values have."""
    texts = [value for value in values if value.__class__ is str]
    if "\0" in "".join(texts) or not _KEPT_AS_THEY_ARE.issuperset(map(type, values)):
        for value in values:
            check(value)


def check(value: Any) -> None:
    """Refuse what one of the databases, or both, could not keep."""
    if isinstance(value, str):
        if "\0" in value:
            raise ValueRefused("expected a text without NUL, found one with it: refuse such input where it arrives")
    elif (value is not None and not isinstance(value, int | bytes)) or isinstance(value, bool):
        raise ValueRefused(
            f"expected str, int, bytes or None, found {type(value).__name__}: store times with to_micros, "
            "flags as 0 or 1, JSON as text"
        )


class Plans:
    """The plans of one database, found by the statement object: statements are constants of their modules."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect_of(dialect)
        self._plans: weakref.WeakKeyDictionary[Executable, dict[tuple[str, ...] | None, Plan]] = (
            weakref.WeakKeyDictionary()
        )
        self._lock = threading.Lock()

    def find(self, statement: Executable, params: Mapping[str, Any]) -> Plan:
        """Return the plan of *statement*. An INSERT or UPDATE without ``values`` takes its columns from *params*."""
        keys = tuple(params) if isinstance(statement, Insert | Update) else None
        if not isinstance(statement, Executable):
            raise UnitMisused(f"expected a SQLAlchemy statement, found {type(statement).__name__}: use text() for SQL")
        known = self._plans.get(statement)
        if known is not None and keys in known:
            return known[keys]
        with self._lock:
            plan = self._compile(statement, keys)
            self._plans.setdefault(statement, {})[keys] = plan
        return plan

    def _compile(self, statement: Executable, keys: tuple[str, ...] | None) -> Plan:
        if isinstance(statement, ExecutableDDLElement):
            raise UnitMisused("expected a statement on rows, found one on the schema: that belongs into a migration")
        compiled = cast("ClauseElement", statement).compile(  # every executable that is not DDL is a clause
            dialect=self._dialect, column_keys=sorted(keys) if keys else None
        )
        assert isinstance(compiled, SQLCompiler), "only DDL has another compiler"  # noqa: S101 - narrows the type
        if isinstance(statement, TextClause):
            _check_text(compiled.string)
        names = tuple(compiled.positiontup or ())
        required = {name for bind, name in compiled.bind_names.items() if bind.required}
        given = {} if not compiled.binds else compiled.construct_params(_check=False)
        defaults = {name: value for name, value in given.items() if name not in required}
        expand = _expander(compiled, defaults) if compiled.post_compile_params else None
        return Plan(compiled.string, names, defaults, expand)


def _expander(
    compiled: SQLCompiler, defaults: Mapping[str, Any]
) -> Callable[[Mapping[str, Any]], tuple[str, tuple[Any, ...]]]:
    """Return how to bind a statement whose text depends on its values: ``IN`` over a list.

    The text depends on the lists' lengths alone, so that each text is made once.
    """
    names = tuple(compiled.bind_names.values())
    texts: dict[tuple[int, ...], tuple[str, tuple[tuple[str, int | None], ...]]] = {}

    def expand(params: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        known = {}
        for name in names:
            if name not in params and name not in defaults:
                raise _lacks(name)
            known[name] = params[name] if name in params else defaults[name]
        lengths = tuple([len(value) if isinstance(value, list | tuple) else -1 for value in known.values()])
        if lengths not in texts:
            if len(texts) >= _MOST_TEXTS:
                texts.clear()
            texts[lengths] = _expanded(compiled, known)
        text, places = texts[lengths]
        values = tuple([known[name] if at is None else known[name][at] for name, at in places])
        check_all(values)
        return text, values

    return expand


def _expanded(compiled: SQLCompiler, known: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, int | None], ...]]:
    """Return the text for lists as long as those in *known*, and where each of its values comes from."""
    state = compiled.construct_expanded_state(dict(known))
    parts = {
        part: (name, at) for name, expanded in state.parameter_expansion.items() for at, part in enumerate(expanded)
    }
    if any(at >= len(known[name]) for name, at in parts.values()):
        raise UnitMisused("expected lists of single values, found one of tuples: name each column's list apart")
    return state.statement, tuple(parts.get(name, (name, None)) for name in state.positiontup or ())


def _lacks(name: str) -> UnitMisused:
    return UnitMisused(f"expected a value for the parameter '{name}', found none: pass it to execute()")


def _check_text(text: str) -> None:
    """Refuse SQL that would take the transaction out of the database's hands."""
    words = text.split(None, 1)
    if not words or words[0].lower() in _NOT_FOR_UNITS or ";" in text.rstrip("; \n"):
        raise UnitMisused(
            "expected one statement on rows, found one that controls the transaction or the connection, or several: "
            "a unit cannot commit, roll back or begin; use savepoint()"
        )

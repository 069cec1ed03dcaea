"""Values on their way to PostgreSQL and back, through libpq's own functions.

psycopg's cursors adapt any type of Python's and any of PostgreSQL's. A unit knows four types, and runs the same
statements over and over: prepared once, each then costs a fifth of what a cursor costs (docs/decisions/0013).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from psycopg import errors
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from engine.storage.errors import UnitMisused
from engine.storage.unit import Answer

# Each list of another length in an IN (…) makes a text of its own.
_MOST: Final = 500
_PLACE: Final = re.compile("%([%s])")
_FINE: Final = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "big", signed=True)


def _nothing(_raw: bytes) -> None:
    return None


# By the number that PostgreSQL's catalogue gives to a type (pg_type.dat), as it sends that type in its binary form.
_READERS: Final[Mapping[int, Callable[[bytes], Any]]] = {
    16: lambda raw: raw == b"\x01",  # bool
    17: bytes,  # bytea
    19: bytes.decode,  # name
    20: _number,  # int8
    21: _number,  # int2
    23: _number,  # int4
    25: bytes.decode,  # text
    1043: bytes.decode,  # varchar
    2278: _nothing,  # void
}


class Wire:
    """The statements of one connection, each prepared when it is first run."""

    def __init__(self, pgconn: PGconn) -> None:
        self._pgconn = pgconn
        self._prepared: dict[str, bytes] = {}
        self._readers: dict[str, list[Callable[[bytes], Any]]] = {}

    def control(self, text: str) -> None:
        """Run a statement without values or rows: BEGIN, COMMIT, a savepoint."""
        _checked(self._pgconn.exec_(text.encode()))

    def run(self, text: str, values: Sequence[object]) -> Answer:
        """Run *text*, with its places written ``%s``."""
        name = self._prepared.get(text) or self._prepare(text)
        sent: list[Any] = [_sent(value) for value in values]  # None is NULL; the stub does not know it
        formats = [Format.BINARY if type(value) is bytes else Format.TEXT for value in values]
        result = _checked(self._pgconn.exec_prepared(name, sent, formats, Format.BINARY))
        if result.status != ExecStatus.TUPLES_OK:
            return Answer(result.command_tuples or 0, None, ())
        rows = self._rows(text, result)
        return Answer(len(rows), _Columns(result), rows)

    def _prepare(self, text: str) -> bytes:
        if len(self._prepared) >= _MOST:
            self.control("DEALLOCATE ALL")
            self._prepared.clear()
            self._readers.clear()
        name = f"lockhouse_{len(self._prepared)}".encode()
        _checked(self._pgconn.prepare(name, _numbered(text).encode()))
        self._prepared[text] = name
        return name

    def _rows(self, text: str, result: PGresult) -> list[list[Any]]:
        readers = self._readers.get(text)
        if readers is None:
            readers = self._readers[text] = [_reader(result, column) for column in range(result.nfields)]
        get, columns = result.get_value, list(enumerate(readers))
        return [
            [None if (raw := get(row, column)) is None else read(raw) for column, read in columns]
            for row in range(result.ntuples)
        ]


class _Columns(Sequence[tuple[str]]):
    """The names of a result's columns, read where somebody asks."""

    def __init__(self, result: PGresult) -> None:
        self._result = result

    def __len__(self) -> int:
        return self._result.nfields

    def __getitem__(self, index: Any) -> Any:
        if index >= len(self):
            raise IndexError(index)
        return ((self._result.fname(index) or b"").decode(),)


def _reader(result: PGresult, column: int) -> Callable[[bytes], Any]:
    reader = _READERS.get(result.ftype(column))
    if reader is None:
        name = (result.fname(column) or b"?").decode()
        raise UnitMisused(
            f"expected columns of texts, whole numbers, bytes or booleans, found another type in '{name}': cast it"
        )
    return reader


def _checked(result: PGresult) -> PGresult:
    if result.status not in _FINE:
        raise errors.error_from_result(result)
    return result


def _sent(value: object) -> bytes | None:
    if value is None or type(value) is bytes:
        return value
    return str(value).encode()


def _numbered(text: str) -> str:
    """Return *text* with PostgreSQL's own places.

    >>> _numbered("SELECT %s %% %s")
    'SELECT $1 % $2'
    """
    count = 0

    def place(found: re.Match[str]) -> str:
        nonlocal count
        if found[1] == "%":
            return "%"
        count += 1
        return f"${count}"

    return _PLACE.sub(place, text)

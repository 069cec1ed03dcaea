"""Moments in the database: microseconds since 1970 in UTC, as BIGINT."""

from datetime import UTC, datetime, timedelta
from typing import Any, overload

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@overload
def to_micros(moment: datetime) -> int: ...
@overload
def to_micros(moment: None) -> None: ...
def to_micros(moment: datetime | None) -> int | None:
    """Return *moment* as it is stored. It must be aware; ``None`` stays ``None``.

    >>> to_micros(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("expected an aware datetime, found one without a time zone: use datetime(..., tzinfo=UTC)")
    return (moment - _EPOCH) // _MICROSECOND


@overload
def from_micros(micros: int) -> datetime: ...
@overload
def from_micros(micros: None) -> None: ...
def from_micros(micros: int | None) -> datetime | None:
    """Return the stored *micros* as an aware datetime in UTC; ``None`` stays ``None``.

    >>> from_micros(1_000_000)
    datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=datetime.timezone.utc)
    """
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)


def span_micros(span: timedelta) -> int:
    """Return *span* in microseconds."""
    return span // _MICROSECOND


class database_now(FunctionElement[int]):  # noqa: N801 - read as an SQL function
    """The database's own clock, in microseconds: what leases are compared with, so that processes need not agree."""

    type = BigInteger()
    inherit_cache = True


@compiles(database_now, "sqlite")
def _on_sqlite(_element: database_now, _compiler: Any, **_options: Any) -> str:
    # SQLite 3.40 has no unixepoch('subsec'); julianday counts milliseconds.
    return "CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000"


@compiles(database_now, "postgresql")
def _on_postgresql(_element: database_now, _compiler: Any, **_options: Any) -> str:
    # clock_timestamp, not now(): a transaction that waited for a row lock must not see the time before the wait.
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"

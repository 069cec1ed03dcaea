"""Claiming due rows by any of many processes: one statement, on both databases."""

from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Table, Update, bindparam, or_, select, update

from engine.storage.times import database_now


def lease_end(name: str = "lease") -> ColumnElement[int]:
    """Return the end of a lease that begins now by the database's clock and lasts the parameter *name*."""
    return database_now() + bindparam(name, type_=BigInteger)


def is_free(table: Table) -> ColumnElement[bool]:
    """Return the condition that nobody holds a lease on a row of *table*."""
    return or_(table.c.lease_until.is_(None), table.c.lease_until <= database_now())


def claim(table: Table, *due: ColumnElement[bool], order: ColumnElement[Any], also: dict[str, Any]) -> Any:
    """Return an UPDATE that leases up to ``limit`` rows of *table* that are *due* and passes over locked ones.

    Its parameters are ``limit`` and ``lease`` (microseconds) and those of *due*; it returns the rows as they are then.
    """
    # A common table expression with FOR UPDATE is run once; a plain subquery with LIMIT may be run again per row.
    chosen = (
        select(table.c.id)
        .where(*due)
        .order_by(order)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    statement: Update = update(table).where(table.c.id.in_(select(chosen.c.id)))
    return statement.values(lease_until=lease_end(), lease_epoch=table.c.lease_epoch + 1, **also).returning(*table.c)


def backoff(
    attempt: int,
    *,
    jitter: float,
    first: timedelta = timedelta(seconds=2),
    cap: timedelta = timedelta(minutes=5),
) -> timedelta:
    """Return how long to wait after failed try number *attempt* (from 1): doubling, capped, spread by *jitter*.

    *jitter* is in [0, 1) and comes from the caller; half of the wait depends on it, so that many rows that failed
    together do not come back together.

    >>> backoff(3, jitter=0.0)
    datetime.timedelta(seconds=4)
    >>> backoff(99, jitter=0.999) < timedelta(minutes=5)
    True
    """
    whole = min(first * int(2 ** min(attempt - 1, 32)), cap)
    return whole / 2 + whole / 2 * jitter

"""Which trace an execution began in, so that what happens days later can refer to it. Only where somebody traces."""

from datetime import datetime

from sqlalchemy import bindparam, select

from engine.storage.forgetting import is_left, older
from engine.storage.statements import insert_or_ignore
from engine.storage.tables import traces as table
from engine.storage.times import to_micros
from engine.storage.unit import Unit

_PUT = insert_or_ignore(table)
_GET = select(table.c.carrier).where(table.c.execution == bindparam("execution"))
_FORGET = older(table, table.c.created_at, is_left(table))


class Traces:
    """What may be done to the rows."""

    def first(self, unit: Unit, *, execution: str, carrier: str, now: datetime) -> str:
        """Return the carrier that was stored first for *execution*: this one, where there was none."""
        row = {"execution": execution, "carrier": carrier, "created_at": to_micros(now)}
        if unit.execute(_PUT, row).first() is not None:
            return carrier
        found: str | None = unit.execute(_GET, {"execution": execution}).scalar()
        return carrier if found is None else found

    def forget(self, unit: Unit, *, before: datetime, limit: int) -> int:
        """Delete up to *limit* rows from before *before* whose executions are forgotten; return how many."""
        return unit.execute(_FORGET, {"before": to_micros(before), "limit": limit}).rowcount

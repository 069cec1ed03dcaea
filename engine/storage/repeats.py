"""Calls with an Idempotency-Key that were accepted: by them a repetition is told from a new call."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, select

from engine.storage.forgetting import older
from engine.storage.statements import insert_or_ignore
from engine.storage.tables import repeats as table
from engine.storage.times import to_micros
from engine.storage.unit import Unit

_PUT = insert_or_ignore(table)
_FIND = select(table.c.body, table.c.execution).where(table.c.name == bindparam("name"))
_FORGET = older(table, table.c.recorded_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: ``name`` is a keyed hash of what it was for and its key, ``body`` one of what it said."""

    name: bytes = field(repr=False)
    body: bytes = field(repr=False)
    execution: str


class Repeats:
    """What may be done to the rows."""

    def find(self, unit: Unit, name: bytes) -> Call | None:
        """Return the call that was accepted under *name*, or None."""
        row = unit.execute(_FIND, {"name": name}).first()
        return None if row is None else Call(name=name, body=row.body, execution=row.execution)

    def put(self, unit: Unit, call: Call, *, now: datetime) -> bool:
        """Remember *call*; return False where another one has its name. One that is being stored is waited for."""
        row = {"name": call.name, "body": call.body, "execution": call.execution, "recorded_at": to_micros(now)}
        return unit.execute(_PUT, row).first() is not None

    def forget(self, unit: Unit, *, before: datetime, limit: int) -> int:
        """Delete up to *limit* calls from before *before*; return how many."""
        return unit.execute(_FORGET, {"before": to_micros(before), "limit": limit}).rowcount

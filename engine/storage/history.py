"""What happened to an execution: one sealed entry for each revision, kept for a time."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from engine.storage.forgetting import older
from engine.storage.sealing import Keyring, Place
from engine.storage.tables import history as table
from engine.storage.times import from_micros, to_micros
from engine.storage.unit import Unit

_INSERT = insert(table)
_READ = select(table).where(table.c.execution == bindparam("execution")).order_by(table.c.revision)
_FIND = select(table.c.entry).where(
    table.c.execution == bindparam("execution"), table.c.revision == bindparam("revision")
)
_FORGET = older(table, table.c.recorded_at)
_FORGET_ALL = delete(table).where(table.c.execution == bindparam("execution"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """What one revision of an execution was about."""

    revision: int
    recorded_at: datetime
    entry: bytes = field(repr=False)


class History:
    """What may be done to the rows, with the keys that they are sealed under."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def append(self, unit: Unit, *, execution: str, revision: int, at: datetime, entry: bytes) -> bytes:
        """Store the one entry of *revision* and return it as it was sealed; a second one raises ConstraintViolated."""
        sealed = self._keyring.seal(_place(execution, revision), entry)
        row = {"execution": execution, "revision": revision, "recorded_at": to_micros(at), "entry": sealed}
        unit.execute(_INSERT, row)
        return sealed

    def holds(self, unit: Unit, *, execution: str, revision: int, sealed: bytes) -> bool:
        """Return whether this very entry is stored, as ``append`` returned it: no two are sealed alike."""
        found = unit.execute(_FIND, {"execution": execution, "revision": revision}).scalar()
        return found == sealed

    def read(self, unit: Unit, execution: str) -> tuple[HistoryRow, ...]:
        """Return what is kept of *execution*, oldest first."""
        return tuple(
            HistoryRow(
                revision=row.revision,
                recorded_at=from_micros(row.recorded_at),
                entry=self._keyring.open(_place(execution, row.revision), row.entry),
            )
            for row in unit.execute(_READ, {"execution": execution})
        )

    def forget(self, unit: Unit, *, before: datetime, limit: int) -> int:
        """Delete up to *limit* entries from before *before*; return how many."""
        return unit.execute(_FORGET, {"before": to_micros(before), "limit": limit}).rowcount

    def forget_execution(self, unit: Unit, execution: str) -> int:
        """Delete every entry of *execution*; return how many."""
        return unit.execute(_FORGET_ALL, {"execution": execution}).rowcount


def _place(execution: str, revision: int) -> Place:
    return Place("engine_history", "entry", execution, revision)

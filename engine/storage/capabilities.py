"""Who may drive an execution over HTTP: one token for each, kept as a hash."""

from datetime import datetime

from sqlalchemy import bindparam, insert, literal, select

from engine.storage.forgetting import is_left, older
from engine.storage.tables import capabilities as table
from engine.storage.times import to_micros
from engine.storage.unit import Unit

_INSERT = insert(table)
_HOLDS = select(literal(1)).where(
    table.c.execution == bindparam("execution"), table.c.token_hash == bindparam("token_hash")
)
_HAS = select(literal(1)).where(table.c.execution == bindparam("execution"))
_FORGET = older(table, table.c.created_at, is_left(table))


class Capabilities:
    """What may be done to the rows."""

    def put(self, unit: Unit, *, execution: str, token_hash: bytes, created_at: datetime) -> None:
        """Store the hash of the token of *execution*."""
        row = {"execution": execution, "token_hash": token_hash, "created_at": to_micros(created_at)}
        unit.execute(_INSERT, row)

    def holds(self, unit: Unit, *, execution: str, token_hash: bytes) -> bool:
        """Return whether this token is that of *execution*."""
        return unit.execute(_HOLDS, {"execution": execution, "token_hash": token_hash}).first() is not None

    def has(self, unit: Unit, *, execution: str) -> bool:
        """Return whether *execution* has a token: whether it was started over HTTP."""
        return unit.execute(_HAS, {"execution": execution}).first() is not None

    def forget(self, unit: Unit, *, before: datetime, limit: int) -> int:
        """Delete up to *limit* rows from before *before* whose executions are forgotten; return how many."""
        return unit.execute(_FORGET, {"before": to_micros(before), "limit": limit}).rowcount

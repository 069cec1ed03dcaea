"""Who may answer an execution's steps that are ``by`` a person: tokens with an end, kept as hashes.

A token says itself whom it is for. As it is known by its whole hash only, nobody can make it say another name, and
nothing about the person is stored.
"""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, literal, select

from engine.storage.forgetting import older
from engine.storage.tables import person_tokens as table
from engine.storage.times import to_micros
from engine.storage.unit import Unit

_INSERT = insert(table)
_HOLDS = select(literal(1)).where(
    table.c.token_hash == bindparam("token_hash"),
    table.c.execution == bindparam("execution"),
    table.c.expires_at > bindparam("now"),
)
_FORGET = older(table, table.c.expires_at)
_REVOKE = delete(table).where(table.c.execution == bindparam("b_execution"))


class PersonTokenRows:
    """What may be done to the rows."""

    def put(self, unit: Unit, *, token_hash: bytes, execution: str, expires_at: datetime) -> None:
        """Store the hash of a token for *execution*, good until *expires_at*."""
        unit.execute(_INSERT, {"token_hash": token_hash, "execution": execution, "expires_at": to_micros(expires_at)})

    def holds(self, unit: Unit, *, token_hash: bytes, execution: str, now: datetime) -> bool:
        """Return whether this token opens *execution* at *now*."""
        asked = {"token_hash": token_hash, "execution": execution, "now": to_micros(now)}
        return unit.execute(_HOLDS, asked).first() is not None

    def revoke(self, unit: Unit, *, execution: str) -> int:
        """Make every token for *execution* worthless; return how many those were."""
        return unit.execute(_REVOKE, {"b_execution": execution}).rowcount

    def forget(self, unit: Unit, *, before: datetime, limit: int) -> int:
        """Delete up to *limit* tokens that were over before *before*; return how many."""
        return unit.execute(_FORGET, {"before": to_micros(before), "limit": limit}).rowcount

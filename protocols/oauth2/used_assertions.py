"""The register of assertions that were used: each counts once, in the same commit as what it was used for."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select

from engine.storage import Unit, insert_or_ignore, to_micros
from protocols.oauth2.client_assertions import VerifiedAssertion
from protocols.oauth2.tables import CLIENT_ASSERTIONS

__all__ = ["forget_assertions", "use_assertion"]

_A = CLIENT_ASSERTIONS.c
_INSERT = insert_or_ignore(CLIENT_ASSERTIONS)
_ATTEMPT = select(_A.attempt).where(_A.client_id == bindparam("client"), _A.jti_hash == bindparam("jti"))
_EXPIRED = select(_A.client_id, _A.jti_hash).where(_A.expires_at <= bindparam("now")).limit(200)
_FORGET = delete(CLIENT_ASSERTIONS).where(
    _A.client_id == bindparam("client"), _A.jti_hash == bindparam("jti"), _A.expires_at <= bindparam("now")
)


def use_assertion(unit: Unit, client_id: str, assertion: VerifiedAssertion, *, attempt: bytes) -> bool:
    """Note that the assertion is used by *attempt*; return False where another attempt has used it.

    One request may need more than one unit, and a unit may be run again: its attempt is its own.
    """
    row = {
        "client_id": client_id,
        "jti_hash": assertion.jti_hash,
        "attempt": attempt,
        "expires_at": to_micros(assertion.expires_at),
    }
    if unit.execute(_INSERT, row).first() is not None:
        return True
    return bool(unit.execute(_ATTEMPT, {"client": client_id, "jti": assertion.jti_hash}).scalar() == attempt)


def forget_assertions(unit: Unit, *, now: datetime) -> int:
    """Delete rows of assertions that would not be accepted any more, at most 200 of them; return how many."""
    at = to_micros(now)
    rows = unit.execute(_EXPIRED, {"now": at}).all()
    for row in rows:
        unit.execute(_FORGET, {"client": row.client_id, "jti": row.jti_hash, "now": at})
    return len(rows)

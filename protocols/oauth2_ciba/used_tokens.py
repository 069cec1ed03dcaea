"""The register of tokens that count once: request objects and login_hint_tokens, until they have expired."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select

from engine.storage import Unit, insert_or_ignore, to_micros
from protocols.oauth2_ciba.signed_jwts import OneUse
from protocols.oauth2_ciba.tables import USED_TOKENS

_U = USED_TOKENS.c
_INSERT = insert_or_ignore(USED_TOKENS)
_USED_BY = select(_U.request_id).where(
    _U.purpose == bindparam("purpose"), _U.issuer == bindparam("issuer"), _U.jti_hash == bindparam("jti_hash")
)
_EXPIRED = select(_U.purpose, _U.issuer, _U.jti_hash).where(_U.expires_at <= bindparam("now")).limit(100)
_FORGET = delete(USED_TOKENS).where(
    _U.purpose == bindparam("which_purpose"),
    _U.issuer == bindparam("which_issuer"),
    _U.jti_hash == bindparam("which_jti"),
    _U.expires_at <= bindparam("now"),
)


def use_token(unit: Unit, once: OneUse, *, request_id: str) -> bool:
    """Note that *request_id* uses the token; return False where another request has used it.

    A request may need two units, and is one request in both.
    """
    key = {"purpose": once.purpose, "issuer": once.issuer, "jti_hash": once.jti_hash}
    row = {**key, "request_id": request_id, "expires_at": to_micros(once.expires_at)}
    if unit.execute(_INSERT, row).first() is not None:
        return True
    return bool(unit.execute(_USED_BY, key).scalar() == request_id)


def forget_used_tokens(unit: Unit, *, now: datetime) -> int:
    """Delete rows of tokens that would not be accepted any more, at most a hundred; return how many."""
    at = to_micros(now)
    rows = unit.execute(_EXPIRED, {"now": at}).all()
    for row in rows:
        which = {"which_purpose": row.purpose, "which_issuer": row.issuer, "which_jti": row.jti_hash}
        unit.execute(_FORGET, {**which, "now": at})
    return len(rows)

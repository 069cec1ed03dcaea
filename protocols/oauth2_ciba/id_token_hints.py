"""ID Tokens as hints: judged row by row (CIBA Core sections 7.1 and 14, docs/decisions/0037). Pure.

Every row that fails is ``invalid_request``; that a token has expired is no failure.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from protocols.oauth2 import KeyTimes, OAuthError, Register, invalid_request
from protocols.oauth2_ciba.hints import Hint, IdTokenHintPolicy, UnknownKey
from protocols.oauth2_ciba.signed_jwts import (
    SKEW,
    JwtRefused,
    SignedJwt,
    audiences_of,
    moment,
    read_jwt,
    text_in,
    verify_signature,
)

_TYPES = frozenset({None, "jwt"})


def judge_id_token_hint(
    token: str, register: Register, *, client_id: str, issuer: str, policy: IdTokenHintPolicy, now: datetime
) -> Hint:
    """Return whom an ID Token of ours for *client_id* means; raise ``invalid_request``."""
    try:
        signed = read_jwt(token)
    except JwtRefused as error:
        raise _refused(str(error)) from error
    claims = signed.claims
    if claims.get("iss") != issuer:
        raise _refused("is not from this server")
    if client_id not in audiences_of(claims):
        raise _refused("is not for this client")
    subject = text_in(claims, "sub")
    if subject is None:
        raise _refused("names nobody")
    if signed.typ not in _TYPES:
        raise _refused("is not an ID Token")
    _check_times(claims, policy, now)
    return _by_key(signed, register, subject, policy.unknown_key)


def _by_key(signed: SignedJwt, register: Register, subject: str, unknown_key: UnknownKey) -> Hint:
    known = register.verifying.get(signed.kid or "")
    if known is not None:
        _verify(signed, *known)
        return Hint(told=subject)
    # All our tokens name their key: one that names none was never ours, and nothing is skipped for it.
    if signed.kid is None or unknown_key == "reject":
        raise _refused("has a key that is not known")
    if unknown_key == "proceed":
        return Hint(told=subject, verified=False)
    lost = register.lost.get(signed.kid)
    if lost is None or not _fits(signed, lost):
        raise _refused("has a key that is not known")
    return Hint(told=subject, verified=False, needs_grant=True)


def _verify(signed: SignedJwt, algorithm: str, key: Any) -> None:
    if signed.algorithm != algorithm:
        raise _refused("has another algorithm than its key")
    try:
        verify_signature(signed, key)
    except JwtRefused as error:
        raise _refused(str(error)) from error


def _fits(signed: SignedJwt, lost: KeyTimes) -> bool:
    """Say whether the token can be from the key that was lost: by its algorithm, and signed while the key lived."""
    issued_at = moment(signed.claims, "iat") or 0.0
    ended = lost.retired_at is not None and issued_at > (lost.retired_at + SKEW).timestamp()
    begun = issued_at >= (lost.active_from - SKEW).timestamp()
    return signed.algorithm == lost.algorithm and begun and not ended


def _check_times(claims: Mapping[str, Any], policy: IdTokenHintPolicy, now: datetime) -> None:
    """Demand both times of an ID Token; only how long ago it was issued counts."""
    issued_at, at = moment(claims, "iat"), now.timestamp()
    if issued_at is None or moment(claims, "exp") is None:
        raise _refused("is not an ID Token")
    if issued_at > at + SKEW.total_seconds():
        raise _refused("was issued in the future")
    if issued_at < at - policy.max_age.total_seconds():
        raise _refused("is too old")


def _refused(why: str) -> OAuthError:
    return invalid_request(f"the id_token_hint {why}")

"""Access tokens that are shown to us: signed (RFC 9068) or opaque, and what they say while their grant stands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jwt
from sqlalchemy import bindparam, select

from engine.storage import Unit, from_micros, to_micros
from protocols.oauth2.confirmations import stored_confirmation
from protocols.oauth2.errors import OAuthError
from protocols.oauth2.hashing import hash_of
from protocols.oauth2.signing_keys import Register
from protocols.oauth2.tables import ACCESS_TOKENS, CLIENTS, GRANTS
from protocols.oauth2.tokens import ACCESS_TOKEN_TYPE, actor, as_audience, known_claims

__all__ = ["Live", "Opaque", "Shown", "Signed", "find_live", "is_meant_for", "read_token", "refused"]

_TYPES = (ACCESS_TOKEN_TYPE, f"application/{ACCESS_TOKEN_TYPE}")
_T, _G = ACCESS_TOKENS.c, GRANTS.c
_STANDS = (_T.revoked_at.is_(None), _T.expires_at > bindparam("at"), _G.revoked_at.is_(None))
_SIGNED = (
    select(_G.client_id, _G.user_id, _G.subject)
    .join_from(ACCESS_TOKENS, GRANTS, _T.grant_id == _G.grant_id)
    .where(_T.jti == bindparam("id"), *_STANDS)
)
_OPAQUE = (
    select(
        *(_T.jti, _T.expires_at, _T.audience, _T.scope, _T.issued_at, _T.confirmation),
        *(_G.client_id, _G.user_id, _G.subject, _G.auth_time, _G.methods, _G.acr),
        CLIENTS.c.agent,
    )
    .join_from(ACCESS_TOKENS, GRANTS, _T.grant_id == _G.grant_id)
    .join(CLIENTS, CLIENTS.c.client_id == _G.client_id)
    .where(_T.token_hash == bindparam("hashed"), *_STANDS)
)


@dataclass(frozen=True, slots=True)
class Signed:
    """The claims of an unexpired access token that we signed; whether it was taken back is not known yet."""

    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Opaque:
    """A text that is no signed token: perhaps an opaque access token, perhaps a refresh token, perhaps nothing."""

    token_hash: bytes = field(repr=False)


Shown = Signed | Opaque


@dataclass(frozen=True, slots=True)
class Live:
    """An access token that stands: what it says, and whom it means."""

    claims: Mapping[str, Any]
    client_id: str
    user_id: str


def read_token(token: str, register: Register, *, issuer: str, now: datetime) -> Shown:
    """Return what *token* is, by itself; raise ``invalid_token`` for a signed one that is not ours or has expired.

    Our random texts have no dot in them, and a signed token has two (RFC 7515 section 7.1).
    """
    return Signed(_verified(token, register, issuer=issuer, now=now)) if "." in token else Opaque(hash_of(token))


def find_live(unit: Unit, shown: Shown, *, issuer: str, now: datetime) -> Live | None:
    """Return what *shown* says, or None where that is not, or is no longer, an access token of ours."""
    match shown:
        case Signed(claims):
            row = unit.execute(_SIGNED, {"id": claims["jti"], "at": to_micros(now)}).first()
            if row is None or (row.subject or row.user_id, row.client_id) != (claims["sub"], claims["client_id"]):
                return None
            return Live(claims, row.client_id, row.user_id)
        case Opaque(token_hash):
            row = unit.execute(_OPAQUE, {"hashed": token_hash, "at": to_micros(now)}).first()
            return None if row is None else Live(_claims_in(row, issuer), row.client_id, row.user_id)


def is_meant_for(claims: Mapping[str, Any], audience: str | None) -> bool:
    """Say whether *audience* is among those that the token with these claims is for."""
    named = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    return audience is not None and audience in named


def refused(hint: str) -> OAuthError:
    """Return the answer to a token that opens nothing (RFC 6750 section 3.1); *hint* is for our log."""
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return OAuthError("invalid_token", "the access token is not valid", hint=hint, headers=headers)


def _verified(token: str, register: Register, *, issuer: str, now: datetime) -> Mapping[str, Any]:
    """Return the claims of an unexpired access token that we signed (RFC 9068 section 4); whom it is for, not yet."""
    try:
        header = jwt.get_unverified_header(token)
        algorithm, key = register.verifying[str(header.get("kid"))]
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=issuer,
            # the time is compared below, with the clock that we were given
            options={
                "require": ["exp", "iat", "jti", "sub", "aud", "client_id"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_aud": False,
            },
        )
    except (jwt.PyJWTError, KeyError, ValueError) as error:
        raise refused(f"not an access token of ours: {type(error).__name__}") from error
    if str(header.get("typ")).lower() not in _TYPES:
        raise refused("typ is not at+jwt")
    if not isinstance(claims["exp"], int) or claims["exp"] <= now.timestamp():
        raise refused("the token has expired")
    return claims


def _claims_in(row: Any, issuer: str) -> Mapping[str, Any]:
    """Return what a signed token in the place of this opaque one would say (RFC 9068 section 2.2)."""
    auth_time, confirmation = from_micros(row.auth_time), stored_confirmation(row.confirmation)
    return {
        "iss": issuer,
        "sub": row.subject or row.user_id,
        "aud": as_audience(tuple(json.loads(row.audience))),
        "client_id": row.client_id,
        "scope": row.scope,
        "jti": row.jti,
        "iat": int(from_micros(row.issued_at).timestamp()),
        "exp": int(from_micros(row.expires_at).timestamp()),
        **({} if auth_time is None else known_claims(auth_time, tuple((row.methods or "").split()), row.acr)),
        **(actor(row.client_id) if row.agent else {}),
        **(confirmation.claims() if confirmation else {}),
    }

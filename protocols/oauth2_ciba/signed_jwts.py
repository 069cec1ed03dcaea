"""Signed JWTs of clients and issuers of hints: read without belief, then verified with a key (RFC 7515, RFC 7519)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from jwt.types import Options

from protocols.oauth2 import KEY_ALGORITHMS

SKEW = timedelta(seconds=30)
# A jti is remembered until its token has expired, so no token may live for ever.
LONGEST_LIFE = timedelta(days=366)
_LONGEST = 32 * 1024
_LONGEST_JTI = 256
_ENCRYPTED_PARTS = 5
# What a token says is judged by its reader, with the clock that we were given.
_SIGNATURE_ONLY: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class JwtRefused(ValueError):
    """A token cannot be used. The message says why, in words that a client may read, and shows nothing of it."""

    code = "jwt_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedJwt:
    """A token as it was sent: read, not believed. ``typ`` is in lower case."""

    algorithm: str
    kid: str | None
    typ: str | None
    claims: Mapping[str, Any] = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneUse:
    """What makes a token count only once: who made it, for what, and until when its jti is remembered."""

    purpose: str
    issuer: str
    jti_hash: bytes
    expires_at: datetime


def read_jwt(token: str) -> SignedJwt:
    """Return what *token* says of itself; raise JwtRefused for what is not signed by one half of a key pair."""
    if len(token) > _LONGEST:
        raise JwtRefused("is too long")
    if token.count(".") + 1 == _ENCRYPTED_PARTS:
        raise JwtRefused("is encrypted, which is not supported")
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise JwtRefused("is not a signed JWT") from error
    algorithm, kid, typ = header.get("alg"), header.get("kid"), header.get("typ")
    if algorithm not in KEY_ALGORITHMS:
        raise JwtRefused(f"is not signed by {', '.join(KEY_ALGORITHMS)}")
    if "crit" in header or not (typ is None or isinstance(typ, str)):
        raise JwtRefused("has a header that is not understood")
    return SignedJwt(
        algorithm=str(algorithm),
        kid=kid if isinstance(kid, str) else None,
        typ=typ.lower() if isinstance(typ, str) else None,
        claims=claims,
        token=token,
    )


def verify_signature(signed: SignedJwt, key: Any) -> None:
    """Raise JwtRefused unless *key* has signed the token, by the algorithm that its header names."""
    try:
        jwt.decode(signed.token, key, algorithms=[signed.algorithm], options=_SIGNATURE_ONLY)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise JwtRefused("does not verify with the key that it names") from error


def text_in(claims: Mapping[str, Any], name: str) -> str | None:
    """Return the claim *name* where it is a text that may be stored and is not empty, else None."""
    value = claims.get(name)
    return value if isinstance(value, str) and value and is_storable(value) else None


def is_storable(text: str) -> bool:
    """Say whether *text* can be kept: no NUL, which PostgreSQL has no place for, and no half of a character."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def audiences_of(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return whom the token is for: ``aud`` is one text or a list of them; () for anything else."""
    aud = claims.get("aud")
    named = aud if isinstance(aud, list) else [aud]
    texts = tuple(name for name in named if isinstance(name, str))
    return texts if len(texts) == len(named) else ()


def moment(claims: Mapping[str, Any], name: str) -> float | None:
    """Return the time in the claim *name* in seconds, or None where there is none that could be one."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e12 else None


def one_use(claims: Mapping[str, Any], *, purpose: str, issuer: str, expires: float, now: datetime) -> OneUse:
    """Return by what the token is remembered until it *expires*; raise JwtRefused for a jti that is none."""
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        raise JwtRefused(f"needs a jti of 1 to {_LONGEST_JTI} characters")
    # A little longer than it is good for, so that no skew lets it in again.
    left = timedelta(seconds=max(expires - now.timestamp(), 0)) + 2 * SKEW
    digest = hashlib.sha256(jti.encode("utf-8", "surrogatepass")).digest()
    return OneUse(purpose=purpose, issuer=issuer, jti_hash=digest, expires_at=now + left)

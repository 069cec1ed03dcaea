"""Client authentication by a signed JWT: ``private_key_jwt`` and ``client_secret_jwt``.

OpenID Connect Core section 9, RFC 7523 section 3.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import jwt

from protocols.oauth2.errors import OAuthError, invalid_client

__all__ = [
    "ASSERTION_TYPE",
    "KEY_ALGORITHMS",
    "SECRET_ALGORITHMS",
    "ClientAssertion",
    "VerifiedAssertion",
    "read_assertion",
    "verify_assertion",
]

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
SECRET_ALGORITHMS = ("HS256",)
_METHODS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(KEY_ALGORITHMS, "private_key_jwt") | dict.fromkeys(SECRET_ALGORITHMS, "client_secret_jwt")
)
# A JWT made for something else must not log anybody in.
_TYPES = frozenset({None, "jwt", "client-authentication+jwt"})
_LONGEST = 16 * 1024
_LONGEST_JTI = 256
LIFE = timedelta(minutes=10)
SKEW = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAssertion:
    """An assertion as it was sent: read, not believed."""

    client_id: str
    method: str
    algorithm: str
    kid: str | None
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAssertion:
    """An assertion whose signature and claims hold; whether it is used for the first time is for the database to say.

    ``registration`` is the digest of what the client is registered with, as it was when the signature was checked.
    """

    jti_hash: bytes
    expires_at: datetime
    registration: str


def read_assertion(token: str) -> ClientAssertion:
    """Return who *token* says that it is from, and by what it is signed; raise ``invalid_client``."""
    try:
        if len(token) > _LONGEST:
            raise _refused("the assertion is too long")
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise _refused("the assertion is no signed JWT") from error
    algorithm, kid, typ = header.get("alg"), header.get("kid"), header.get("typ")
    method = _METHODS.get(str(algorithm))
    if method is None:
        raise _refused("the assertion is signed by an algorithm that is not supported")
    if (typ.lower() if isinstance(typ, str) else typ) not in _TYPES:
        raise _refused("the assertion's typ says that it is for something else")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject or "\0" in subject or claims.get("iss") != subject:
        raise _refused("iss and sub are not both the client's id")
    return ClientAssertion(
        client_id=subject,
        method=method,
        algorithm=str(algorithm),
        kid=kid if isinstance(kid, str) else None,
        token=token,
    )


def verify_assertion(
    assertion: ClientAssertion, key: Any, *, audiences: frozenset[str], registration: str, now: datetime
) -> VerifiedAssertion:
    """Return the assertion as verified with *key* for one of *audiences*; raise ``invalid_client``.

    ``exp`` lies at most ten minutes ahead; ``nbf`` and ``iat`` are honoured with half a minute of skew.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            assertion.token,
            key,
            algorithms=[assertion.algorithm],
            # times are compared below, with the clock that we were given; the audience may be any of several
            options={
                "require": ["exp", "jti", "aud"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_aud": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise _refused(f"the assertion does not verify: {type(error).__name__}") from error
    named = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if not any(isinstance(name, str) and name in audiences for name in named):
        raise _refused("the assertion is for another audience")
    expires_at = _check_times(claims, now)
    jti = claims["jti"]
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        raise _refused(f"jti is not a text of 1 to {_LONGEST_JTI} characters")
    digest = hashlib.sha256(jti.encode("utf-8", "surrogatepass")).digest()
    return VerifiedAssertion(jti_hash=digest, expires_at=expires_at, registration=registration)


def _check_times(claims: Mapping[str, Any], now: datetime) -> datetime:
    expires, at, skew = claims["exp"], now.timestamp(), SKEW.total_seconds()
    if not _is_moment(expires) or expires <= at - skew:
        raise _refused("the assertion has expired")
    if expires > at + LIFE.total_seconds() + skew:
        raise _refused("exp lies more than ten minutes ahead")
    for name in ("nbf", "iat"):
        moment = claims.get(name)
        if moment is not None and (not _is_moment(moment) or moment > at + skew):
            raise _refused(f"{name} lies in the future")
    # Kept a little longer than it is good for, so that no skew lets it in again.
    return now + timedelta(seconds=max(expires - at, 0)) + 2 * SKEW


def _is_moment(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12


def _refused(hint: str) -> OAuthError:
    return invalid_client(hint=hint)

"""The checks of an ID token: all of them, before anything in it is believed (OpenID Connect Core section 3.1.3.7)."""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import jwt

from lockhouse.client.errors import TokenInvalid

__all__ = ["AUTH_REQ_ID", "RT_HASH", "Expected", "read_header", "verify_id_token"]

AUTH_REQ_ID: Final = "urn:openid:params:jwt:claim:auth_req_id"
RT_HASH: Final = "urn:openid:params:jwt:claim:rt_hash"
LEEWAY: Final = 30.0
_SHA512 = frozenset({"RS512", "PS512", "ES512", "EdDSA"})
_SHA384 = frozenset({"RS384", "PS384", "ES384"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an ID token must agree with.

    ``pushed`` tells that the tokens came by push: then they must be bound to the ID token (CIBA Core section 10.3.1).
    """

    issuer: str
    client_id: str
    algorithms: tuple[str, ...]
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    auth_req_id: str | None = field(default=None, repr=False)
    subject: str | None = None
    pushed: bool = False


def read_header(token: str, algorithms: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the algorithm and the key's name that *token* gives; raise TokenInvalid for other algorithms."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise TokenInvalid("expected a signed ID token, found something else") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in algorithms:
        raise TokenInvalid(f"expected an ID token signed with {' or '.join(algorithms)}, found {str(algorithm)[:20]!r}")
    return str(algorithm), kid if isinstance(kid, str) else None


def verify_id_token(token: str, key: Any, expected: Expected, *, now: float) -> Mapping[str, Any]:
    """Return the claims of *token*, verified with *key*; raise TokenInvalid, which names the first claim that is wrong.

    *now* is in seconds since 1970; clocks may differ by half a minute.
    """
    algorithm, _ = read_header(token, expected.algorithms)
    try:
        # Times and names are compared below, with the clock that we were given.
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            options={
                "require": ["iss", "sub", "aud", "exp", "iat"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_aud": False,
            },
        )
    except jwt.MissingRequiredClaimError as error:
        raise TokenInvalid(f"expected a claim {error.claim} in the ID token, found none") from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise TokenInvalid("expected an ID token signed by the provider's key, found another signature") from None
    wrong = next(_faults(claims, algorithm, expected, now), None)
    if wrong is not None:
        raise TokenInvalid(f"expected an ID token for this client and this request, found a {wrong} that is not")
    return MappingProxyType(claims)


def half_hash(value: str, algorithm: str) -> str:
    """Return the left half of *value*'s hash, as at_hash has it (OpenID Connect Core section 3.1.3.6)."""
    name = "sha512" if algorithm in _SHA512 else "sha384" if algorithm in _SHA384 else "sha256"
    digest = hashlib.new(name, value.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _faults(claims: Mapping[str, Any], algorithm: str, expected: Expected, now: float) -> Iterator[str]:
    """Yield the names of claims that do not hold."""
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if claims["iss"] != expected.issuer:
        yield "iss"
    if expected.client_id not in audience:
        yield "aud"
    if claims.get("azp", expected.client_id) != expected.client_id or (len(audience) > 1 and "azp" not in claims):
        yield "azp"
    if not isinstance(claims["sub"], str) or not claims["sub"] or expected.subject not in {None, claims["sub"]}:
        yield "sub"
    if not _is_moment(claims["exp"]) or claims["exp"] <= now - LEEWAY:
        yield "exp"
    for name in ("iat", "nbf"):
        if not _is_moment(claims.get(name, 0)) or claims.get(name, 0) > now + LEEWAY:
            yield name
    bound = {
        "at_hash": half_hash(expected.access_token, algorithm),
        RT_HASH: None if expected.refresh_token is None else half_hash(expected.refresh_token, algorithm),
        AUTH_REQ_ID: expected.auth_req_id,
    }
    for name, value in bound.items():
        if not _agrees(claims.get(name), value, required=expected.pushed):
            yield name


def _agrees(found: object, value: str | None, *, required: bool) -> bool:
    """Say whether a binding holds: one that is there must, one that is not may be missing unless *required*."""
    if value is None:
        return True
    if found is None:
        return not required
    return isinstance(found, str) and hmac.compare_digest(found.encode(), value.encode())


def _is_moment(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

"""Signed authentication requests (CIBA Core section 7.1.1): every fault of one is ``invalid_request``. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from protocols.oauth2 import Client, OAuthError, Profile, invalid_request
from protocols.oauth2_ciba.signed_jwts import (
    LONGEST_LIFE,
    SKEW,
    JwtRefused,
    OneUse,
    SignedJwt,
    audiences_of,
    moment,
    one_use,
    read_jwt,
)

# Absent, or one of these in any letter case (requirement 38).
_TYPES = frozenset({None, "jwt", "oauth-authz-req+jwt"})
# What a JWT needs for itself and is no parameter of the request.
OWN_CLAIMS = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti"})
_TIMES = ("exp", "nbf", "iat")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestObject:
    """A request object that holds, but for its jti, which the database has to know."""

    claims: Mapping[str, Any] = field(repr=False)
    algorithm: str
    once: OneUse


def read_object(text: str, client: Client | None, profile: Profile) -> SignedJwt:
    """Return the request object in *text* as *client* may have sent it; raise ``invalid_request``."""
    try:
        signed = read_jwt(text)
    except JwtRefused as error:
        raise fault(str(error)) from error
    if client is None or client.request_alg is None:
        raise fault("cannot be used: this client is registered without an algorithm for them")
    if signed.algorithm != client.request_alg:
        raise fault("is not signed by the algorithm that is registered for this client")
    if signed.algorithm not in profile.signing_algs:
        raise fault(f"is signed by an algorithm that profile {profile.name} does not allow")
    if signed.typ not in _TYPES:
        raise fault("has a typ that says that it is for something else")
    return signed


def check_claims(signed: SignedJwt, *, client_id: str, issuer: str, profile: Profile, now: datetime) -> RequestObject:
    """Return the object whose signature was verified, once what it says of itself holds; raise ``invalid_request``."""
    claims = signed.claims
    missing = [name for name in sorted(OWN_CLAIMS) if name not in claims]
    if missing:
        raise fault(f"lacks {', '.join(missing)}")
    if claims["iss"] != client_id or claims.get("client_id", client_id) != client_id:
        raise fault("is not issued by this client")
    if issuer not in audiences_of(claims):
        raise fault("is not meant for this server: its aud must contain the issuer")
    # Whoever signs assertions with the same key must not have one of them taken for a request, nor the other way round.
    if claims.get("sub") == client_id:
        raise fault("has the client as its sub, as an assertion has")
    if "request" in claims or "request_uri" in claims:
        raise fault("holds another one")
    expires = _check_times(claims, profile.request_life or LONGEST_LIFE, now)
    try:
        once = one_use(claims, purpose="request", issuer=client_id, expires=expires, now=now)
    except JwtRefused as error:
        raise fault(str(error)) from error
    return RequestObject(claims=claims, algorithm=signed.algorithm, once=once)


def fault(what: str, *, hint: str = "") -> OAuthError:
    """Return the one error that a request object can have (requirement 42)."""
    return invalid_request(f"the request object {what}", hint=hint)


def _check_times(claims: Mapping[str, Any], longest: timedelta, now: datetime) -> float:
    """Return ``exp``. One rule for the whole life: not over, begun, and at most *longest* (requirement 110)."""
    at, skew = now.timestamp(), SKEW.total_seconds()
    exp, nbf, iat = (moment(claims, name) for name in _TIMES)
    if exp is None or nbf is None or iat is None:
        raise fault("has an exp, nbf or iat that is no time")
    if exp <= at - skew:
        raise fault("has expired")
    if nbf > at + skew or iat > at + skew:
        raise fault("is not valid yet")
    life = longest.total_seconds()
    if exp - nbf > life or exp - at > life + skew:
        raise fault(f"lives too long: exp may be {int(life)} seconds after nbf")
    return exp

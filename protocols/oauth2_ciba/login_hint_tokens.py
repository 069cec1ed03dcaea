"""login_hint_tokens: JWTs of listed issuers, or of the client itself, that name a person (RFC 9493). Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from protocols.oauth2 import OAuthError, invalid_request
from protocols.oauth2_ciba.hints import Hint, Naming
from protocols.oauth2_ciba.signed_jwts import (
    LONGEST_LIFE,
    SKEW,
    JwtRefused,
    SignedJwt,
    audiences_of,
    moment,
    one_use,
    read_jwt,
    text_in,
)

_E164 = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)
# RFC 9493 section 3: the members of each format, and no others.
_FORMATS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "iss_sub": frozenset({"format", "iss", "sub"}),
        "email": frozenset({"format", "email"}),
        "phone_number": frozenset({"format", "phone_number"}),
        "opaque": frozenset({"format", "id"}),
    }
)


def read_hint_token(token: str) -> SignedJwt:
    """Return what *token* says of itself; raise ``invalid_request``."""
    try:
        return read_jwt(token)
    except JwtRefused as error:
        raise refused(str(error)) from error


def judge_hint_token(signed: SignedJwt, *, issuer: str, audience: str, naming: Naming | None, now: datetime) -> Hint:
    """Return whom a token of *issuer*, whose signature was verified, means.

    *audience* is our issuer. *naming* says what the issuer calls people; None is for a client, which calls them what
    we told it. Expired → ``expired_login_hint_token``, every other fault → ``invalid_request``.
    """
    claims = signed.claims
    if audience not in audiences_of(claims):
        raise refused("is not meant for this server: its aud must contain the issuer")
    expires = _check_times(claims, now)
    try:
        once = one_use(claims, purpose="login_hint_token", issuer=issuer, expires=expires, now=now)
    except JwtRefused as error:
        raise refused(str(error)) from error
    names, told = _named(claims, issuer=issuer, audience=audience, naming=naming)
    return Hint(names=names, told=told, once=once)


def refused(why: str) -> OAuthError:
    """Return the error for a login_hint_token that cannot be used."""
    return invalid_request(f"the login_hint_token {why}")


def _check_times(claims: Mapping[str, Any], now: datetime) -> float:
    expires, at, skew = moment(claims, "exp"), now.timestamp(), SKEW.total_seconds()
    if expires is None:
        raise refused("needs an exp")
    if expires <= at - skew:
        raise OAuthError("expired_login_hint_token", "the login_hint_token has expired")
    if expires > at + LONGEST_LIFE.total_seconds():
        raise refused("lives too long")
    for name in ("nbf", "iat"):
        if name in claims and ((begun := moment(claims, name)) is None or begun > at + skew):
            raise refused("is not valid yet")
    return expires


def _named(
    claims: Mapping[str, Any], *, issuer: str, audience: str, naming: Naming | None
) -> tuple[tuple[str, ...], str | None]:
    """Return the names in ``sub`` and ``sub_id``, which mean one person (RFC 9493 section 4.1), and what we told."""
    found: list[tuple[Naming | None, str]] = []
    if "sub" in claims:
        found.append((naming, _member(claims, "sub")))
    if "sub_id" in claims:
        found.append(_identified(claims["sub_id"], issuer=issuer, audience=audience, naming=naming))
    if not found:
        raise refused("names nobody: it needs sub or sub_id")
    told = [value for kind, value in found if kind is None]
    if len(set(told)) > 1:
        raise refused("names two people")
    return tuple(f"{kind}:{value}" for kind, value in found if kind is not None), told[0] if told else None


def _identified(sub_id: object, *, issuer: str, audience: str, naming: Naming | None) -> tuple[Naming | None, str]:
    """Return the kind of name and the name in a subject identifier; kind None is what this client was told."""
    form = sub_id.get("format") if isinstance(sub_id, dict) else None
    if not isinstance(sub_id, dict) or not isinstance(form, str) or form not in _FORMATS:
        raise refused(f"has a sub_id of a format that is not supported: send {', '.join(sorted(_FORMATS))}")
    if set(sub_id) != _FORMATS[form]:
        raise refused("has a sub_id without the members of its format, or with others")
    if form == "iss_sub":
        return _issued(sub_id, issuer=issuer, audience=audience, naming=naming)
    if form == "email":
        return "email", _member(sub_id, "email")
    if form == "opaque":
        return naming, _member(sub_id, "id")
    number = _member(sub_id, "phone_number")
    if not _E164.fullmatch(number):
        raise refused("has a phone_number that is not written as E.164")
    return "tel", number


def _issued(
    sub_id: Mapping[str, Any], *, issuer: str, audience: str, naming: Naming | None
) -> tuple[Naming | None, str]:
    """Return the name that one issuer gave: we to this client, or the token's own issuer."""
    named_by = _member(sub_id, "iss")
    if named_by == audience:
        return None, _member(sub_id, "sub")
    if named_by == issuer:
        return naming, _member(sub_id, "sub")
    raise refused("has a sub_id of an issuer whose names are not known here")


def _member(found: Mapping[str, Any], name: str) -> str:
    value = text_in(found, name)
    if value is None:
        raise refused(f"has no text as its {name}")
    return value

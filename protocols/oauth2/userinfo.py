"""The userinfo answer (OpenID Connect Core section 5.3) for an access token of ours in the Authorization header."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import jwt

from engine.storage import Unit
from protocols.oauth2.accounts import Accounts
from protocols.oauth2.errors import OAuthError
from protocols.oauth2.grants import live_token
from protocols.oauth2.scopes import OPENID
from protocols.oauth2.signing_keys import Register
from protocols.oauth2.tokens import ACCESS_TOKEN_TYPE

_TYPES = (ACCESS_TOKEN_TYPE, f"application/{ACCESS_TOKEN_TYPE}")


class Guard(Protocol):
    """Says whether a person and a client may still have to do with each other."""

    def allows(self, unit: Unit, *, subject: str, client_id: str) -> bool:
        """Return whether *client_id* may still act for *subject*."""
        ...


def bearer_token(authorization: Sequence[str]) -> str:
    """Return the token of the one Bearer header; a token in the query or the body is not looked for (RFC 6750).

    No header at all is answered by a bare challenge, without an error code (section 3.1).
    """
    if not authorization:
        raise OAuthError("invalid_token", "send the access token as Bearer", headers={"WWW-Authenticate": "Bearer"})
    scheme, _, token = authorization[0].strip().partition(" ")
    if len(authorization) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise _refused("the Authorization header holds no single Bearer token")
    return token.strip()


def verify_access_token(
    token: str, register: Register, *, issuer: str, audience: str | None, now: datetime
) -> dict[str, Any]:
    """Return the claims of an unexpired access token that we signed (RFC 9068 section 4).

    *audience* is whom it must be meant for; None leaves that to the caller.
    """
    try:
        header = jwt.get_unverified_header(token)
        algorithm, key = register.verifying[str(header.get("kid"))]
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=issuer,
            audience=audience,
            # the time is compared below, with the clock that we were given
            options={
                "require": ["exp", "iat", "jti", "sub", "aud", "client_id"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_aud": audience is not None,
            },
        )
    except (jwt.PyJWTError, KeyError, ValueError) as error:
        raise _refused(f"not an access token of ours: {type(error).__name__}") from error
    if str(header.get("typ")).lower() not in _TYPES:
        raise _refused("typ is not at+jwt")
    if not isinstance(claims["exp"], int) or claims["exp"] <= now.timestamp():
        raise _refused("the token has expired")
    return claims


def userinfo(unit: Unit, claims: dict[str, Any], *, accounts: Accounts, guard: Guard, now: datetime) -> dict[str, Any]:
    """Return what the verified token opens up, if its grant and its person still stand."""
    owner = live_token(unit, claims["jti"], now=now)
    if owner is None or owner.user_id != claims["sub"] or owner.client_id != claims["client_id"]:
        raise _refused("revoked, or not in the register of tokens")
    if not guard.allows(unit, subject=owner.user_id, client_id=owner.client_id):
        raise _refused("the account guard says no")
    scopes = str(claims.get("scope", "")).split()
    if OPENID not in scopes:
        headers = {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="openid"'}
        raise OAuthError("insufficient_scope", "the token was not given for openid", headers=headers)
    return {**accounts.claims(unit, owner.user_id, scopes), "sub": owner.user_id}


def _refused(hint: str) -> OAuthError:
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return OAuthError("invalid_token", "the access token is not valid", hint=hint, headers=headers)

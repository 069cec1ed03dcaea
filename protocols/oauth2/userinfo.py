"""The userinfo answer (OpenID Connect Core section 5.3) for an access token of ours, in the right hands."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from engine.storage import Unit
from protocols.oauth2.access_tokens import Shown, find_live, is_meant_for, refused
from protocols.oauth2.accounts import Accounts
from protocols.oauth2.errors import OAuthError
from protocols.oauth2.scopes import OPENID
from protocols.oauth2.tokens import TokenPolicy


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
        raise refused("the Authorization header holds no single Bearer token")
    return token.strip()


def userinfo(
    unit: Unit,
    shown: Shown,
    fault: Callable[[Mapping[str, Any]], str | None],
    *,
    accounts: Accounts,
    guard: Guard,
    policy: TokenPolicy,
    now: datetime,
) -> dict[str, Any]:
    """Return what the token opens up, if it is meant for us and its grant and its person still stand.

    *fault* says of the token's claims what is wrong with how it was sent, None where nothing is.
    """
    live = find_live(unit, shown, issuer=policy.issuer, now=now)
    if live is None:
        raise refused("revoked, expired, or not in the register of tokens")
    if not is_meant_for(live.claims, policy.audience):
        raise refused("the token is meant for another resource")
    if (wrong := fault(live.claims)) is not None:
        raise OAuthError("invalid_token", wrong)
    if not guard.allows(unit, subject=live.user_id, client_id=live.client_id):
        raise refused("the account guard says no")
    scopes = str(live.claims.get("scope", "")).split()
    if OPENID not in scopes:
        raise OAuthError("insufficient_scope", "the token was not given for openid")
    return {**accounts.claims(unit, live.user_id, scopes), "sub": live.claims["sub"]}

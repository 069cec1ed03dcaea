"""What clients and resource servers ask of tokens: introspection (RFC 7662) and revocation (RFC 7009)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update

from engine.storage import Unit, to_micros
from protocols.oauth2.clients import Client
from protocols.oauth2.errors import OAuthError
from protocols.oauth2.grants import live_token
from protocols.oauth2.tables import ACCESS_TOKENS
from protocols.oauth2.userinfo import Guard

__all__ = ["INACTIVE", "introspect", "revoke_token"]

# All that is told of a token that is unknown, over, taken back, or none of the asker's business (RFC 7662 section 2.2).
INACTIVE: Mapping[str, Any] = {"active": False}
_TOLD = ("scope", "client_id", "sub", "aud", "iss", "exp", "iat", "jti", "auth_time", "acr", "amr")
_REVOKE = (
    update(ACCESS_TOKENS)
    .where(ACCESS_TOKENS.c.jti == bindparam("id"), ACCESS_TOKENS.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)


def introspect(
    unit: Unit, claims: Mapping[str, Any] | None, *, asker: Client, guard: Guard, now: datetime
) -> Mapping[str, Any]:
    """Return what *asker* may know of the access token with these verified *claims* (None: it did not verify).

    A client may ask about its own tokens, a resource server about those that are meant for it.
    """
    if claims is None or not (asker.client_id == claims["client_id"] or _is_meant_for(asker, claims)):
        return INACTIVE
    owner = live_token(unit, claims["jti"], now=now)
    if owner is None or owner.user_id != claims["sub"] or owner.client_id != claims["client_id"]:
        return INACTIVE
    if not guard.allows(unit, subject=owner.user_id, client_id=owner.client_id):
        return INACTIVE
    return {"active": True, "token_type": "Bearer", **{name: claims[name] for name in _TOLD if name in claims}}


def revoke_token(unit: Unit, claims: Mapping[str, Any] | None, *, asker: Client, now: datetime) -> None:
    """Take the access token with these verified *claims* back; one that did not verify is worth nothing already.

    Raises ``invalid_grant`` for another client's token (RFC 7009 section 2.1).
    """
    if claims is None:
        return
    if claims["client_id"] != asker.client_id:
        raise OAuthError("invalid_grant", "this token was given to another client")
    unit.execute(_REVOKE, {"id": claims["jti"], "at": to_micros(now)})


def _is_meant_for(asker: Client, claims: Mapping[str, Any]) -> bool:
    named = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    return asker.resource is not None and asker.resource in named

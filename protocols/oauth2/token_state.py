"""What clients and resource servers ask of tokens: introspection (RFC 7662) and revocation (RFC 7009)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from engine.storage import Unit, to_micros
from protocols.oauth2.access_tokens import Opaque, Shown, Signed, find_live, is_meant_for
from protocols.oauth2.clients import Client
from protocols.oauth2.confirmations import token_type_of
from protocols.oauth2.errors import OAuthError
from protocols.oauth2.grants import revoke_grant
from protocols.oauth2.refresh_tokens import find_refresh_token
from protocols.oauth2.tables import ACCESS_TOKENS, GRANTS
from protocols.oauth2.tokens import known_claims
from protocols.oauth2.userinfo import Guard

__all__ = ["INACTIVE", "introspect", "revoke_token"]

# All that is told of a token that is unknown, over, taken back, or none of the asker's business (RFC 7662 section 2.2).
INACTIVE: Mapping[str, Any] = {"active": False}
_TOLD = ("scope", "client_id", "sub", "aud", "iss", "exp", "iat", "jti", "auth_time", "acr", "amr", "act", "cnf")
_REVOKE = (
    update(ACCESS_TOKENS)
    .where(ACCESS_TOKENS.c.jti == bindparam("id"), ACCESS_TOKENS.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)
_OPAQUE = (
    select(ACCESS_TOKENS.c.jti, GRANTS.c.client_id)
    .join_from(ACCESS_TOKENS, GRANTS, ACCESS_TOKENS.c.grant_id == GRANTS.c.grant_id)
    .where(ACCESS_TOKENS.c.token_hash == bindparam("hashed"))
)


def introspect(
    unit: Unit, shown: Shown | None, *, asker: Client, guard: Guard, issuer: str, now: datetime
) -> Mapping[str, Any]:
    """Return what *asker* may know of the token that it was shown (None: a signed one that did not verify).

    A client may ask about its own tokens, a resource server about access tokens that are meant for it.
    """
    live = None if shown is None else find_live(unit, shown, issuer=issuer, now=now)
    if live is None:
        return _refresh_token_state(unit, shown, asker=asker, guard=guard, issuer=issuer, now=now)
    if not (asker.client_id == live.client_id or is_meant_for(live.claims, asker.resource)):
        return INACTIVE
    if not guard.allows(unit, subject=live.user_id, client_id=live.client_id):
        return INACTIVE
    return {
        "active": True,
        "token_type": token_type_of(live.claims.get("cnf")),
        **{name: live.claims[name] for name in _TOLD if name in live.claims},
    }


def revoke_token(unit: Unit, shown: Shown | None, *, asker: Client, now: datetime) -> None:
    """Take a token back; one that is unknown or did not verify is worth nothing already (RFC 7009 section 2.2).

    With a refresh token its whole grant goes, and every access token of it (section 2.1). Raises ``invalid_grant``
    for another client's token.
    """
    match shown:
        case None:
            return
        case Signed(claims):
            _revoke_access_token(unit, claims["jti"], of=claims["client_id"], asker=asker, now=now)
        case Opaque(token_hash):
            row = unit.execute(_OPAQUE, {"hashed": token_hash}).first()
            if row is not None:
                _revoke_access_token(unit, row.jti, of=row.client_id, asker=asker, now=now)
            elif (found := find_refresh_token(unit, token_hash)) is not None:
                _check_owner(found.client_id, asker)
                revoke_grant(unit, found.grant_id, reason="refresh token revoked", now=now)


def _refresh_token_state(
    unit: Unit, shown: Shown | None, *, asker: Client, guard: Guard, issuer: str, now: datetime
) -> Mapping[str, Any]:
    """Tell a client what its refresh token is worth. To an API it is worth nothing, as that is no access token."""
    found = find_refresh_token(unit, shown.token_hash) if isinstance(shown, Opaque) else None
    if found is None or found.client_id != asker.client_id or not found.stands(now):
        return INACTIVE
    if not guard.allows(unit, subject=found.user_id, client_id=found.client_id):
        return INACTIVE
    return {
        "active": True,
        "iss": issuer,
        "client_id": found.client_id,
        "sub": found.subject or found.user_id,
        "scope": " ".join(found.scopes),
        "exp": int(found.expires_at.timestamp()),
        **known_claims(found.auth_time, found.methods, found.acr),
    }


def _revoke_access_token(unit: Unit, jti: str, *, of: str, asker: Client, now: datetime) -> None:
    _check_owner(of, asker)
    unit.execute(_REVOKE, {"id": jti, "at": to_micros(now)})


def _check_owner(owner: str, asker: Client) -> None:
    if owner != asker.client_id:
        raise OAuthError("invalid_grant", "this token was given to another client")

"""What was granted: a row per grant and per access token, so that both can be taken back."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select, update

from engine.storage import Unit, to_micros
from protocols.oauth2.hashing import hash_of
from protocols.oauth2.refresh_tokens import store_refresh_token
from protocols.oauth2.subjects import store_subject
from protocols.oauth2.tables import ACCESS_TOKENS, GRANTS
from protocols.oauth2.tokens import Approval, TokenSet

_INSERT_GRANT = insert(GRANTS)
_INSERT_TOKEN = insert(ACCESS_TOKENS)
_INSERT_OPAQUE = insert(ACCESS_TOKENS)
_REVOKE_ANY = (
    update(GRANTS)
    .where(GRANTS.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"), revoked_reason=bindparam("why"))
)
_REVOKE = _REVOKE_ANY.where(GRANTS.c.grant_id == bindparam("id"))
_REVOKE_OF_CLIENT = _REVOKE_ANY.where(GRANTS.c.client_id == bindparam("client"))
_STANDING = (
    select(GRANTS.c.grant_id)
    .where(
        GRANTS.c.client_id == bindparam("client"),
        GRANTS.c.user_id == bindparam("person"),
        GRANTS.c.revoked_at.is_(None),
    )
    .limit(1)
)
_FORGET_TOKENS = delete(ACCESS_TOKENS).where(
    ACCESS_TOKENS.c.jti.in_(
        select(ACCESS_TOKENS.c.jti).where(ACCESS_TOKENS.c.expires_at <= bindparam("before")).limit(200)
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGrant:
    """A grant and its first tokens, about to be stored. ``refresh_hash`` is there where it can be refreshed."""

    grant_id: str
    approval: Approval
    tokens: TokenSet
    refresh_hash: bytes | None = field(default=None, repr=False)
    refresh_life: timedelta = timedelta(0)


def store_grant(unit: Unit, grant: NewGrant, *, now: datetime) -> None:
    """Store the grant and its tokens."""
    subject = grant.tokens.subject
    unit.execute(
        _INSERT_GRANT,
        {
            "grant_id": grant.grant_id,
            "client_id": grant.approval.client_id,
            "user_id": grant.approval.user_id,
            "scope": " ".join(grant.tokens.scopes),
            "created_at": to_micros(now),
            "auth_time": to_micros(grant.approval.auth_time),
            "methods": " ".join(grant.approval.methods),
            "acr": grant.approval.acr,
            "resources": json.dumps(grant.approval.resources) if grant.approval.resources else None,
            "subject": None if subject.sector is None else subject.told,
        },
    )
    store_subject(unit, subject, now=now)
    store_access_token(unit, grant.tokens, grant.grant_id)
    if grant.refresh_hash is not None:
        store_refresh_token(unit, grant.refresh_hash, grant.grant_id, now=now, life=grant.refresh_life)


def store_access_token(unit: Unit, tokens: TokenSet, grant_id: str) -> None:
    """Store another access token of a grant. Of an opaque one the row says what a signed one says itself."""
    row = {"jti": tokens.jti, "grant_id": grant_id, "expires_at": to_micros(tokens.access_token_expires_at)}
    if not tokens.opaque:
        unit.execute(_INSERT_TOKEN, row)
        return
    said = {
        "token_hash": hash_of(tokens.access_token),
        "audience": json.dumps(tokens.audience),
        "scope": " ".join(tokens.scopes),
        "issued_at": to_micros(tokens.issued_at),
        "confirmation": tokens.confirmation.as_stored() if tokens.confirmation else None,
    }
    unit.execute(_INSERT_OPAQUE, row | said)


def has_grant(unit: Unit, *, client_id: str, user_id: str) -> bool:
    """Say whether the person has granted the client something that was not taken back."""
    return unit.execute(_STANDING, {"client": client_id, "person": user_id}).first() is not None


def revoke_grant(unit: Unit, grant_id: str, *, reason: str, now: datetime) -> bool:
    """Take the grant back, and all its tokens with it. Return whether it still stood."""
    return unit.execute(_REVOKE, {"id": grant_id, "at": to_micros(now), "why": reason}).rowcount == 1


def revoke_grants_of(unit: Unit, client_id: str, *, reason: str, now: datetime) -> int:
    """Take back every grant of the client; return how many still stood."""
    params = {"client": client_id, "at": to_micros(now), "why": reason}
    return unit.execute(_REVOKE_OF_CLIENT, params).rowcount


def forget_tokens(unit: Unit, *, now: datetime, after: timedelta = timedelta(days=1)) -> int:
    """Delete rows of tokens that expired a while ago, at most 200 of them; return how many."""
    return unit.execute(_FORGET_TOKENS, {"before": to_micros(now - after)}).rowcount

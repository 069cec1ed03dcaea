"""Refresh tokens: random, hashed at rest, bound to their client's grant; with rotation only where a client wants it.

A rotated token works until its successor is used, a minute at most, and every such use gives the same successor: an
answer that was lost is not a grant that was lost. One that comes back after its successor was used is in two hands.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from engine.storage import Keyring, Unit, from_micros, insert_or_ignore, to_micros
from protocols.oauth2.tables import GRANTS, REFRESH_TOKENS

__all__ = [
    "REUSE_FOR",
    "Refreshable",
    "find_refresh_token",
    "forget_refresh_tokens",
    "rotate",
    "store_refresh_token",
    "successor_of",
]

REUSE_FOR = timedelta(seconds=60)

_T, _G = REFRESH_TOKENS.c, GRANTS.c
_INSERT = insert(REFRESH_TOKENS)
_INSERT_SUCCESSOR = insert_or_ignore(REFRESH_TOKENS)
_SUCCESSOR = REFRESH_TOKENS.alias("successor")
# The row of the token is held until the unit ends: two uses of one token come one after the other.
_FIND = (
    select(
        REFRESH_TOKENS,
        _G.client_id,
        _G.user_id,
        _G.scope,
        _G.auth_time,
        _G.methods,
        _G.acr,
        _G.resources,
        _G.subject,
        _G.revoked_at,
        select(func.max(_SUCCESSOR.c.used_at))
        .where(_SUCCESSOR.c.previous_hash == _T.token_hash)
        .scalar_subquery()
        .label("successor_used_at"),
    )
    .join_from(REFRESH_TOKENS, GRANTS, _T.grant_id == _G.grant_id)
    .where(_T.token_hash == bindparam("hashed"))
    .with_for_update(of=REFRESH_TOKENS)
)
_USE = (
    update(REFRESH_TOKENS)
    .where(_T.token_hash == bindparam("hashed"))
    .values(used_at=func.coalesce(_T.used_at, bindparam("at")))
)
_REPLACE = (
    update(REFRESH_TOKENS)
    .where(_T.token_hash == bindparam("hashed"))
    .values(replaced_at=func.coalesce(_T.replaced_at, bindparam("at")))
)
_FORGET = delete(REFRESH_TOKENS).where(
    _T.token_hash.in_(select(_T.token_hash).where(_T.expires_at <= bindparam("before")).limit(200))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshable:
    """A refresh token that was found, with what its grant says. ``reused``: its successor was used already."""

    token_hash: bytes
    grant_id: str
    client_id: str
    user_id: str
    subject: str | None
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    auth_time: datetime
    methods: tuple[str, ...]
    acr: str | None
    expires_at: datetime
    replaced_at: datetime | None
    revoked: bool
    reused: bool

    def stands(self, now: datetime) -> bool:
        """Say whether it may be used at *now*."""
        late = self.replaced_at is not None and now - self.replaced_at > REUSE_FOR
        return not (self.revoked or self.reused or late or now >= self.expires_at)


def successor_of(keyring: Keyring, token: str) -> str:
    """Return the one token that *token* is rotated to, however often it is."""
    return base64.urlsafe_b64encode(keyring.mac("oauth2.refresh_successor", token)).rstrip(b"=").decode("ascii")


def store_refresh_token(unit: Unit, token_hash: bytes, grant_id: str, *, now: datetime, life: timedelta) -> None:
    """Store the first refresh token of a grant."""
    unit.execute(_INSERT, _row(token_hash, grant_id, now=now, expires_at=now + life))


def find_refresh_token(unit: Unit, token_hash: bytes) -> Refreshable | None:
    """Return the token of this hash, whatever it is worth, and keep others off it until the unit ends."""
    row = unit.execute(_FIND, {"hashed": token_hash}).first()
    return None if row is None else _refreshable(row)


def rotate(unit: Unit, used: Refreshable, successor_hash: bytes | None, *, now: datetime) -> None:
    """Note that *used* is used and, with a successor, that it is replaced. The successor lives as long as it would."""
    unit.execute(_USE, {"hashed": used.token_hash, "at": to_micros(now)})
    if successor_hash is None:
        return
    unit.execute(_REPLACE, {"hashed": used.token_hash, "at": to_micros(now)})
    row = _row(successor_hash, used.grant_id, now=now, expires_at=used.expires_at, previous=used.token_hash)
    unit.execute(_INSERT_SUCCESSOR, row)


def forget_refresh_tokens(unit: Unit, *, now: datetime, after: timedelta = timedelta(days=1)) -> int:
    """Delete rows of tokens that expired a while ago, at most 200 of them; return how many."""
    return unit.execute(_FORGET, {"before": to_micros(now - after)}).rowcount


def _row(
    token_hash: bytes, grant_id: str, *, now: datetime, expires_at: datetime, previous: bytes | None = None
) -> dict[str, Any]:
    return {
        "token_hash": token_hash,
        "grant_id": grant_id,
        "created_at": to_micros(now),
        "expires_at": to_micros(expires_at),
        "previous_hash": previous,
        "used_at": None,
        "replaced_at": None,
    }


def _refreshable(row: Any) -> Refreshable:
    return Refreshable(
        token_hash=row.token_hash,
        grant_id=row.grant_id,
        client_id=row.client_id,
        user_id=row.user_id,
        subject=row.subject,
        scopes=tuple(row.scope.split()),
        resources=tuple(json.loads(row.resources or "[]")),
        auth_time=from_micros(row.auth_time),
        methods=tuple((row.methods or "").split()),
        acr=row.acr,
        expires_at=from_micros(row.expires_at),
        replaced_at=None if row.replaced_at is None else from_micros(row.replaced_at),
        revoked=row.revoked_at is not None,
        reused=row.successor_used_at is not None,
    )

"""Initial access tokens: an operator's leave to register clients over HTTP (RFC 7591 section 3), kept as hashes."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, or_, select, update

from engine.storage import Unit, from_micros, insert_or_ignore, to_micros
from protocols.oauth2.hashing import hash_of
from protocols.oauth2.tables import INITIAL_TOKENS

__all__ = ["InitialToken", "InitialTokens", "TokenNameTaken", "mint_initial_token"]

_T = INITIAL_TOKENS.c
_GOOD = (
    or_(_T.uses_left.is_(None), _T.uses_left > 0),
    or_(_T.expires_at.is_(None), _T.expires_at > bindparam("now")),
)
_INSERT = insert_or_ignore(INITIAL_TOKENS)
_ALL = select(_T.name, _T.scopes, _T.uses_left, _T.created_at, _T.expires_at).order_by(_T.name)
_SCOPES = select(_T.scopes).where(_T.token_hash == bindparam("hash"), *_GOOD)
# Where uses are not counted, one less than NULL is NULL.
_USE = update(INITIAL_TOKENS).where(_T.token_hash == bindparam("hash"), *_GOOD).values(uses_left=_T.uses_left - 1)
_REMOVE = delete(INITIAL_TOKENS).where(_T.name == bindparam("b_name"))


class TokenNameTaken(ValueError):
    """There is an initial access token of this name."""

    code = "token_name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a token '{name}' already: choose another name, or remove it first")


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialToken:
    """One token, without the token. ``uses_left`` and ``expires_at`` are None where nothing limits them."""

    name: str
    scopes: tuple[str, ...]
    uses_left: int | None
    created_at: datetime
    expires_at: datetime | None


def mint_initial_token() -> str:
    """Return a new token of 256 bits; only its hash is stored."""
    return f"lhi_{secrets.token_urlsafe(32)}"


class InitialTokens:
    """What may be done to the rows. Every method runs inside the caller's unit."""

    def add(
        self,
        unit: Unit,
        *,
        name: str,
        token: str,
        scopes: Sequence[str],
        now: datetime,
        uses: int | None = 1,
        life: timedelta | None = timedelta(days=7),
    ) -> None:
        """Store the hash of *token*: good for *uses* registrations of clients with *scopes* at most, during *life*."""
        row = {
            "token_hash": hash_of(token),
            "name": name,
            "scopes": json.dumps(sorted(set(scopes))),
            "uses_left": uses,
            "created_at": to_micros(now),
            "expires_at": None if life is None else to_micros(now + life),
        }
        if unit.execute(_INSERT, row).first() is None:
            raise TokenNameTaken(name)

    def all(self, unit: Unit) -> tuple[InitialToken, ...]:
        """Return every token, by name; used up and expired ones too."""
        return tuple(
            InitialToken(
                name=row.name,
                scopes=tuple(json.loads(row.scopes)),
                uses_left=row.uses_left,
                created_at=from_micros(row.created_at),
                expires_at=None if row.expires_at is None else from_micros(row.expires_at),
            )
            for row in unit.execute(_ALL)
        )

    def scopes_of(self, unit: Unit, token: str, *, now: datetime) -> tuple[str, ...] | None:
        """Return which scopes a client may be registered with by *token*, None where it is good for nothing now."""
        found = unit.execute(_SCOPES, {"hash": hash_of(token), "now": to_micros(now)}).scalar()
        return None if found is None else tuple(json.loads(found))

    def use(self, unit: Unit, token: str, *, now: datetime) -> bool:
        """Count one registration; False where *token* is good for none any more."""
        return unit.execute(_USE, {"hash": hash_of(token), "now": to_micros(now)}).rowcount == 1

    def remove(self, unit: Unit, *, name: str) -> bool:
        """Make the token *name* worthless at once; False where there is none."""
        return unit.execute(_REMOVE, {"b_name": name}).rowcount == 1

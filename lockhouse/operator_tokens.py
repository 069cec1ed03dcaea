"""Tokens for the operator's API: named, limited to scopes, kept as hashes, shown once."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import bindparam, delete, select

from engine.http import OPERATOR_SCOPES
from engine.storage import Database, Unit, from_micros, insert_or_ignore, to_micros
from lockhouse.tables import operator_tokens as table

__all__ = ["OperatorTokens", "StoredOperators", "TokenFacts", "TokenRefused", "mint_token"]

_INSERT = insert_or_ignore(table)
_ALL = select(table.c.name, table.c.scopes, table.c.created_at).order_by(table.c.name)
_SCOPES = select(table.c.scopes).where(table.c.token_hash == bindparam("token_hash"))
_REMOVE = delete(table).where(table.c.name == bindparam("b_name"))


class TokenRefused(Exception):
    """A token cannot be added. The message says why and what to do."""

    code: ClassVar[str] = "token_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """One token, without the token."""

    name: str
    scopes: tuple[str, ...]
    created_at: datetime


def mint_token() -> str:
    """Return a new token; only its hash is stored."""
    return f"lho_{secrets.token_urlsafe(32)}"


class OperatorTokens:
    """What may be done to the rows."""

    def add(self, unit: Unit, *, name: str, token: str, scopes: Sequence[str], now: datetime) -> None:
        """Store the hash of *token* under *name*; TokenRefused for an unknown scope, none, or a name that is taken."""
        if unknown := sorted(set(scopes) - set(OPERATOR_SCOPES)):
            known = ", ".join(OPERATOR_SCOPES)
            raise TokenRefused(f"expected scopes out of {known}; found {', '.join(unknown)}: correct them")
        if not scopes:
            raise TokenRefused(f"expected at least one scope out of {', '.join(OPERATOR_SCOPES)}: add --scope")
        row = {
            "name": name,
            "token_hash": _digest(token),
            "scopes": " ".join(sorted(set(scopes))),
            "created_at": to_micros(now),
        }
        if unit.execute(_INSERT, row).first() is None:
            raise TokenRefused(f"there is a token '{name}' already: remove it first, or choose another name")

    def all(self, unit: Unit) -> tuple[TokenFacts, ...]:
        """Return every token, by name."""
        return tuple(
            TokenFacts(name=row.name, scopes=tuple(row.scopes.split()), created_at=from_micros(row.created_at))
            for row in unit.execute(_ALL)
        )

    def scopes_of(self, unit: Unit, token: str) -> frozenset[str] | None:
        """Return what the bearer of *token* may do, None where nobody has it."""
        scopes = unit.execute(_SCOPES, {"token_hash": _digest(token)}).scalar()
        return None if scopes is None else frozenset(scopes.split())

    def remove(self, unit: Unit, *, name: str) -> bool:
        """Make the token *name* worthless at once; False where there is none."""
        return unit.execute(_REMOVE, {"b_name": name}).rowcount == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOperators:
    """Asks the database at each call: a token that was removed opens nothing from then on."""

    database: Database

    async def scopes_of(self, token: str) -> frozenset[str] | None:
        """Return what the bearer of *token* may do, None where nobody has it."""
        return await self.database.read(lambda unit: OperatorTokens().scopes_of(unit, token))


def _digest(token: str) -> bytes:
    # The token is random, so a plain hash hides it.
    return hashlib.sha256(token.encode()).digest()

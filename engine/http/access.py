"""Tokens: one for an execution, minted when it starts and kept as a hash, always in a header."""

import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from engine.http.problems import Problem, no_execution
from engine.storage import Database, Keyring, Unit
from engine.storage.capabilities import Capabilities

CAPABILITY: Final = re.compile(r"lhc_[A-Za-z0-9_-]{43}", re.ASCII)
SIGNAL: Final = re.compile(r"[A-Za-z0-9_-]{1,1400}\.[0-9a-f]{43}", re.ASCII)
# Where nobody is known who starts a flow, the key alone tells two callers apart: it must not be guessable.
_KEY: Final = re.compile(r"[\x21-\x7e]{16,128}", re.ASCII)
_REMEMBERED: Final = 10_000
_CREDENTIALS: Final = re.compile(r"bearer +([A-Za-z0-9._~+/-]{1,2048}=*)", re.ASCII | re.IGNORECASE)


def bearer(values: Sequence[str], shape: re.Pattern[str]) -> str:
    """Return the token of the one Authorization header; 401 where there is none, or none of this *shape*."""
    match = _CREDENTIALS.fullmatch(values[0].strip()) if len(values) == 1 else None
    if match is None:
        raise unauthorized("token_required", "send the token: Authorization: Bearer TOKEN")
    if not shape.fullmatch(match[1]):
        raise unauthorized("invalid_token", "this is no token that was given out here")
    return match[1]


def unauthorized(code: str, detail: str) -> Problem:
    """Return the problem that asks for a token (RFC 6750 section 3)."""
    challenge = "Bearer" if code == "token_required" else 'Bearer error="invalid_token"'
    return Problem(401, code, detail, headers={"WWW-Authenticate": challenge})


def idempotency_key(values: Sequence[str]) -> str | None:
    """Return the one Idempotency-Key, or None where none was sent."""
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise Problem(
            400,
            "invalid_idempotency_key",
            "Idempotency-Key: send one, of 16 to 128 printable characters, such as a UUID",
        )
    return values[0]


def mint(keyring: Keyring, flow: str, key: str | None) -> str:
    """Return a new capability; with an Idempotency-Key the one that belongs to it, so that a repetition gets it too."""
    if key is None:
        return f"lhc_{secrets.token_urlsafe(32)}"
    return f"lhc_{keyring.mac('engine.capability', flow, key).hex()[:43]}"


def digest(capability: str) -> bytes:
    """Return what is stored of a capability: it is random, so a plain hash hides it."""
    return hashlib.sha256(capability.encode()).digest()


class Door:
    """Says whose executions may be seen."""

    def __init__(self, database: Database) -> None:
        self._database, self._capabilities = database, Capabilities()
        # A capability never changes, so one that was right stays right: most calls need not ask the database again.
        self._known: OrderedDict[str, bytes] = OrderedDict()

    def let_in(self, unit: Unit, execution: str, capability: str, *, now: datetime) -> None:
        """Remember the *capability* of a new execution, in the unit that starts it."""
        self._capabilities.put(unit, execution=execution, token_hash=digest(capability), created_at=now)

    async def check(self, execution: str, capability: str) -> None:
        """Raise 404 unless *capability* is this execution's; one that a protocol started has none."""
        hashed = digest(capability)
        known = self._known.get(execution)
        if known is not None and hmac.compare_digest(known, hashed):
            return
        if not await self._database.read(
            lambda unit: self._capabilities.holds(unit, execution=execution, token_hash=hashed)
        ):
            raise no_execution()
        self._known[execution] = hashed
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    async def is_ours(self, execution: str) -> bool:
        """Return whether *execution* was started here."""
        return await self._database.read(lambda unit: self._capabilities.has(unit, execution=execution))

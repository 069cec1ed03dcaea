"""A protocol layer in one file: a device shows a short code, a person types it elsewhere and agrees, the device polls.

The shape is that of RFC 8628. What comes in becomes inputs of a flow, an end of the flow becomes an answer, and the
flow in the middle has never heard of codes. Every function runs inside a unit of its caller, so a row and its execution
are stored together or not at all.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import bindparam, insert, select, update

from engine import Ended, Engine
from engine.storage import Unit, from_micros, to_micros
from examples.device_pairing.tables import PAIRINGS

Answer = Literal["authorization_pending", "paired", "access_denied", "expired_token", "invalid_grant"]

ON_END = "pairing"
LIFE = timedelta(minutes=10)
# No letters that look alike, and no vowels: a code is never a word.
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
ANSWERS: Mapping[str, Answer] = {
    "pending": "authorization_pending",
    "paired": "paired",
    "refused": "access_denied",
    "expired": "expired_token",
}

_ADD = insert(PAIRINGS)
_BY_DEVICE = select(PAIRINGS).where(PAIRINGS.c.device_hash == bindparam("hashed"))
_BY_USER = select(PAIRINGS).where(PAIRINGS.c.user_hash == bindparam("hashed"))
_MOVE = (
    update(PAIRINGS)
    .where(PAIRINGS.c.id == bindparam("which"), PAIRINGS.c.status == "pending")
    .values(status=bindparam("to"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """The random names of one pairing, made before its unit: a unit may run more than once."""

    id: str
    device: str = field(repr=False)
    user: str = field(repr=False)

    @classmethod
    def fresh(cls) -> "Codes":
        """Return new ones: 32 random bytes for the device, eight letters for the person."""
        letters = "".join(secrets.choice(LETTERS) for _ in range(8))
        return cls(id=secrets.token_urlsafe(12), device=secrets.token_urlsafe(32), user=letters)


class Pairing:
    """Everything that the endpoints of such a server would call."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @staticmethod
    def ends() -> Mapping[str, Callable[[Unit, Ended], None]]:
        """Return what the engine is to be given as ``on_end``."""
        return {ON_END: ended}

    def ask(self, unit: Unit, codes: Codes, *, device: str, now: datetime) -> None:
        """Take a device's request and start the flow that will ask a person."""
        expires_at = now + LIFE
        row = {
            "id": codes.id,
            "device_hash": _hash(codes.device),
            "user_hash": _hash(codes.user),
            "status": "pending",
            "expires_at": to_micros(expires_at),
        }
        unit.execute(_ADD, row)
        self._engine.start(
            unit,
            execution=codes.id,
            flow="pair_device",
            inputs={"device": device, "expires_at": expires_at},
            on_end=ON_END,
            correlation=codes.id,
            now=now,
        )

    @staticmethod
    def execution_for(unit: Unit, typed: str, *, now: datetime) -> str | None:
        """Return the execution whose question the person who typed this code is to be shown, if it is still open."""
        code = "".join(letter for letter in typed.upper() if letter in LETTERS)
        row = unit.execute(_BY_USER, {"hashed": _hash(code)}).first()
        is_open = row is not None and row.status == "pending" and now < from_micros(row.expires_at)
        return row.id if row is not None and is_open else None

    @staticmethod
    def poll(unit: Unit, device_code: str, *, now: datetime) -> Answer:
        """Answer the device. What has run out is expired, whether or not a timer has come by."""
        row = unit.execute(_BY_DEVICE, {"hashed": _hash(device_code)}).first()
        if row is None:
            return "invalid_grant"
        if row.status == "pending" and now >= from_micros(row.expires_at):
            return "expired_token"
        return ANSWERS[row.status]


def ended(unit: Unit, end: Ended) -> None:
    """Move the row in the transaction that records the end; whatever is no answer has failed, and counts as expired."""
    status = end.outcome if end.outcome in {"paired", "refused"} else "expired"
    unit.execute(_MOVE, {"which": end.correlation, "to": status})


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()

"""What stands in for the directory and the protocol layer; each keeps the promises of the port that it fills."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine import Context, Refused
from engine.storage import Unit
from executors.consent import Decision
from executors.notification_dispatch import Contact
from executors.password_auth import Authenticated, Delayed, Locked, Rejected, Reserved


@dataclass
class Verifier:
    """Keeps the port's promises in memory: one attempt for each key, so many in all, one winner."""

    passwords: dict[str, str] = field(default_factory=lambda: {"ann": "correct horse"})
    most: int = 5
    waits: timedelta | None = None
    claimed_by: str | None = None
    keys: list[str] = field(default_factory=list)
    compared: int = 0
    succeeded: list[str] = field(default_factory=list)

    async def reserve(self, context: Context, subject: str) -> Reserved | Delayed | Locked:
        if self.waits is not None:
            return Delayed(wait=self.waits)
        if context.key not in self.keys:
            if len(self.keys) == self.most:
                return Locked()
            self.keys.append(context.key)
        return Reserved(subject=subject, kept=self.passwords.get(subject))

    async def matches(self, reserved: Reserved, password: str) -> bool:
        self.compared += 1
        return reserved.kept == password

    def conclude(
        self, unit: Unit, context: Context, reserved: Reserved, matched: bool
    ) -> Authenticated | Rejected | Locked:
        left = self.most - len(self.keys)
        if not matched:
            return Rejected(attempts_left=left) if left else Locked()
        if self.claimed_by not in {None, context.execution}:
            raise Refused("claimed_elsewhere")
        self.claimed_by = context.execution
        self.succeeded.append(reserved.subject)
        return Authenticated()


@dataclass
class Ledger:
    """Keeps decisions in memory, the last for each task."""

    kept: dict[str, Decision] = field(default_factory=dict)

    def record(self, unit: Unit, context: Context, decision: Decision) -> None:
        self.kept[context.key] = decision


@dataclass
class Book:
    """Knows one person, over one channel, or whoever it is told of."""

    known: dict[tuple[str, str], Contact] = field(
        default_factory=lambda: {("ann", "email"): Contact(address="ann@example.org", name="Ann", locale="de")}
    )

    def channels(self, unit: Unit, recipient: str) -> list[str]:
        return [channel for person, channel in self.known if person == recipient]

    def address(self, unit: Unit, recipient: str, channel: str) -> Contact | None:
        return self.known.get((recipient, channel))


@dataclass
class Signer:
    """Signs with a key of its own, as the wired one does."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def sign(self, claims: Mapping[str, Any]) -> str:
        return jwt.encode(dict(claims), self.key, algorithm="EdDSA", headers={"typ": "lockhouse-assertion+jwt"})

    def read(self, assertion: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            assertion,
            self.key.public_key(),
            algorithms=["EdDSA"],
            options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
        )
        return claims


@dataclass
class Said:
    accepted: bool
    reason: str = ""


@dataclass
class Receiver:
    """Takes the first assertion for each jti, and answers a repeat with the same content alike."""

    signer: Signer
    answer: Said = field(default_factory=lambda: Said(accepted=True))
    taken: dict[str, tuple[str, Said]] = field(default_factory=dict)
    effects: int = 0

    def receive(self, unit: Unit, name: str, assertion: str, now: datetime) -> Said:
        claims = self.signer.read(assertion)
        content = json.dumps({key: part for key, part in claims.items() if key not in {"iat", "exp"}}, sort_keys=True)
        if claims["jti"] in self.taken:
            before, said = self.taken[claims["jti"]]
            return said if before == content else Said(accepted=False, reason="jti_reused")
        self.taken[claims["jti"]] = (content, self.answer)
        self.effects += self.answer.accepted
        return self.answer

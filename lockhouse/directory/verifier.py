"""Checks passwords for the engine; implements `executors.password_auth.CredentialVerifier`.

Reserving, comparing and concluding are three steps because a crash may come between any two: see
`lockhouse.directory.attempts`.
"""

from datetime import datetime
from typing import Protocol

from engine import Context, Refused
from engine.storage import Database, Unit
from executors.password_auth import Authenticated, Delayed, Locked, Rejected, Reserved
from lockhouse.directory.attempts import Attempts, Claimed, OutOfTries, Wait
from lockhouse.directory.passwords import Passwords
from protocols.oauth2 import Ambiguous, Found, Nobody

__all__ = ["Claim", "DirectoryVerifier"]


class Claim(Protocol):
    """Whoever decides which of several open journeys of one request is the one that counts."""

    def __call__(self, unit: Unit, *, execution: str, correlation: str, subject: str, now: datetime) -> bool:
        """Give the journey to *execution*; False where another was first, or where it is over."""
        ...


class Find(Protocol):
    """Whoever knows which person a name means."""

    def __call__(self, unit: Unit, hint: str) -> Found | Ambiguous | Nobody:
        """Return whom *hint* means."""
        ...


class DirectoryVerifier:
    """The directory's passwords. *claim* is asked in the transaction that records a right one."""

    def __init__(
        self, *, database: Database, attempts: Attempts, passwords: Passwords, claim: Claim, find: Find
    ) -> None:
        self._database, self._attempts, self._passwords = database, attempts, passwords
        self._claim, self._find = claim, find

    async def reserve(self, context: Context, subject: str) -> Reserved | Delayed | Locked:
        """Count a try before it is made. *subject* may be any name that somebody types to say who they are."""

        def act(unit: Unit) -> tuple[str, Claimed | Wait | OutOfTries]:
            found = self._find(unit, subject)
            who = found.subject if isinstance(found, Found) else subject
            return who, self._attempts.reserve(
                unit, key=context.key, correlation=context.correlation, subject=who, now=context.now
            )

        subject, decided = await self._database.run(act)
        match decided:
            case Claimed(kept=kept):
                return Reserved(subject=subject, kept=kept)
            case Wait(wait=wait):
                return Delayed(wait=wait)
            case OutOfTries():
                return Locked()

    async def matches(self, reserved: Reserved, password: str) -> bool:
        """Compare, off the event loop, in the same time for a person who does not exist.

        A right password whose hash was made at another cost than is set now gets a hash of this cost.
        """
        matched = await self._passwords.matches(reserved.kept, password)
        if matched and reserved.kept is not None:
            await self._renew(reserved.subject, reserved.kept, password)
        return matched

    async def _renew(self, subject: str, kept: str, password: str) -> None:
        renewed = await self._passwords.renewed(kept, password)
        if renewed is not None:
            await self._database.run(
                lambda unit: self._attempts.renew(unit, subject=subject, kept=kept, renewed=renewed)
            )

    def conclude(
        self, unit: Unit, context: Context, reserved: Reserved, matched: bool
    ) -> Authenticated | Rejected | Locked:
        """Apply the result in the transaction that records it. The first right password claims the request."""
        if not matched:
            left = self._attempts.left(unit, context.correlation)
            return Rejected(attempts_left=left) if left else Locked()
        self._attempts.succeeded(unit, reserved.subject)
        claimed = self._claim(
            unit,
            execution=context.execution,
            correlation=context.correlation,
            subject=reserved.subject,
            now=context.now,
        )
        if not claimed:
            raise Refused("claimed_elsewhere", "another browser was first, or the request is over")
        return Authenticated()

"""Checks a person's password; architecture.md "What an executor may be".

An attempt is reserved before anything is hashed, the comparison runs outside every transaction, and its result is
concluded in the transaction that records it. How attempts are counted and passwords kept is left to the verifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol, assert_never

from engine import Commit, Context, Contract, Done

if TYPE_CHECKING:
    from engine.storage import Unit  # a check of flows needs the contracts, and no database

METHOD: Final = "pwd"  # RFC 8176, section 2: password-based authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """One attempt that may be made. ``kept`` is what to compare with; None: nobody, or nothing that can match."""

    subject: str
    kept: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delayed:
    """No attempt now: this person's attempts are slowed down for ``wait``. Nothing was counted."""

    wait: timedelta


@dataclass(frozen=True, slots=True)
class Locked:
    """This request has no attempts left."""


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The password was right, and the journey is this execution's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The password was wrong; so many attempts are left."""

    attempts_left: int


class CredentialVerifier(Protocol):
    """Whoever counts attempts and keeps passwords."""

    async def reserve(self, context: Context, subject: str) -> Reserved | Delayed | Locked:
        """Count an attempt before it is made: in one unit, by conditional statements, once for each ``context.key``."""
        ...

    async def matches(self, reserved: Reserved, password: str) -> bool:
        """Compare, off the event loop; it takes as long for a person who does not exist."""
        ...

    def conclude(
        self, unit: Unit, context: Context, reserved: Reserved, matched: bool
    ) -> Authenticated | Rejected | Locked:
        """Apply the result; raise ``Refused("claimed_elsewhere")`` where another execution was first to succeed."""
        ...


class PasswordAuth:
    """The executor ``password_auth``."""

    contract = Contract.declare(
        name="password_auth",
        summary="Checks a person's password; counts and slows down attempts.",
        effect="external",
        takes_key=True,
        inputs={"subject": "id", "password": "password"},
        outcomes={
            "authenticated": {"subject": "id", "methods": "list of string", "at": "time"},
            "rejected": {"attempts_left": "integer"},
            "delayed": {"wait": "duration"},
            "locked": {},
        },
        establishes={
            "authenticated": {"subject": "authentication", "methods": "authentication", "at": "authentication"}
        },
        faults={"claimed_elsewhere": "the person has signed in for this request in another browser"},
    )

    def __init__(self, *, verifier: CredentialVerifier) -> None:
        self._verifier = verifier

    async def run(self, context: Context, inputs: Mapping[str, Any]) -> Commit | Done:
        """Reserve, compare, and leave the conclusion to the transaction that records it."""
        subject: str = inputs["subject"]
        match await self._verifier.reserve(context, subject):
            case Delayed(wait=wait):
                return Done("delayed", {"wait": wait})
            case Locked():
                return Done("locked")
            case Reserved() as reserved:
                matched = await self._verifier.matches(reserved, inputs["password"])
                return Commit(lambda unit: self._conclude(unit, context, reserved, matched))
            case never:
                assert_never(never)

    def _conclude(self, unit: Unit, context: Context, reserved: Reserved, matched: bool) -> Done:
        match self._verifier.conclude(unit, context, reserved, matched):
            case Authenticated():
                proven = {"subject": reserved.subject, "methods": [METHOD], "at": context.now}
                return Done("authenticated", proven)
            case Rejected(attempts_left=left):
                return Done("rejected", {"attempts_left": left})
            case Locked():
                return Done("locked")
            case never:
                assert_never(never)

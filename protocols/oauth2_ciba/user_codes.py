"""User codes (CIBA Core section 7.1.2): a secret that a person gives to a client, so that no other can disturb them.

A try is counted in the unit that finds the person; the code is compared outside of any unit, since that takes its time;
and the unit that stores the request concludes.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from engine.storage import Unit
from protocols.oauth2 import Client, OAuthError
from protocols.oauth2_ciba.addressees import Addressee
from protocols.oauth2_ciba.limits import refusal


class UserCodes(Protocol):
    """What a directory knows of user codes."""

    def kept(self, unit: Unit, subject: str) -> str | None:
        """Return what the person's code is kept as, or None for a person without one and for nobody."""
        ...

    def reserve(self, unit: Unit, *, subject: str, client_id: str, now: datetime) -> timedelta | None:
        """Count a try before it is made; return how long to wait where it is too early for one, which is not counted.

        The caller holds the person's lock. A try counts as failed until ``succeeded`` takes it back.
        """
        ...

    def succeeded(self, unit: Unit, *, subject: str, client_id: str) -> None:
        """Take back the counted tries of this client for this person."""
        ...

    async def matches(self, kept: str | None, code: str) -> bool:
        """Say whether *code* is the one that is *kept*, in the same time where nothing is."""
        ...


class NoUserCodes:
    """For a deployment whose people have none: nobody's code is asked for, and whatever is sent is accepted."""

    def kept(self, unit: Unit, subject: str) -> str | None:  # noqa: ARG002 - the port's signature
        """Nobody has one."""
        return None

    def reserve(self, unit: Unit, *, subject: str, client_id: str, now: datetime) -> timedelta | None:  # noqa: ARG002
        """There is nothing to guess."""
        return None

    def succeeded(self, unit: Unit, *, subject: str, client_id: str) -> None:
        """Nothing was counted."""

    async def matches(self, kept: str | None, code: str) -> bool:  # noqa: ARG002
        """No code is the right one."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeToCheck:
    """A code that has to be compared before the request can go on: its try is counted."""

    subject: str
    kept: str | None = field(repr=False)
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCode:
    """What a comparison came to, and what was compared."""

    to_check: CodeToCheck
    matched: bool


def judge_code(
    unit: Unit,
    codes: UserCodes,
    client: Client,
    addressee: Addressee,
    *,
    code: str | None,
    checked: CheckedCode | None,
    now: datetime,
) -> CodeToCheck | None:
    """Return None where the request may go on, or what has to be compared first.

    Missing although the person has one → ``missing_user_code``; wrong → ``invalid_user_code``; too many tries → 403.
    What a client sends that is not registered for codes is ignored (requirement 45), and so is a code of a person who
    has none.
    """
    if not client.takes_user_code:
        return None
    subject, client_id = addressee.subject, client.client_id
    # Of a person who was found it is known by now; nobody is behind a decoy, and looking would take longer.
    kept = codes.kept(unit, subject) if addressee.decoy is None else None
    if code is None:
        if kept is not None:
            raise OAuthError("missing_user_code", "this person's user_code is required")
        return None
    to_check = CodeToCheck(subject=subject, kept=kept, code=code)
    if checked is None or checked.to_check != to_check:
        wait = codes.reserve(unit, subject=subject, client_id=client_id, now=now)
        if wait is not None:
            raise refusal("too many user codes were tried", retry_after=wait)
        return to_check
    if kept is not None and not checked.matched:
        raise OAuthError("invalid_user_code", "this is not the person's user_code")
    codes.succeeded(unit, subject=subject, client_id=client_id)
    return None

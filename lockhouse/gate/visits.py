"""One browser at one link: what the database knows about the two, and how that changes.

Every method is one or two units; the decisions are in `pages`, the rows in `sessions`.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from engine import Clock
from engine.storage import Database, Keyring, Unit
from lockhouse.gate.browser import fingerprint, new_cookie
from lockhouse.gate.ports import Requests
from lockhouse.gate.sessions import (
    Attempt,
    Found,
    SessionSeal,
    adopt,
    end_session,
    find,
    join_attempt,
    open_session,
    remember_attempt,
    rotate,
)
from protocols.oauth2 import Closed, Landing, Opened

__all__ = ["AttemptRefused", "Visit", "Visits"]


class AttemptRefused(Exception):
    """The protocol layer opens no attempt; `status` says why, in its words."""

    code = "attempt_refused"

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(f"expected an open request, found it {status}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What is known when a page is chosen. Its repr shows neither link nor cookie."""

    landing: Landing | None
    found: Found
    signed_in_as: str | None
    now: datetime

    @property
    def execution(self) -> str | None:
        """Return this browser's attempt at the link, if it has one."""
        return self.found.attempt.execution if self.found.attempt else None


class Visits:
    """Reads and changes what browsers hold."""

    def __init__(self, *, requests: Requests, database: Database, keyring: Keyring, clock: Clock) -> None:
        self._requests, self._database, self._clock = requests, database, clock
        self._seal = SessionSeal(keyring)

    async def look(self, *, link: str, cookie: str | None) -> Visit:
        """Return what is known. Stores nothing, but ends the session that this cookie's session took over from."""
        now = self._clock.now()
        mark = fingerprint(link)

        def read(unit: Unit) -> tuple[Landing | None, Found]:
            landing = self._requests.landing(unit, link, now)
            return landing, find(unit, session=fingerprint(cookie), link=mark, now=now) if cookie else Found()

        landing, found = await self._database.read(read)
        session = found.session
        if session is not None and session.replaces is not None:
            new, old = session.id_hash, session.replaces
            await self._database.run(lambda unit: adopt(unit, new=new, old=old))
        return Visit(landing=landing, found=found, signed_in_as=self._seal.open(session), now=now)

    async def open(self, visit: Visit, *, link: str, cookie: str, instead_of: str | None) -> Opened:
        """Start a login attempt in this browser, unless it has one already. Raises `AttemptRefused`."""
        mark, session, now = fingerprint(link), fingerprint(cookie), visit.now
        execution = secrets.token_urlsafe(24)

        def act(unit: Unit) -> Opened:
            open_session(unit, session=session, now=now)
            if not remember_attempt(
                unit, session=session, link=mark, execution=execution, instead_of=instead_of, now=now
            ):
                return Opened(displaced=None)
            opened = self._requests.open_attempt(unit, link=link, execution=execution, now=now)
            if isinstance(opened, Closed):
                raise AttemptRefused(opened.status)  # and the unit keeps nothing
            if opened.execution is not None:
                join_attempt(unit, session=session, link=mark, execution=opened.execution)
            return opened

        return await self._database.run(act)

    async def sign_in(self, visit: Visit, *, link: str) -> str | None:
        """Rotate the session after its attempt has claimed the request; return the new cookie, if one is due."""
        landing, session, attempt = visit.landing, visit.found.session, visit.found.attempt
        if landing is None or session is None or attempt is None or not _is_due(landing, attempt, session.superseded):
            return None
        cookie = new_cookie()
        old, new, mark, now = session.id_hash, fingerprint(cookie), fingerprint(link), visit.now
        subject = self._seal.seal(new, landing.subject)
        rotated = await self._database.run(
            lambda unit: rotate(unit, old=old, new=new, link=mark, subject=subject, now=now)
        )
        return cookie if rotated else None

    async def leave(self, visit: Visit, *, link: str) -> str | None:
        """Return where this browser goes now that its attempt is over; None where it stays."""
        execution, token, now = visit.execution, secrets.token_urlsafe(32), visit.now
        if execution is None:
            return None
        return await self._database.run(
            lambda unit: self._requests.leave(unit, link=link, execution=execution, token=token, now=now)
        )

    async def sign_out(self, cookie: str) -> None:
        """Forget the browser's session."""
        session = fingerprint(cookie)
        await self._database.run(lambda unit: end_session(unit, session=session))

    async def again(self, visit: Visit, *, link: str) -> Visit:
        """Return *visit* with the request read anew."""
        now = self._clock.now()
        landing = await self._database.read(lambda unit: self._requests.landing(unit, link, now))
        return replace(visit, landing=landing, now=now)


def _is_due(landing: Landing, attempt: Attempt, superseded: bool) -> bool:
    claimed = landing.claimed_by == attempt.execution
    return claimed and (superseded or not attempt.signed_in)

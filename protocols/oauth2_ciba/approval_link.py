"""The link that a person is sent: what it shows, the attempts opened from it, and which of them claims the request."""

from datetime import datetime

from sqlalchemy import bindparam, insert, or_, select, update

from engine.storage import Keyring, Unit, to_micros
from protocols.oauth2 import Clients, Closed, Landing, Opened, permissions_of
from protocols.oauth2_ciba.guard import AccountGuard
from protocols.oauth2_ciba.requests import Request, by_id, by_link, read_message
from protocols.oauth2_ciba.settings import CibaSettings
from protocols.oauth2_ciba.states import State
from protocols.oauth2_ciba.tables import ATTEMPTS, REQUESTS

ENDED, DISPLACED = "ended", "displaced"
_R, _A = REQUESTS.c, ATTEMPTS.c


_INSERT = insert(ATTEMPTS)
_OPEN = (
    select(_A.execution)
    .where(_A.request_id == bindparam("which"), _A.closed.is_(None))
    .order_by(_A.opened_at, _A.execution)
)
_CLOSE = (
    update(ATTEMPTS)
    .where(_A.execution == bindparam("mine"), _A.closed.is_(None))
    .values(closed=bindparam("how_closed"))
)
_CLOSED = select(_A.closed).where(_A.execution == bindparam("mine"))
_OF_EXECUTION = select(_A.request_id).where(_A.execution == bindparam("mine"))
_MINE_AND_OPEN = select(_A.flow_digest).where(
    _A.execution == bindparam("mine"), _A.request_id == bindparam("which"), _A.closed.is_(None)
)
_CLAIM = (
    update(REQUESTS)
    .where(
        _R.request_id == bindparam("which"),
        _R.user_id == bindparam("person"),
        _R.status == State.PENDING.value,
        _R.expires_at > bindparam("at_now"),
        or_(_R.login_execution_id.is_(None), _R.login_execution_id == bindparam("mine")),
        _MINE_AND_OPEN.exists(),
    )
    .values(login_execution_id=bindparam("mine"), flow_digest=_MINE_AND_OPEN.scalar_subquery())
)


class ApprovalLink:
    """Everything that begins with the link and needs no engine."""

    def __init__(self, *, keyring: Keyring, clients: Clients, guard: AccountGuard, settings: CibaSettings) -> None:
        self._keyring, self._clients, self._guard, self._settings = keyring, clients, guard, settings

    def landing(self, unit: Unit, link: str, now: datetime) -> Landing | None:
        """Return what the link leads to, or None for a link that nobody was sent. It changes nothing."""
        request = by_link(unit, link)
        return None if request is None else self.describe(unit, request, now)

    def describe(self, unit: Unit, request: Request, now: datetime) -> Landing:
        """Return *request* as its page may show it."""
        client = self._clients.find(unit, request.client_id)
        return Landing(
            request_id=request.request_id,
            status=request.state_at(now).value,
            requester=client.name if client else request.client_id,
            permissions=permissions_of(request.scopes, self._settings.scopes),
            binding_message=read_message(self._keyring, request),
            created_at=request.created_at,
            expires_at=request.expires_at,
            subject=request.user_id,
            claimed_by=request.login_execution_id,
            allowed=self._guard.allows(unit, subject=request.user_id, client_id=request.client_id),
        )

    def reserve(
        self, unit: Unit, *, link: str, execution: str, flow_digest: str, now: datetime
    ) -> tuple[Landing, Opened] | Closed:
        """Note a login attempt, with the digest that it is pinned to. Of more than three open ones the oldest goes."""
        request = by_link(unit, link, lock=True)
        if request is None:
            return Closed("unknown")
        landing = self.describe(unit, request, now)
        if landing.status != State.PENDING:
            return Closed(landing.status)
        if landing.claimed_by is not None:
            return Closed("claimed")
        if not landing.allowed:
            return Closed("unavailable")
        still_open = unit.execute(_OPEN, {"which": request.request_id}).scalars()
        displaced = still_open[0] if len(still_open) >= self._settings.open_attempts else None
        if displaced is not None:
            unit.execute(_CLOSE, {"mine": displaced, "how_closed": DISPLACED})
        row = {
            "execution": execution,
            "request_id": request.request_id,
            "flow_digest": flow_digest,
            "opened_at": to_micros(now),
        }
        unit.execute(_INSERT, row)
        return landing, Opened(displaced)


def claim(unit: Unit, *, execution: str, correlation: str, subject: str, now: datetime) -> bool:
    """Give the request to the attempt whose credential was right first; return whether *execution* has it now.

    False: another attempt has it, this one was displaced, the person is another, or the request is over.
    """
    # Taken first, so that the UPDATE sees an attempt that was displaced while this unit waited for the row.
    by_id(unit, correlation, lock=True)
    params = {"which": correlation, "person": subject, "mine": execution, "at_now": to_micros(now)}
    return unit.execute(_CLAIM, params).rowcount == 1


def request_of(unit: Unit, execution: str) -> str | None:
    """Return the request that *execution* is a login attempt for."""
    found: str | None = unit.execute(_OF_EXECUTION, {"mine": execution}).scalar()
    return found


def end_attempt(unit: Unit, execution: str) -> bool:
    """Note that an attempt is over; return whether it counts: it is one of ours and was not displaced."""
    unit.execute(_CLOSE, {"mine": execution, "how_closed": ENDED})
    return unit.execute(_CLOSED, {"mine": execution}).scalar() == ENDED

"""How the ends of flows move a request. One table; every end that it does not name has failed."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, select

from engine import Ended
from engine.storage import Unit
from protocols.oauth2_ciba import guard
from protocols.oauth2_ciba.approval_link import end_attempt, request_of
from protocols.oauth2_ciba.limits import lock_person
from protocols.oauth2_ciba.requests import Request, by_id
from protocols.oauth2_ciba.settings import CibaSettings
from protocols.oauth2_ciba.states import BY_EVENT, Event, State
from protocols.oauth2_ciba.tables import REQUESTS
from protocols.oauth2_ciba.transitions import Transitions

log = logging.getLogger(__name__)

NOTIFICATION, LOGIN = "notification", "login"
NOT_ME, NOT_ME_UNVERIFIED = "not_me", "not_me_unverified"
NO_ANSWER = "no_answer"
ANY = "*"
# The field that tells more of an end, for the record alone: the code of a fault or a channel, or why it was cancelled.
_DETAILS: Mapping[str, str] = MappingProxyType({"fault": "code", "undeliverable": "reason", "cancelled": "reason"})


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One row: an end of a flow, told apart by its field ``by`` where that matters, and the event it is, if any."""

    role: str
    outcome: str
    detail: str = ANY
    event: Event | None
    reason: str


ENDS: tuple[End, ...] = (
    End(role=NOTIFICATION, outcome="sent", event=None, reason=""),
    End(role=NOTIFICATION, outcome="undeliverable", event=Event.FAILURE, reason="undeliverable"),
    End(role=NOTIFICATION, outcome="expired", event=Event.LAPSE, reason="expired"),  # a journey that nobody joined
    # The assertion moves the row before this end: where it still is pending, nothing was approved.
    End(role=LOGIN, outcome="approved", event=Event.FAILURE, reason="not_approved"),
    End(role=LOGIN, outcome="denied", detail="person", event=Event.DENIAL, reason="person"),
    End(role=LOGIN, outcome="denied", detail=NOT_ME, event=Event.DENIAL, reason=NOT_ME),
    End(role=LOGIN, outcome="denied", detail=NOT_ME_UNVERIFIED, event=Event.DENIAL, reason=NOT_ME_UNVERIFIED),
    End(role=LOGIN, outcome="denied", detail="lockout", event=Event.REFUSAL, reason="lockout"),
    End(role=LOGIN, outcome="denied", event=Event.DENIAL, reason="denied"),
    End(role=LOGIN, outcome="expired", event=Event.LAPSE, reason="expired"),
    End(role=ANY, outcome="fault", event=Event.FAILURE, reason="fault"),
    End(role=ANY, outcome="cancelled", event=Event.FAILURE, reason="cancelled"),
    End(role=ANY, outcome=ANY, event=Event.FAILURE, reason=NO_ANSWER),
)

_OTHERS_OF_PAIR = select(REQUESTS.c.request_id).where(
    REQUESTS.c.client_id == bindparam("client"),
    REQUESTS.c.user_id == bindparam("person"),
    REQUESTS.c.status == State.PENDING.value,
)


def meaning(role: str, outcome: str, fields: Mapping[str, Any]) -> End:
    """Return the first row that fits; the last one fits everything.

    >>> meaning("login", "denied", {"by": "lockout"}).event.name
    'REFUSAL'
    """
    detail = str(fields.get("by", ""))
    return next(
        end for end in ENDS if end.role in (role, ANY) and end.outcome in (outcome, ANY) and end.detail in (detail, ANY)
    )


def table() -> str:
    """Return the table as Markdown, with the states and answers that follow from it."""
    head = ["| flow | outcome | by | state | poll | push | reason |", "| --- | --- | --- | --- | --- | --- | --- |"]
    rows = []
    for end in ENDS:
        to = BY_EVENT[end.event] if end.event else None
        told = f"{to.to} | `{to.poll}` | `{to.push}`" if to else "unchanged | - | -"
        rows.append(f"| {end.role} | {end.outcome} | {end.detail} | {told} | {end.reason or '-'} |")
    return "\n".join([*head, *rows]) + "\n"


class Ends:
    """The protocol's end-subscribers: run in the transaction that records the end, however it came."""

    def __init__(self, *, transitions: Transitions, settings: CibaSettings) -> None:
        self._transitions, self._settings = transitions, settings

    def notification(self, unit: Unit, ended: Ended) -> None:
        """Follow the end of the notification's flow; it counts as long as nobody has claimed the request."""
        request = by_id(unit, ended.correlation, lock=True)
        if request is not None and request.login_execution_id is None:
            self._apply(unit, request, meaning(NOTIFICATION, ended.outcome, ended.fields), ended)

    def login(self, unit: Unit, ended: Ended) -> None:
        """Follow the end of a login attempt: the one that claimed, or any that was not displaced while nobody has."""
        end = meaning(LOGIN, ended.outcome, ended.fields)
        known = by_id(unit, ended.correlation)
        if known is None:
            return
        if end.reason == NOT_ME:
            lock_person(unit, known.user_id)  # before the request's row: everybody takes them in this order
        request = by_id(unit, ended.correlation, lock=True)
        counts = end_attempt(unit, ended.execution)
        if request is None or not counts or request.login_execution_id not in (None, ended.execution):
            return
        self._apply(unit, request, end, ended)
        if end.reason == NOT_ME and request.login_execution_id == ended.execution:
            self._block(unit, request, now=ended.at)

    def journey(self, unit: Unit, ended: Ended) -> None:
        """Follow the end of a journey: as that of a login attempt, where somebody has joined it."""
        joined = request_of(unit, ended.execution) is not None
        (self.login if joined else self.notification)(unit, ended)

    def _apply(self, unit: Unit, request: Request, end: End, ended: Ended) -> None:
        event = _in_time(end.event, request, ended.at)
        if event is None:
            return
        reason, kept = _reason(end, event, ended), ended.at + self._settings.keep_final
        if self._transitions.apply(unit, event, request, now=ended.at, reason=reason, due_at=kept):
            unit.after_commit(_report(request, reason))

    def _block(self, unit: Unit, request: Request, *, now: datetime) -> None:
        """After an authenticated "not me": block the pair and cancel what else this client asks of this person."""
        guard.block(unit, request.client_id, request.user_id, reason=NOT_ME, now=now)
        pair = {"client": request.client_id, "person": request.user_id}
        for other in unit.execute(_OTHERS_OF_PAIR, pair).scalars():
            kept = now + self._settings.keep_final
            if (pending := by_id(unit, other)) is not None:
                self._transitions.apply(unit, Event.CANCELLATION, pending, now=now, reason=NOT_ME, due_at=kept)


def _in_time(event: Event | None, request: Request, now: datetime) -> Event | None:
    """Return *event* as it counts now: at or past expires_at all that is left is to expire; before it nothing does."""
    if event is None:
        return None
    if now >= request.expires_at:
        return Event.LAPSE
    return Event.FAILURE if event is Event.LAPSE else event


def _reason(end: End, event: Event, ended: Ended) -> str:
    """Return what the record keeps: the table's word, and the code that the flow or the engine gave."""
    reason = NO_ANSWER if end.event is Event.LAPSE and event is Event.FAILURE else end.reason
    detail = ended.fields.get(_DETAILS.get(end.outcome, ""))
    return f"{reason}: {detail}" if detail else reason


def _report(request: Request, reason: str) -> Callable[[], None]:
    """Return what tells the operator once the end is stored."""
    facts = {"ciba_request": request.request_id, "client_id": request.client_id, "reason": reason}
    level = logging.WARNING if reason in (NOT_ME, NOT_ME_UNVERIFIED, "lockout") else logging.INFO
    return lambda: log.log(level, "ciba_request_ended", extra=facts)

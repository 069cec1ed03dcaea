"""Which page a person sees: one pure decision over the request, the browser's attempt and the engine's step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from engine import Step
from protocols.oauth2 import Landing

__all__ = ["WORDS", "Page", "Words", "choose_page", "page_when_closed"]


class Page(StrEnum):
    """Everything that the gate can show."""

    LANDING = "landing"
    STEP = "step"
    WORKING = "working"
    APPROVED = "approved"
    DECLINED = "declined"
    STOPPED = "stopped"
    LOCKED = "locked"
    FINISHED = "finished"
    FAILED = "failed"
    EXPIRED = "expired"
    DECIDED = "decided"
    ELSEWHERE = "elsewhere"
    DISPLACED = "displaced"
    WRONG_PERSON = "wrong_person"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"
    STALE = "stale"
    BAD_FORM = "bad_form"
    BUSY = "busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A page that only says something: its status and its mark. What it says is under `pages` in the wording."""

    status: int
    mark: Literal["busy", "good", "bad", "stop", "none"] = "none"


WORDS: Mapping[Page, Words] = {
    Page.WORKING: Words(status=200, mark="busy"),
    Page.APPROVED: Words(status=200, mark="good"),
    Page.DECLINED: Words(status=200, mark="stop"),
    Page.STOPPED: Words(status=200, mark="stop"),
    Page.LOCKED: Words(status=200, mark="bad"),
    Page.FINISHED: Words(status=200, mark="good"),
    Page.FAILED: Words(status=410, mark="bad"),
    Page.EXPIRED: Words(status=410),
    Page.DECIDED: Words(status=410),
    Page.ELSEWHERE: Words(status=409),
    Page.DISPLACED: Words(status=409),
    Page.WRONG_PERSON: Words(status=403),
    Page.UNAVAILABLE: Words(status=410),
    Page.UNKNOWN: Words(status=404),
    Page.STALE: Words(status=403),
    Page.BAD_FORM: Words(status=400),
    Page.BUSY: Words(status=503),
}

_OPEN = "pending"
# What the protocol layer's record says, to somebody who holds the link but has no part in the answer.
_CLOSED: Mapping[str, Page] = {
    "expired": Page.EXPIRED,
    "failed": Page.FAILED,
    "cancelled": Page.UNAVAILABLE,
    "claimed": Page.ELSEWHERE,
    "unavailable": Page.UNAVAILABLE,
    "unknown": Page.UNKNOWN,
}
# What the flow's end says to the person who brought it about. `by` as in flow_definitions/login_approval.yaml.
_ENDED: Mapping[tuple[str, str], Page] = {
    ("approved", ""): Page.APPROVED,
    ("denied", "person"): Page.DECLINED,
    ("denied", "not_me"): Page.STOPPED,
    ("denied", "not_me_unverified"): Page.STOPPED,
    ("denied", "lockout"): Page.LOCKED,
    ("denied", ""): Page.DECLINED,
    ("expired", ""): Page.EXPIRED,
    ("fault", ""): Page.FAILED,
}


def choose_page(
    *, landing: Landing | None, mine: str | None, step: Step | None, signed_in_as: str | None, now: datetime
) -> Page:
    """Return the page for a browser whose attempt is execution *mine*, standing at *step* (both None without one)."""
    if landing is None:
        return Page.UNKNOWN
    elsewhere = landing.claimed_by not in {None, mine}
    # The end of an attempt that lost says nothing about the request.
    over = (None if elsewhere else _own_end(step)) or _closed(landing, now)
    if over is not None:
        return over
    if elsewhere:
        return Page.ELSEWHERE
    if not landing.allowed:
        return Page.UNAVAILABLE
    return _at_beginning(landing, signed_in_as) if step is None else _at_step(step, signed_in_as)


def _at_beginning(landing: Landing, signed_in_as: str | None) -> Page:
    # A session never replaces authentication; but who is signed in as somebody else is told so first.
    # Where anybody may come, there is nobody to be somebody else than.
    expected = signed_in_as in {None, landing.subject} or not landing.subject
    return Page.LANDING if expected else Page.WRONG_PERSON


def _at_step(step: Step, signed_in_as: str | None) -> Page:
    if step.status == "ended":
        return Page.DISPLACED
    if step.by is not None and step.by != signed_in_as:
        return Page.WRONG_PERSON
    return Page.STEP if step.status == "prompt" else Page.WORKING


def _closed(landing: Landing, now: datetime) -> Page | None:
    if landing.status == _OPEN:
        return Page.EXPIRED if now >= landing.expires_at else None
    return page_when_closed(landing.status)


def page_when_closed(status: str) -> Page:
    """Return the page for a request, or an attempt at one, that is closed as *status* says.

    >>> page_when_closed("redeemed")
    <Page.DECIDED: 'decided'>
    """
    return _CLOSED.get(status, Page.DECIDED)


def _own_end(step: Step | None) -> Page | None:
    if step is None or step.status != "ended" or step.outcome == "cancelled":
        return None
    outcome = step.outcome or ""
    by = str(step.result.get("by", ""))
    return _ENDED.get((outcome, by)) or _ENDED.get((outcome, ""), Page.FINISHED)

"""Which page a person sees: one pure decision over the request, the browser's attempt and the engine's step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engine import Step
from protocols.oauth2_ciba import Landing

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
    """What a page without a form says: its status, its mark, a title and a sentence or two."""

    status: int
    mark: str
    title: str
    text: str


_AGAIN = "If you still want it, start again where you came from."

WORDS: Mapping[Page, Words] = {
    Page.WORKING: Words(status=200, mark="busy", title="One moment", text="This page goes on by itself."),
    Page.APPROVED: Words(
        status=200,
        mark="good",
        title="You have approved",
        text="You can close this page and go back to where you started.",
    ),
    Page.DECLINED: Words(
        status=200, mark="none", title="You have declined", text="Nothing was approved. You can close this page."
    ),
    Page.STOPPED: Words(
        status=200,
        mark="none",
        title="The request is stopped",
        text="Nothing was approved. Thank you for telling us that it was not you. You can close this page.",
    ),
    Page.LOCKED: Words(
        status=200,
        mark="bad",
        title="Too many wrong attempts",
        text=f"For your safety we have stopped this request. Nothing was approved. {_AGAIN}",
    ),
    Page.FINISHED: Words(status=200, mark="good", title="All done", text="You can close this page."),
    Page.FAILED: Words(
        status=410,
        mark="bad",
        title="This did not work",
        text=f"Something went wrong on our side, and the request has ended. Nothing was approved. {_AGAIN}",
    ),
    Page.EXPIRED: Words(
        status=410, mark="none", title="This request has expired", text=f"Nothing was approved. {_AGAIN}"
    ),
    Page.DECIDED: Words(
        status=410,
        mark="none",
        title="This request is already decided",
        text="There is nothing left to do here. You can close this page.",
    ),
    Page.ELSEWHERE: Words(
        status=409,
        mark="none",
        title="Continued in another browser",
        text="Somebody has signed in for this request in another browser or on another device. Please go on there.",
    ),
    Page.DISPLACED: Words(
        status=409,
        mark="none",
        title="Opened in other browsers",
        text="This request was opened in several browsers, and this one has lost its turn.",
    ),
    Page.WRONG_PERSON: Words(
        status=403,
        mark="none",
        title="This is for somebody else",
        text="Another person is signed in on this browser. Only the person who was asked can answer here.",
    ),
    Page.UNAVAILABLE: Words(
        status=410,
        mark="none",
        title="This request is not available",
        text="There is nothing that you can do here. You can close this page.",
    ),
    Page.UNKNOWN: Words(
        status=404,
        mark="none",
        title="We do not know this link",
        text="Please open it again from the message, in full. Links stop working some time after their request.",
    ),
    Page.STALE: Words(
        status=403,
        mark="none",
        title="Please try again",
        text="This page was open for too long, or your browser does not keep our cookie. Nothing has been changed.",
    ),
    Page.BAD_FORM: Words(
        status=400,
        mark="none",
        title="We could not read this",
        text="What arrived is not what our page sends. Nothing has been changed.",
    ),
    Page.BUSY: Words(
        status=503,
        mark="none",
        title="We are busy",
        text="Nothing has been lost. Please try again in a moment.",
    ),
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
    over = _own_end(step) or _closed(landing, now)
    if over is not None:
        return over
    if landing.claimed_by not in {None, mine}:
        return Page.ELSEWHERE
    if not landing.allowed:
        return Page.UNAVAILABLE
    return _at_beginning(landing, signed_in_as) if step is None else _at_step(step, signed_in_as)


def _at_beginning(landing: Landing, signed_in_as: str | None) -> Page:
    # A session never replaces authentication; but who is signed in as somebody else is told so first.
    return Page.LANDING if signed_in_as in {None, landing.subject} else Page.WRONG_PERSON


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

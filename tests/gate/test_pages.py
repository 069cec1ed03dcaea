"""Which page a person sees: every status of the record, every end of the flow, every browser."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine import Step
from lockhouse.gate.pages import WORDS, Page, choose_page, page_when_closed
from lockhouse.gate.wording import load_wording
from protocols.oauth2 import Landing, Permission

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
OPEN = Landing(
    request_id="r1",
    status="pending",
    requester="Shop",
    permissions=(Permission(name="openid", title="Know you", description=None, required=True),),
    binding_message="4711",
    created_at=NOON - timedelta(seconds=2),
    expires_at=NOON + timedelta(minutes=2),
    subject="ann",
    claimed_by=None,
    allowed=True,
)
PROMPT = Step(execution="mine", flow="login_approval", status="prompt", token="t", node="ask_password")


def ended(outcome: str, result: Mapping[str, Any] | None = None) -> Step:
    return Step(execution="mine", flow="login_approval", status="ended", outcome=outcome, result=result or {})


def page(
    landing: Landing | None = OPEN,
    step: Step | None = None,
    *,
    signed_in_as: str | None = None,
    now: datetime = NOON,
) -> Page:
    mine = step.execution if step else None
    return choose_page(landing=landing, mine=mine, step=step, signed_in_as=signed_in_as, now=now)


def test_a_link_that_nobody_sent_is_not_known() -> None:
    assert page(None) is Page.UNKNOWN


def test_an_open_request_is_shown_to_a_browser_that_comes_new() -> None:
    assert page() is Page.LANDING


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("approved", Page.DECIDED),
        ("redeemed", Page.DECIDED),
        ("denied", Page.DECIDED),
        ("delivered", Page.DECIDED),
        ("undeliverable", Page.DECIDED),
        ("expired", Page.EXPIRED),
        ("failed", Page.FAILED),
        ("cancelled", Page.UNAVAILABLE),
        ("claimed", Page.ELSEWHERE),
        ("unavailable", Page.UNAVAILABLE),
        ("unknown", Page.UNKNOWN),
    ],
)
def test_a_closed_request_says_no_more_than_its_state(status: str, expected: Page) -> None:
    assert page_when_closed(status) is expected


@pytest.mark.parametrize("status", ["approved", "redeemed", "denied", "expired", "failed", "cancelled"])
@pytest.mark.parametrize("step", [None, PROMPT, ended("cancelled", {"reason": "displaced"})])
def test_a_closed_request_is_closed_in_every_browser_without_part_in_its_end(status: str, step: Step | None) -> None:
    assert page(replace(OPEN, status=status), step) is page_when_closed(status)


def test_a_request_at_its_end_has_expired_whatever_the_record_says() -> None:
    assert page(now=OPEN.expires_at) is Page.EXPIRED
    assert page(now=OPEN.expires_at - timedelta(microseconds=1)) is Page.LANDING


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (ended("approved", {"granted": ["openid"]}), Page.APPROVED),
        (ended("denied", {"by": "person"}), Page.DECLINED),
        (ended("denied", {"by": "not_me"}), Page.STOPPED),
        (ended("denied", {"by": "not_me_unverified"}), Page.STOPPED),
        (ended("denied", {"by": "lockout"}), Page.LOCKED),
        (ended("denied", {"by": "something new"}), Page.DECLINED),
        (ended("expired"), Page.EXPIRED),
        (ended("fault", {"code": "x", "node": "y"}), Page.FAILED),
        (ended("booked", {"reference": "7"}), Page.FINISHED),
    ],
)
@pytest.mark.parametrize("status", ["pending", "approved", "redeemed", "denied", "failed", "expired"])
def test_who_brought_the_end_about_reads_that_end(end: Step, expected: Page, status: str) -> None:
    assert page(replace(OPEN, status=status), end) is expected


def test_the_browser_at_a_prompt_sees_the_prompt() -> None:
    assert page(step=PROMPT) is Page.STEP
    assert page(replace(OPEN, claimed_by="mine"), PROMPT, signed_in_as="ann") is Page.STEP


@pytest.mark.parametrize("status", ["working", "waiting"])
def test_what_goes_on_by_itself_is_waited_for(status: Any) -> None:
    assert page(step=Step(execution="mine", flow="f", status=status)) is Page.WORKING


def test_once_claimed_the_other_browsers_are_sent_away() -> None:
    claimed = replace(OPEN, claimed_by="theirs")
    assert page(claimed) is Page.ELSEWHERE
    assert page(claimed, PROMPT) is Page.ELSEWHERE
    assert page(claimed, ended("cancelled", {"reason": "displaced"})) is Page.ELSEWHERE


@pytest.mark.parametrize("end", [ended("fault", {"code": "claimed_elsewhere"}), ended("denied", {"by": "lockout"})])
def test_the_end_of_an_attempt_that_lost_is_not_the_end_of_the_request(end: Step) -> None:
    """Two right passwords at once: the second one's flow ends, and the request goes on in the first one's browser."""
    assert page(replace(OPEN, claimed_by="theirs"), end) is Page.ELSEWHERE
    assert page(replace(OPEN, claimed_by="theirs", status="approved"), end) is Page.DECIDED


def test_a_browser_that_lost_its_turn_may_take_it_again() -> None:
    assert page(step=ended("cancelled", {"reason": "displaced"})) is Page.DISPLACED


def test_where_the_guard_says_no_nothing_is_told() -> None:
    assert page(replace(OPEN, allowed=False)) is Page.UNAVAILABLE
    assert page(replace(OPEN, allowed=False), PROMPT) is Page.UNAVAILABLE


def test_a_browser_of_somebody_else_is_told_so() -> None:
    assert page(signed_in_as="ben") is Page.WRONG_PERSON
    assert page(signed_in_as="ann") is Page.LANDING


def test_a_step_for_one_person_is_shown_to_their_session_only() -> None:
    step = replace(PROMPT, by="boss")
    assert page(step=step) is Page.WRONG_PERSON
    assert page(step=step, signed_in_as="ann") is Page.WRONG_PERSON
    assert page(step=step, signed_in_as="boss") is Page.STEP


def test_every_page_without_a_form_has_words_and_a_fitting_status() -> None:
    assert set(WORDS) == set(Page) - {Page.LANDING, Page.STEP}
    wording = load_wording("en")
    assert all(f"pages.{page}.{part}" in wording for page in WORDS for part in ("title", "text"))
    statuses = {page: words.status for page, words in WORDS.items()}
    assert statuses[Page.UNKNOWN] == 404
    assert statuses[Page.WRONG_PERSON] == 403
    assert {statuses[page] for page in (Page.EXPIRED, Page.DECIDED)} == {410}
    assert {statuses[page] for page in (Page.APPROVED, Page.DECLINED, Page.LOCKED, Page.WORKING)} == {200}

"""The order at the token endpoint, decided from the record alone (requirements 53 to 56, 64 to 70)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from protocols.oauth2.confirmations import Confirmation
from protocols.oauth2.pace import Pace
from protocols.oauth2_ciba.evaluation import (
    ANSWERS,
    Evaluation,
    Over,
    Poll,
    Redeemable,
    Repeated,
    Waiting,
    error_of,
    evaluate,
)
from protocols.oauth2_ciba.requests import Request
from protocols.oauth2_ciba.states import MOVES, State
from tests.protocols.world import NOON

MINUTE = timedelta(seconds=60)
PENDING = Request(
    request_id="r1",
    client_id="shop",
    user_id="ann",
    delivery_mode="poll",
    scopes=("openid",),
    status=State.PENDING,
    reason=None,
    created_at=NOON,
    expires_at=NOON + timedelta(seconds=120),
    redeem_by=NOON + timedelta(seconds=130),
    pace=Pace(interval=timedelta(seconds=5)),
    flow_execution_id="e1",
    login_execution_id=None,
    flow_digest=None,
    acr_values=None,
    resources=(),
    hint_unverified=False,
    decoy=False,
    granted=(),
    methods=(),
    auth_time=None,
    redeemed_at=None,
    grant_id=None,
    binding_message=None,
    answer=None,
    answer_key=None,
    confirmation=None,
    sealed_auth_req_id=None,
    sealed_notification_token=None,
)


def poll(request: Request | None, *, seconds: float = 0, client: str = "shop", key: bytes | None = None) -> Evaluation:
    asked = Poll(client_id=client, now=NOON + timedelta(seconds=seconds), key=key)
    return evaluate(request, asked, keep_answer=MINUTE, replay_after=MINUTE)


def told(evaluation: Evaluation) -> str:
    assert isinstance(evaluation, Over | Waiting), evaluation
    return evaluation.error.error


@pytest.mark.parametrize("status", [state for state in State if state is not State.APPROVED])
def test_each_stored_state_has_its_answer(status: State) -> None:
    """Requirements 65 to 70: the table of states in code, and what the specification calls them, agree."""
    expected = {move.to: move.poll for move in MOVES} | {State.PENDING: "authorization_pending"}
    assert told(poll(replace(PENDING, status=status))) == expected[status]
    assert error_of(status).status == 400


@pytest.mark.parametrize("request_", [None, replace(PENDING, client_id="bank")])
@pytest.mark.parametrize("status", list(State))
def test_unknown_and_another_clients_are_one_answer(request_: Request | None, status: State) -> None:
    """Requirement 54."""
    found = None if request_ is None else replace(request_, status=status)
    answer = poll(found)
    assert isinstance(answer, Over)
    assert answer.error == error_of(State.CANCELLED)
    assert (answer.revoke, answer.audit) == (None, False)


def test_a_final_state_goes_before_the_pace() -> None:
    """Requirement 64: never ``slow_down`` once the result is there."""
    hasty = replace(PENDING, pace=replace(PENDING.pace, last_at=NOON, early=99))
    assert told(poll(hasty, seconds=1)) == "invalid_request"
    assert told(poll(replace(hasty, status=State.DENIED), seconds=1)) == "access_denied"
    assert isinstance(poll(replace(hasty, status=State.APPROVED), seconds=1), Redeemable)


def test_expiry_goes_before_the_pace_and_needs_no_sweep() -> None:
    """Requirement 67."""
    hasty = replace(PENDING, pace=replace(PENDING.pace, last_at=NOON + timedelta(seconds=119)))
    assert told(poll(hasty, seconds=119.999999)) == "slow_down"
    assert told(poll(hasty, seconds=120)) == "expired_token"


def test_an_approval_can_be_collected_until_redeem_by() -> None:
    approved = replace(PENDING, status=State.APPROVED)
    assert isinstance(poll(approved, seconds=129.999999), Redeemable)
    assert told(poll(approved, seconds=130)) == "expired_token"


KEY, CERTIFICATE = Confirmation("jkt", "thumbprint"), Confirmation("x5t#S256", "thumbprint")
REDEEMED = replace(PENDING, status=State.REDEEMED, redeemed_at=NOON, grant_id="g1", answer=b"sealed", answer_key=b"k1")


@pytest.mark.parametrize(("seconds", "revoked"), [(0, None), (60, None), (60.000001, "g1"), (3600, "g1")])
def test_a_second_attempt_costs_the_grant_only_after_a_minute(seconds: float, revoked: str | None) -> None:
    """Requirement 56, and cases 43 and 44 of the best peer."""
    answer = poll(REDEEMED, seconds=seconds)
    assert isinstance(answer, Over)
    assert (answer.error.error, answer.revoke, answer.audit) == ("invalid_grant", revoked, True)


@pytest.mark.parametrize("first", [None, KEY, CERTIFICATE])
@pytest.mark.parametrize("second", [None, KEY, CERTIFICATE])
def test_a_second_attempt_with_another_key_costs_the_grant_at_once(
    first: Confirmation | None, second: Confirmation | None
) -> None:
    asked = Poll(client_id="shop", now=NOON, confirmation=second)
    redeemed = replace(REDEEMED, confirmation=first)
    answer = evaluate(redeemed, asked, keep_answer=MINUTE, replay_after=MINUTE)
    assert isinstance(answer, Over)
    assert answer.revoke == (None if first == second else "g1")


def test_the_same_attempt_gets_its_stored_answer_for_a_minute() -> None:
    assert poll(REDEEMED, seconds=59, key=b"k1") == Repeated(b"sealed")
    assert told(poll(REDEEMED, seconds=60, key=b"k1")) == "invalid_grant"
    assert told(poll(REDEEMED, seconds=1, key=b"k2")) == "invalid_grant"
    assert told(poll(REDEEMED, seconds=1)) == "invalid_grant"
    assert told(poll(replace(REDEEMED, answer=None, answer_key=None), key=None)) == "invalid_grant"
    assert told(poll(REDEEMED, seconds=1, client="bank", key=b"k1")) == "invalid_grant"


def test_every_state_but_the_approved_has_an_answer() -> None:
    assert set(ANSWERS) == set(State) - {State.APPROVED}

"""What a poll earns, decided from the record alone and in a fixed order (CIBA Core section 11): pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from protocols.oauth2 import OAuthError
from protocols.oauth2.confirmations import Confirmation
from protocols.oauth2.pace import Pace, Verdict, after_hold, judge
from protocols.oauth2_ciba.requests import Request
from protocols.oauth2_ciba.states import PUSH, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One token request for one auth_req_id. ``key`` is the keyed hash of its Idempotency-Key and its sender's key.

    ``confirmation`` is what its tokens would be bound to.
    ``overlaps``: another one for it waits for its answer. ``held``: its own answer was held back until now.
    """

    client_id: str
    now: datetime
    key: bytes | None = None
    confirmation: Confirmation | None = None
    overlaps: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """Still pending: store ``pace`` where it changed, and answer with ``error``. A poll in time may wait longer."""

    pace: Pace
    error: OAuthError

    @property
    def in_time(self) -> bool:
        """Whether the poll did not come too early."""
        return self.error.error == ANSWERS[State.PENDING][0]


@dataclass(frozen=True, slots=True)
class Redeemable:
    """Approved and in time: build tokens and redeem."""

    request: Request


@dataclass(frozen=True, slots=True)
class Repeated:
    """Redeemed already, and this is the same attempt again: give the stored answer once more."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing more to come: answer with ``error``; ``revoke`` names the grant that this attempt costs."""

    error: OAuthError
    revoke: str | None = None
    audit: bool = False


Evaluation = Waiting | Redeemable | Repeated | Over

_PUSHED = "the tokens of this request are delivered by push"
_GONE = "this auth_req_id is not valid: start again"
ANSWERS: Mapping[State, tuple[str, str]] = MappingProxyType(
    {
        State.PENDING: ("authorization_pending", "the person has not decided yet"),
        State.DENIED: ("access_denied", "the request was refused"),
        State.FAILED: ("expired_token", "the request could not be completed, start again"),
        State.CANCELLED: ("invalid_grant", _GONE),
        State.EXPIRED: ("expired_token", "the request has expired, start again"),
        State.REDEEMED: ("invalid_grant", _GONE),
        State.DELIVERED: ("unauthorized_client", _PUSHED),
        State.UNDELIVERABLE: ("unauthorized_client", _PUSHED),
    }
)


def unknown() -> OAuthError:
    """Return the answer to an auth_req_id that is nobody's or another client's: one text, so that it tells neither."""
    return OAuthError("invalid_grant", _GONE)


def pushed() -> OAuthError:
    """Return the answer to a client that polls for what it is sent (CIBA Core section 11)."""
    return OAuthError("unauthorized_client", _PUSHED)


def evaluate(request: Request | None, poll: Poll, *, keep_answer: timedelta, replay_after: timedelta) -> Evaluation:
    """Return what *poll* earns. Time comes in as a value; the state that is stored decides before the pace does."""
    if request is None or request.client_id != poll.client_id:
        return Over(unknown())
    if request.delivery_mode == PUSH:  # its client has been registered anew since
        return Over(pushed())
    state = request.state_at(poll.now)
    match state:
        case State.REDEEMED:
            return _redeemed_before(request, poll, keep_answer, replay_after)
        case State.APPROVED:
            return Redeemable(request)
        case State.PENDING:
            return _still_pending(request.pace, poll)
        case _:
            return Over(error_of(state))


def error_of(state: State) -> OAuthError:
    """Return what a poll is told of *state*."""
    return OAuthError(*ANSWERS[state])


def waiting(pace: Pace, now: datetime, *, overlaps: bool = False) -> Waiting:
    """Return what asking at *now* for a request that is still pending earns."""
    after, verdict = judge(pace, now, overlaps=overlaps)
    match verdict:
        case Verdict.ANSWER:
            return Waiting(after, error_of(State.PENDING))
        case Verdict.SLOW_DOWN:
            return Waiting(after, OAuthError("slow_down", f"wait {after.interval.seconds} seconds between requests"))
        case Verdict.STOP:
            return Waiting(after, OAuthError("invalid_request", "too many requests came too early: stop and wait"))


def _still_pending(pace: Pace, poll: Poll) -> Waiting:
    if poll.held:
        return Waiting(after_hold(pace), error_of(State.PENDING))
    return waiting(pace, poll.now, overlaps=poll.overlaps)


def _redeemed_before(request: Request, poll: Poll, keep_answer: timedelta, replay_after: timedelta) -> Repeated | Over:
    """Tell a retry of one lost answer from a replay of a stolen auth_req_id."""
    age = poll.now - (request.redeemed_at or poll.now)
    same = request.answer is not None and poll.key is not None and poll.key == request.answer_key
    if same and request.answer is not None and age < keep_answer:
        return Repeated(request.answer)
    # Whoever lost an answer still has the key that they asked with: another one is somebody else's.
    replayed = age > replay_after or poll.confirmation != request.confirmation
    return Over(error_of(State.REDEEMED), revoke=request.grant_id if replayed else None, audit=True)

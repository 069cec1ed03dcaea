"""The state machine of a backchannel request as one table. Statements, answers and pictures are made from it.

Each move is one conditional UPDATE that names the state it leaves, so no writer can undo what another one did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

PUSH = "push"
NOTHING = "-"
_ALL = frozenset({"poll", "ping", PUSH})
# An approval of the others is fetched; that of a push client is brought, and only that can come to nothing.
_COLLECTED = _ALL - {PUSH}


class State(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REDEEMED = "redeemed"
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"


class Event(StrEnum):
    """What can happen to a request. An event leaves one state only."""

    ASSERTION = "valid assertion"
    DENIAL = "flow ended denied: person or not me"
    REFUSAL = "attempts used up, or the guard says no"
    FAILURE = "fault, no channel left, or flow ended without an answer"
    CANCELLATION = "client or operator cancels"
    LAPSE = "now is at or past expires_at"
    REDEMPTION = "redeem"
    DELIVERY = "push answered 2xx"
    GIVING_UP = "push given up: tokens revoked"
    REVOCATION = "guard, person in the inbox, or operator"
    NOT_COLLECTED = "now is at or past redeem_by"


class Moment(StrEnum):
    """The column that a move compares with *now*, and how. What is pushed has no ``redeem_by`` to keep."""

    BEFORE_EXPIRY = "expires_at > now"
    AT_EXPIRY = "expires_at <= now"
    BEFORE_REDEEM_BY = "redeem_by > now"
    AT_REDEEM_BY = "redeem_by <= now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One filled cell of the table, with what each kind of client is told afterwards.

    What has run out can only expire: a poll was told so already, even where no sweep has come by. ``modes`` are the
    delivery modes of the requests that it moves.
    """

    at: State
    event: Event
    to: State
    when: Moment | None = None
    poll: str
    ping: str
    push: str
    modes: frozenset[str] = _ALL

    def tells(self, mode: str) -> str:
        """Return what a client of *mode* is sent when a request has moved so, or ``-``."""
        return {"ping": self.ping, PUSH: self.push}.get(mode, NOTHING)


def _denied(at: State, event: Event) -> Move:
    told = {State.PENDING: ("ping", "access_denied")}.get(at, ("-", "-"))
    when = Moment.BEFORE_EXPIRY if at is State.PENDING else Moment.BEFORE_REDEEM_BY
    return Move(at=at, event=event, to=State.DENIED, when=when, poll="access_denied", ping=told[0], push=told[1])


MOVES: tuple[Move, ...] = (
    Move(
        at=State.PENDING,
        event=Event.ASSERTION,
        to=State.APPROVED,
        when=Moment.BEFORE_EXPIRY,
        poll="tokens",
        ping="ping",
        push="tokens",
    ),
    _denied(State.PENDING, Event.DENIAL),
    _denied(State.PENDING, Event.REFUSAL),
    Move(
        at=State.PENDING,
        event=Event.FAILURE,
        to=State.FAILED,
        when=Moment.BEFORE_EXPIRY,
        poll="expired_token",
        ping="ping",
        push="transaction_failed",
    ),
    Move(
        at=State.PENDING,
        event=Event.CANCELLATION,
        to=State.CANCELLED,
        when=Moment.BEFORE_EXPIRY,
        poll="invalid_grant",
        ping="-",
        push="-",
    ),
    Move(
        at=State.PENDING,
        event=Event.LAPSE,
        to=State.EXPIRED,
        when=Moment.AT_EXPIRY,
        poll="expired_token",
        ping="-",
        push="expired_token",
    ),
    Move(
        at=State.APPROVED,
        event=Event.REDEMPTION,
        to=State.REDEEMED,
        when=Moment.BEFORE_REDEEM_BY,
        poll="invalid_grant",
        ping="-",
        push="-",
        modes=_COLLECTED,
    ),
    Move(
        at=State.APPROVED,
        event=Event.DELIVERY,
        to=State.DELIVERED,
        poll="unauthorized_client",
        ping="-",
        push="-",
        modes=frozenset({PUSH}),
    ),
    Move(
        at=State.APPROVED,
        event=Event.GIVING_UP,
        to=State.UNDELIVERABLE,
        poll="unauthorized_client",
        ping="-",
        push="-",
        modes=frozenset({PUSH}),
    ),
    _denied(State.APPROVED, Event.REVOCATION),
    Move(
        at=State.APPROVED,
        event=Event.NOT_COLLECTED,
        to=State.EXPIRED,
        when=Moment.AT_REDEEM_BY,
        poll="expired_token",
        ping="-",
        push="-",
        modes=_COLLECTED,
    ),
)

BY_EVENT: Mapping[Event, Move] = MappingProxyType({move.event: move for move in MOVES})
FINAL: frozenset[State] = frozenset(State) - {move.at for move in MOVES}


def next_state(at: State, event: Event, mode: str = "poll") -> State | None:
    """Return where *event* leads a request of *mode* from *at*, or None for an empty cell: nothing changes.

    >>> next_state(State.APPROVED, Event.DENIAL) is None
    True
    """
    move = BY_EVENT[event]
    return move.to if move.at is at and mode in move.modes else None


def diagram() -> str:
    """Return the machine as Mermaid."""
    arrows = [f"    {move.at} --> {move.to}: {move.event.value.replace(':', ',')}" for move in MOVES]
    ends = [f"    {state} --> [*]" for state in State if state in FINAL]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.PENDING}", *arrows, *ends]) + "\n"


def table() -> str:
    """Return the machine as a Markdown table."""
    head = [
        "| from | event | only if | to | poll afterwards | ping | push |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    rows = [f"| {m.at} | {m.event.value} | {_only_if(m)} | {m.to} | `{m.poll}` | {m.ping} | {m.push} |" for m in MOVES]
    return "\n".join([*head, *rows]) + "\n"


def _only_if(move: Move) -> str:
    modes = [] if move.modes == _ALL else [" or ".join(sorted(move.modes))]
    return ", ".join([*modes, *([move.when.value] if move.when else [])]) or NOTHING

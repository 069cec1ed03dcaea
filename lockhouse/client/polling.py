"""When to ask the token endpoint again, and when to stop: decided from values alone (CIBA Core sections 10.1, 11)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from lockhouse.client.errors import refusal
from lockhouse.client.exchange import BUSY, Answer, Heard, Lost
from lockhouse.client.results import Denied, Expired, Failed

__all__ = ["LONG_POLL", "Granted", "Over", "PollAt", "Wait", "begin", "hear", "hold"]

LONG_POLL: Final = 30
# CIBA Core section 11: slow_down asks for five more seconds, for this and every later poll.
_SLOWER: Final = 5.0
_FIRST_BACKOFF: Final = 1.0
_LONGEST_BACKOFF: Final = 30.0
_MOST_GRACE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Where a wait stands; all times in seconds of a steady clock.

    ``pause`` is what is left between polls beyond the provider's ``interval``: long where a ping will tell.
    An approval of the last moment can be collected until ``ends``.
    """

    interval: float
    expires: float
    ends: float
    pause: float = 0.0
    sent: float | None = None
    failures: int = 0

    def sending(self, now: float) -> "Wait":
        """Return the wait with a poll that leaves at *now*: the interval counts from there."""
        return replace(self, sent=now)


@dataclass(frozen=True, slots=True)
class PollAt:
    """Not decided: poll at the moment ``at``, not earlier."""

    wait: Wait
    at: float


@dataclass(frozen=True, slots=True)
class Granted:
    """The answer holds tokens, which nobody has verified yet."""

    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing more comes. ``lost`` tells that the last polls were not answered: then nobody knows how it ended."""

    outcome: Denied | Expired | Failed
    lost: bool = False


Decision = PollAt | Granted | Over


def begin(*, interval: float, left: float, now: float, pause: float = 0.0) -> Wait:
    """Return the beginning of a wait for a request that lives for *left* more seconds."""
    expires = now + left
    return Wait(interval=interval, expires=expires, ends=expires + min(2 * interval, _MOST_GRACE), pause=pause)


def hold(wait: Wait, now: float) -> int:
    """Return for how many seconds the provider may hold a poll of *now* back."""
    return max(0, min(LONG_POLL, int(wait.ends - now)))


def hear(wait: Wait, heard: Heard, *, now: float) -> Decision:
    """Return what follows from what a poll was answered at *now*; raise Refused where polling on is of no use."""
    if isinstance(heard, Lost):
        return _later(replace(wait, failures=wait.failures + 1), now)
    if heard.status == 200:
        return Granted(heard.told())
    if heard.status in BUSY:
        return _later(replace(wait, failures=wait.failures + 1), now, asked=heard.retry_after() or 0.0)
    match heard.told().get("error"):
        case "authorization_pending":
            return _later(replace(wait, failures=0), now)
        case "slow_down":
            return _later(replace(wait, failures=0, interval=wait.interval + _SLOWER), now)
        case _:
            return _over(heard)


def _over(answer: Answer) -> Over:
    told = answer.told()
    description = str(told.get("error_description", ""))
    match told.get("error"):
        case "access_denied":
            return Over(Denied(description=description))
        case "expired_token":
            return Over(Expired(description=description))
        case "invalid_grant":
            return Over(Failed(code="invalid_grant", description=description))
        case _:
            raise refusal(answer.status, told)


def _later(wait: Wait, now: float, *, asked: float = 0.0) -> PollAt | Over:
    """Return when to poll next: not before the interval is over, and not after it could still help."""
    sent = now if wait.sent is None else wait.sent
    earliest = max(now + asked, sent + wait.interval)
    wanted = max(earliest, sent + wait.pause, now + _backoff(wait.failures))
    at = max(earliest, min(wanted, wait.expires))
    if at >= wait.ends:
        return Over(Expired(description="no decision came in time"), lost=wait.failures > 0)
    return PollAt(wait, at)


def _backoff(failures: int) -> float:
    """Return how long to leave a provider alone that does not answer (RFC 8628 section 3.5).

    >>> [_backoff(failures) for failures in range(7)]
    [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0]
    """
    return min(_FIRST_BACKOFF * 2.0 ** min(failures - 1, 10), _LONGEST_BACKOFF) if failures else 0.0

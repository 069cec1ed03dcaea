"""How often a client may ask (CIBA Core section 11): pure, over the four polling columns."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

TOLERANCE = timedelta(milliseconds=500)
STEP = timedelta(seconds=5)
CAP = timedelta(seconds=60)
PATIENCE = 10


class Verdict(Enum):
    """What a poll for a pending request earns."""

    ANSWER = "authorization_pending"
    SLOW_DOWN = "slow_down"
    STOP = "invalid_request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How one client has been polling for one auth_req_id.

    ``last_at`` is the arrival of the last counted poll: one that came too early is not counted, so that asking too
    often does not push the next good moment away. ``raised_at`` is when the interval last grew.
    """

    interval: timedelta
    last_at: datetime | None = None
    raised_at: datetime | None = None
    early: int = 0

    def is_too_early(self, now: datetime) -> bool:
        """Return whether *now* comes before the client was told to come back, with half a second forgiven."""
        return self.last_at is not None and now - self.last_at < self.interval - TOLERANCE


def judge(pace: Pace, now: datetime, *, overlaps: bool = False) -> tuple[Pace, Verdict]:
    """Decide what a poll at *now* earns, and how the pace stands after it.

    Too early: five seconds more for good, at most once per elapsed interval and up to 60 seconds; after ten too-early
    polls in a row ``invalid_request``, and the request stays alive. A poll that *overlaps* one that still waits for its
    answer is always too early.

    >>> from datetime import UTC
    >>> noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    >>> after, verdict = judge(Pace(interval=timedelta(seconds=5), last_at=noon), noon + timedelta(seconds=4))
    >>> (after.interval.seconds, verdict.value)
    (10, 'slow_down')
    """
    if not overlaps and not pace.is_too_early(now):
        return replace(pace, last_at=now, early=0), Verdict.ANSWER
    if pace.early >= PATIENCE:
        return pace, Verdict.STOP
    slower = replace(pace, early=pace.early + 1)
    if pace.raised_at is not None and now - pace.raised_at < pace.interval:
        return slower, Verdict.SLOW_DOWN
    raised = max(pace.interval, min(pace.interval + STEP, CAP))
    return replace(slower, interval=raised, raised_at=now), Verdict.SLOW_DOWN


def after_hold(pace: Pace) -> Pace:
    """Return how the pace stands after an answer was held back: the next poll is not too early, whenever it comes."""
    return replace(pace, last_at=None, early=0)

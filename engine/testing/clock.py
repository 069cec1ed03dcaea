"""A clock that stands still until it is moved."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Tells the time that it was set to.

    >>> clock = FakeClock()
    >>> clock.advance(timedelta(minutes=5))
    >>> clock.now().isoformat()
    '2030-01-01T12:05:00+00:00'
    """

    def __init__(self, now: datetime = datetime(2030, 1, 1, 12, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the moment that it is set to."""
        return self._now

    def advance(self, span: timedelta) -> None:
        """Move on by *span*."""
        self._now += span

"""How much time a person has left, as a sentence part and as seconds for the page's clock."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["TimeLeft", "time_left"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLeft:
    """The rest of a request's life. `seconds` is never negative."""

    seconds: int
    until: str
    iso: str

    @property
    def words(self) -> str:
        """Return the time in words.

        >>> TimeLeft(seconds=61, until="", iso="").words
        '1 minute 1 second'
        """
        if self.seconds >= 2 * 3600:
            return _count(self.seconds // 3600, "hour")
        minutes, seconds = divmod(self.seconds, 60)
        parts = [_count(minutes, "minute")] * bool(minutes) + [_count(seconds, "second")] * bool(seconds or not minutes)
        return " ".join(parts)


def time_left(ends: datetime, now: datetime) -> TimeLeft:
    """Return what is left at *now* until *ends*."""
    utc = ends.astimezone(UTC)
    return TimeLeft(
        seconds=max(0, math.ceil((ends - now).total_seconds())),
        until=f"{utc:%H:%M} UTC",
        iso=utc.isoformat(timespec="seconds"),
    )


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"

"""How long a person's next password try has to wait after failures; ciba.md "Lifetimes, limits, fatigue". Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.storage import to_micros

__all__ = ["DelayRule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayRule:
    """The first *free* failures in a row cost nothing; then each doubles the wait, up to *longest*.

    It never becomes a lock: whoever holds a link could otherwise lock a person out for good.
    """

    free: int
    longest: timedelta

    def after(self, failures: int) -> timedelta:
        """Return the wait after so many failures in a row.

        >>> rule = DelayRule(free=5, longest=timedelta(minutes=5))
        >>> [rule.after(failures).total_seconds() for failures in (4, 5, 6, 7, 60)]
        [0.0, 0.0, 1.0, 2.0, 300.0]
        """
        beyond = failures - self.free
        if beyond <= 0:
            return timedelta(0)
        return min(self.longest, timedelta(seconds=2 ** min(beyond - 1, 20)))

    def next_try_at(self, failures: int, now: datetime) -> int:
        """Return before which moment, in microseconds, a try is too early after so many failures; 0 where none is.

        Where nothing is to be waited for it is not *now*: tries at the same time are not counted in the order of their
        clocks, and the one that came first may be counted last.
        """
        wait = self.after(failures)
        return to_micros(now + wait) if wait else 0

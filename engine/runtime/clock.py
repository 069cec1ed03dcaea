"""The only place in the engine that looks at a clock."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the moment it is, aware and in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the moment it is, aware and in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the clock that everybody else is given

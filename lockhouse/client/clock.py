"""The two clocks of a client: one that tells the time, one that never goes back."""

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Clock"]


@dataclass(frozen=True, slots=True)
class Clock:
    """``now`` in seconds since 1970, for what others read; ``steady`` in seconds since some moment, for waiting."""

    now: Callable[[], float] = time.time  # noqa: TID251 - this client stands alone and has no engine's Clock
    steady: Callable[[], float] = time.monotonic

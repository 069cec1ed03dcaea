"""Work that comes back: sweeps that any process may do, each with its own rhythm, none able to end another."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

__all__ = ["Sweep", "sweeping"]

_log = logging.getLogger(__name__)

_LONGEST_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One kind of due work. *act* returns how many rows it touched: while that is not 0, it is called again at once."""

    name: str
    every: timedelta
    act: Callable[[], Awaitable[int]]


@asynccontextmanager
async def sweeping(sweeps: Sequence[Sweep]) -> AsyncIterator[None]:
    """Do *sweeps* for as long as the block lasts. What fails is logged, and tried again after a growing pause."""
    tasks = [asyncio.create_task(_repeat(sweep), name=f"sweep:{sweep.name}") for sweep in sweeps]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _repeat(sweep: Sweep) -> None:
    failures = 0
    while True:
        try:
            touched = await sweep.act()
            failures = 0
        except Exception as error:  # noqa: BLE001 - due work must go on, whatever went wrong once
            failures += 1
            touched = 0
            _log.warning(
                "sweep_failed", extra={"sweep": sweep.name, "failures": failures, "error": type(error).__name__}
            )
        if not touched:
            await asyncio.sleep(_pause(sweep.every, failures).total_seconds())


def _pause(every: timedelta, failures: int) -> timedelta:
    grown: timedelta = every * (1 << min(failures, 10))
    return min(max(every, _LONGEST_PAUSE), grown)

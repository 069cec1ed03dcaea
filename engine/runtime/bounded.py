"""Foreign coroutines: they get so much time and no more, whatever they make of being cancelled."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

T = TypeVar("T")


async def bounded(work: Coroutine[Any, Any, T], longest: timedelta) -> T:
    """Return what *work* returns; TimeoutError after *longest*.

    When its time is up, or when whoever waits is cancelled, *work* is cancelled and not waited for: one that ignores
    that is left behind, and what it comes to is forgotten. One that cancels itself raises RuntimeError.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=longest.total_seconds())
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_forget)
    if not task.done():
        raise TimeoutError
    if task.cancelled():
        raise RuntimeError("it was cancelled, and not from outside")
    return task.result()


def _forget(task: asyncio.Future[Any]) -> None:
    """Look at the result, so that nobody reports it as one that was never looked at."""
    if not task.cancelled():
        task.exception()

"""Holding answers back: who may wait, for how long, and that nobody waits for a client that has left."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

from starlette.requests import Request

from engine.http.reading import Limits

T = TypeVar("T")
LONGEST: Final = 30
_WAIT: Final = re.compile(r"\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?:;.*)?", re.ASCII | re.IGNORECASE)


def preferred_wait(values: Sequence[str]) -> int | None:
    """Return how many seconds ``Prefer: wait=N`` (RFC 7240) asks for, 30 at most; None where it does not.

    >>> preferred_wait(["respond-async, wait=25"])
    25
    """
    for preference in ",".join(values).split(","):
        if match := _WAIT.fullmatch(preference):
            return min(int(match[1]), LONGEST)
    return None


class ClientLeft(Exception):
    """Nobody is there any more to be answered."""


class Waiting:
    """Counts those who wait, so that they never crowd out those who act."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._all = limits, 0
        self._each: Counter[str] = Counter()

    @contextmanager
    def place(self, execution: str) -> Iterator[bool]:
        """Give a place to wait for news of *execution*: False where none is free: answer at once."""
        if self._all >= self._limits.held or self._each[execution] >= self._limits.held_each:
            yield False
            return
        self._all += 1
        self._each[execution] += 1
        try:
            yield True
        finally:
            self._all -= 1
            self._each[execution] -= 1
            if not self._each[execution]:
                del self._each[execution]


async def unless_left(request: Request, work: Awaitable[T]) -> T:
    """Return what *work* returns; ClientLeft, and *work* cancelled, as soon as the client has gone.

    The body has been read before: what still comes from the connection is its end.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientLeft
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

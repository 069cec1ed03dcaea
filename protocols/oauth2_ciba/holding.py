"""Holding a poll back while its request is pending: for news, for the client to leave, or for the time to pass."""

import asyncio
import random
from contextlib import AbstractAsyncContextManager, nullcontext
from enum import Enum

from engine.storage import Database
from protocols.oauth2 import TokenRequest
from protocols.oauth2_ciba.evaluation import Waiting
from protocols.oauth2_ciba.requests import Request
from protocols.oauth2_ciba.waiting import Waiters
from protocols.oauth2_ciba.watching import Watch

# Polls whose wait is over come in waves, as they began: so many are judged at a time, and others get in between.
_TURNS = 64
# Those who came together are not to come back together.
_SHORTEST = 0.9
# An event loop's clock may ring a moment early.
_INSTANT = 0.01


class Held(Enum):
    """How the wait of a poll came to its end."""

    FOR_NEWS = "the request has moved"
    IN_VAIN = "its time is up"


class Holding:
    """Lets polls wait that ask for it, as far as there is room."""

    def __init__(self, *, database: Database, waiters: Waiters) -> None:
        self._waiters = waiters
        self._watch = Watch(database=database, waiters=waiters)
        self._turns = asyncio.Semaphore(_TURNS)

    def waits(self, request: Request) -> bool:
        """Return whether a poll for *request* waits in this process."""
        return request.request_id in self._waiters

    async def wait(self, request: Request | None, found: Waiting, asked: TokenRequest) -> Held | None:
        """Wait for news of a pending request; return None where the answer that there is will do."""
        hold = asked.hold
        if hold is None or request is None or not found.in_time:
            return None
        with self._waiters.place(request.request_id, request.client_id) as place:
            if place is None:
                return None
            self._watch.begin()
            left = (request.expires_at - asked.now).total_seconds()
            share = random.uniform(_SHORTEST, 1.0)  # noqa: S311 - nothing secret about it
            await hold.until(place.news, seconds=min(hold.seconds * share, left + _INSTANT))
            came = Held.FOR_NEWS if place.news.done() else Held.IN_VAIN
        return None if hold.left else came

    def turn(self, held: Held | None) -> AbstractAsyncContextManager[None]:
        """Return what a poll is judged inside of, after it was *held*."""
        return self._turns if held is Held.IN_VAIN else nullcontext()

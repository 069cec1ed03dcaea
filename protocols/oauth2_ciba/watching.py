"""One look at the database for everybody who waits: a move of another process, or a lost wake-up, is found in time."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import repeat

from sqlalchemy import bindparam, select

from engine.storage import Database, Unit
from protocols.oauth2_ciba.states import State
from protocols.oauth2_ciba.tables import REQUESTS
from protocols.oauth2_ciba.waiting import Waiters

log = logging.getLogger(__name__)

# A wake-up that was lost is noticed within a second, the time of looking included.
EVERY = 0.5
_AT_ONCE = 1024
_MOVED = select(REQUESTS.c.request_id).where(
    REQUESTS.c.request_id.in_(bindparam("ids", expanding=True)), REQUESTS.c.status != State.PENDING.value
)


class Watch:
    """Looks for moves as long as somebody waits; nobody waiting costs nothing."""

    def __init__(self, *, database: Database, waiters: Waiters, every: float = EVERY) -> None:
        self._database, self._waiters, self._every = database, waiters, every
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """See to it that somebody looks: called by whoever begins to wait."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look_on())

    async def _look_on(self) -> None:
        while len(self._waiters):
            await asyncio.sleep(self._every)
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - whoever waits is still answered when its time is up
                log.warning("long_polls_not_watched", extra={"error": type(error).__name__})

    async def _look(self) -> None:
        for ids in _batches(self._waiters.request_ids):
            for request_id in await self._database.read(partial(_moved, ids=ids)):
                self._waiters.wake(request_id)


def _moved(unit: Unit, ids: Sequence[str]) -> list[str]:
    return unit.execute(_MOVED, {"ids": list(ids)}).scalars()


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield *ids* in parts of few lengths, the last id repeated, so that the statement is not made anew each time.

    >>> [len(part) for part in _batches(["a"] * 1030)]
    [1024, 8]
    """
    for begin in range(0, len(ids), _AT_ONCE):
        part = ids[begin : begin + _AT_ONCE]
        yield [*part, *repeat(part[-1], (1 << (len(part) - 1).bit_length()) - len(part))]

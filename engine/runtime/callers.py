"""Callers who wait for what an event comes to, and who may go away, while the runner does what follows from it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from engine.runtime.recorder import Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """What came of an event: what was recorded ``first``, and ``last``, after all tasks that followed from it.

    ``last`` is None where that is not known here: tasks still run, or the lease was lost on the way.
    """

    first: Recorded | None
    last: Recorded | None


class Caller:
    """One caller. It is told directly by the task that works for it: each detour takes a turn of the event loop."""

    __slots__ = ("_answer", "_begun", "_late", "_loop")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[Performed] = self._loop.create_future()
        self._begun: Performed | None = None
        self._late = False

    async def wait(self, seconds: float) -> Performed:
        """Return what the event came to; after *seconds*, as soon as it is recorded, without what follows from it."""
        timer = self._loop.call_later(seconds, self._give_up)
        try:
            return await self._answer
        finally:
            timer.cancel()

    def begun(self, first: Recorded | None) -> None:
        """Note what was recorded first."""
        self._begun = Performed(first=first, last=None)
        if self._late:
            self.over(self._begun)

    def over(self, performed: Performed) -> None:
        """Answer, unless there was an answer or the caller has gone."""
        if not self._answer.done():
            self._answer.set_result(performed)

    def landed(self, task: asyncio.Task[Performed]) -> None:
        """Answer where *task* has ended without: it raised, or was cancelled."""
        if self._answer.done():
            return
        if self._begun is not None:
            self._answer.set_result(self._begun)
        elif task.cancelled():
            self._answer.cancel()
        elif (error := task.exception()) is not None:
            self._answer.set_exception(error)

    def _give_up(self) -> None:
        self._late = True
        if self._begun is not None:
            self.over(self._begun)

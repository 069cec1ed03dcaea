"""The loop that keeps looking for due work; wake-ups make it prompt, looking now and then makes it certain."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from engine.contracts import FlowError
from engine.runtime.clock import Clock
from engine.runtime.postman import Postman
from engine.runtime.recorder import DUE_CHANNEL
from engine.runtime.repeating import Repeating
from engine.runtime.rows import Rows
from engine.runtime.runner import Runner, Times
from engine.runtime.sweeper import Sweeper
from engine.storage import Database, Unit
from engine.storage.capabilities import Capabilities
from engine.storage.person_tokens import PersonTokenRows
from engine.storage.postbox import OUTBOX_CHANNEL
from engine.storage.traces import Traces

log = logging.getLogger(__name__)

IN_FLIGHT: Final = 64
MOST_ROUNDS: Final = 1000
TIDIED_AT_ONCE: Final = 500


class Worker:
    """Sweeps and delivers until it is closed."""

    def __init__(
        self,
        *,
        database: Database,
        runner: Runner,
        sweeper: Sweeper,
        postman: Postman,
        rows: Rows,
        repeating: Repeating,
        clock: Clock,
        times: Times,
    ) -> None:
        self._repeating = repeating
        self._database, self._runner, self._sweeper, self._postman = database, runner, sweeper, postman
        self._rows, self._clock, self._times = rows, clock, times
        self._capabilities, self._traces, self._person_tokens = Capabilities(), Traces(), PersonTokenRows()
        self._tidied_at: datetime | None = None
        self._woken = asyncio.Event()
        self._flying: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._stops: list[Callable[[], None]] = []

    async def open(self) -> None:
        """Begin to look for work."""
        for channel in (DUE_CHANNEL, OUTBOX_CHANNEL):
            self._stops.append(await self._database.listen(channel, self._woken.set))
        self._loop = asyncio.create_task(self._look())

    async def close(self) -> None:
        """Stop looking. What was begun goes on in the runner's tasks."""
        for stop in self._stops:
            stop()
        self._stops.clear()
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
            self._loop = None

    @property
    def running(self) -> bool:
        """Whether it looks for work."""
        return self._loop is not None and not self._loop.done()

    async def run_due(self) -> int:
        """Do what is due now, and what follows, until nothing is; return how many rows and messages that were."""
        done = 0
        for _ in range(MOST_ROUNDS):
            tasks = await self._begin()
            if not tasks:
                break
            done += len(tasks)
            await asyncio.gather(*tasks)
        return done

    async def tidy(self) -> int:
        """Delete what ended, happened or was sent too long ago; return how many rows that were."""
        before, forgotten = self._clock.now() - self._times.kept, 0

        def forget(unit: Unit) -> int:
            return (
                self._rows.history.forget(unit, before=before, limit=TIDIED_AT_ONCE)
                + self._rows.executions.forget_ended(unit, before=before, limit=TIDIED_AT_ONCE)
                + self._rows.outbox.forget(unit, before=before, limit=TIDIED_AT_ONCE)
                + self._repeating.forget(unit, before=before, limit=TIDIED_AT_ONCE)
                + self._capabilities.forget(unit, before=before, limit=TIDIED_AT_ONCE)
                + self._traces.forget(unit, before=before, limit=TIDIED_AT_ONCE)
                + self._person_tokens.forget(unit, before=before, limit=TIDIED_AT_ONCE)
            )

        while (some := await self._database.run(forget)) > 0:
            forgotten += some
        return forgotten

    async def _tidy_now_and_then(self) -> None:
        now = self._clock.now()
        if self._tidied_at is None or now >= self._tidied_at + self._times.tidy_every:
            self._tidied_at = now
            await self.tidy()

    async def _look(self) -> None:
        while True:
            self._woken.clear()
            try:
                begun = await self._begin() if len(self._flying) < IN_FLIGHT else []
                await self._tidy_now_and_then()
            except FlowError as error:
                log.warning("sweep_failed", extra={"error": error.code})
                begun = []
            except Exception:
                log.exception("sweep_failed")
                begun = []
            if not begun:
                await self._rest()

    async def _begin(self) -> list[asyncio.Task[None]]:
        """Claim what is due and begin on it, each in a task of the runner."""
        tasks = [self._fly(self._sweeper.take_up(claim)) for claim in await self._sweeper.sweep()]
        return tasks + [self._fly(self._postman.deliver(message)) for message in await self._postman.claim()]

    def _fly(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._runner.own(work)
        self._flying.add(task)
        task.add_done_callback(self._landed)
        return task

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        if len(self._flying) == IN_FLIGHT - 1:
            self._woken.set()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._times.poll.total_seconds()):
                await self._woken.wait()

"""Where callers wait: until what they asked for is recorded, and for the step that follows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from engine.contracts import UnknownExecution
from engine.execution import Phase, State, TimerFired
from engine.runtime.callers import Caller, Performed
from engine.runtime.clock import Clock
from engine.runtime.published import Published
from engine.runtime.recorder import Recorded, Recorder, execution_channel
from engine.runtime.rendering import Texts, render_step
from engine.runtime.rows import UNREADABLE, Held, Rows
from engine.runtime.runner import Runner, Times
from engine.runtime.steps import Status, Step
from engine.storage import Database, Unit

SETTLED: Final = frozenset[Status]({"prompt", "ended"})
NOT_WORKING: Final = frozenset[Status]({"prompt", "ended", "waiting"})


class Reception:
    """Records for callers and shows them steps; how long they are kept is bounded."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        runner: Runner,
        recorder: Recorder,
        rows: Rows,
        published: Published,
        texts: Texts,
        token: Callable[[State], str | None],
        times: Times,
    ) -> None:
        self._database, self._clock, self._runner, self._recorder = database, clock, runner, recorder
        self._rows, self._published, self._texts, self._token, self._times = rows, published, texts, token, times
        self._watches: set[asyncio.Event] = set()
        self._leaving = False

    @property
    def leaving(self) -> bool:
        """Whether ``stop_waiting`` was called: nobody is held back any more."""
        return self._leaving

    @property
    def waiting(self) -> int:
        """Return how many callers wait for a step."""
        return len(self._watches)

    def stop_waiting(self) -> None:
        """Answer everybody who waits for a step with the one there is, now and from now on."""
        self._leaving = True
        for changed in self._watches:
            changed.set()

    async def follow(self, record: Callable[[Unit], Recorded | None], texts: dict[str, str] | None = None) -> Performed:
        """Record and run in a task of the runner; wait for it as long as a caller may be kept."""
        caller = Caller()
        self._runner.own(self._runner.perform(record, texts, caller)).add_done_callback(caller.landed)
        del record, texts  # they know what was submitted
        return await caller.wait(self._times.answer.total_seconds())

    async def after(self, execution: str, performed: Performed) -> Step:
        """Return the step that follows; where *performed* knows what was stored last, it is not read again."""
        last = performed.last
        if last is None or last.held.status == "running":  # somebody else may have finished it since
            return await self.current(execution)
        due = last.held.state.wake_at
        return await self.current(execution) if due is not None and due <= self._clock.now() else self._draw(last.held)

    async def watch(self, execution: str, wait: float, settled: Callable[[Step], bool]) -> Step:
        """Return the current step, at once where it is *settled*, else after *wait* seconds at most."""
        limit = asyncio.get_running_loop().time() + wait
        changed = asyncio.Event()
        stop: Callable[[], None] | None = None
        self._watches.add(changed)
        try:
            while True:
                changed.clear()
                step = await self.current(execution)
                left = limit - asyncio.get_running_loop().time()
                if settled(step) or left <= 0 or self._leaving:
                    return step
                if stop is None:
                    stop = await self._database.listen(execution_channel(execution), changed.set)
                    continue
                await _pause(changed, min(left, self._times.poll.total_seconds()))
        finally:
            self._watches.discard(changed)
            if stop is not None:
                stop()

    async def current(self, execution: str) -> Step:
        """Return the step, with timers that are due fired first."""
        now = self._clock.now()
        due, step = await self._runner.read(partial(self._look, execution=execution))
        if due is None or due > now:
            return step

        def fire(unit: Unit) -> Recorded | None:
            locked = self._rows.lock(unit, execution)
            return None if locked is None else self._recorder.apply(unit, locked, TimerFired(), now, claim=True)

        await self.follow(fire)
        _, step = await self._runner.read(partial(self._look, execution=execution))
        return step

    def _look(self, unit: Unit, *, execution: str) -> tuple[datetime | None, Step]:
        """Return when the next timer fires and the step; one that ended unreadable is shown as a fault."""
        row = self._rows.executions.find(unit, execution)
        if row is None:
            raise UnknownExecution(execution)
        try:
            held = self._rows.open(row)
        except UNREADABLE as error:
            if row.status != "ended":
                raise
            result = {"code": error.code, "node": ""}
            return None, Step(execution=row.id, flow=row.flow, status="ended", outcome="fault", result=result)
        return held.state.wake_at, self._draw(held)

    def _draw(self, held: Held) -> Step:
        graphs = self._published.graphs
        if held.state.phase is not Phase.ENDED:
            graphs = self._published.need([frame.digest for frame in held.state.frames])
        return render_step(
            graphs,
            held.state,
            flow=held.flow,
            token=self._token(held.state),
            texts=self._texts,
            ended=held.over,
        )


def is_one_of(statuses: frozenset[Status]) -> Callable[[Step], bool]:
    """Return what asks whether a step has one of *statuses*."""
    return lambda step: step.status in statuses


async def _pause(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return

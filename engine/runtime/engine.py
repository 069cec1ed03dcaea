"""The front door of the engine: start, inspect, submit, complete, cancel."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Self

from engine.contracts import Contract, FieldProblem, InvalidFields, StepConflict, StepGone, UnknownExecution
from engine.execution import Cancelled, Phase, Refuse, Succeeded, TaskEnded, TimerFired
from engine.runtime.clock import Clock, SystemClock
from engine.runtime.ports import Executor, OnEnd, Sender
from engine.runtime.postman import Postman
from engine.runtime.published import ExecutorsDiffer, Flows, Published, unfit
from engine.runtime.recorder import Recorded, Recorder, execution_channel
from engine.runtime.rendering import render_step
from engine.runtime.rows import UNREADABLE, Held, Rows
from engine.runtime.runner import Runner, Times, graph_to_text
from engine.runtime.secrets_held import BodyHash, texts_of
from engine.runtime.steps import HistoryEntry, Status, Step
from engine.runtime.submitting import Desk, Submission
from engine.runtime.sweeper import Sweeper
from engine.runtime.tasks import Registry
from engine.runtime.worker import Worker
from engine.storage import Database, Keyring, Unit
from engine.storage.flow_versions import FlowVersions

LONGEST_WAIT: Final = 30.0
_SETTLED: Final = frozenset[Status]({"prompt", "ended"})
_NOT_WORKING: Final = frozenset[Status]({"prompt", "ended", "waiting"})


class Engine:
    """Runs flows. Open it (``async with``) to have it work: timers, abandoned tasks and the outbox.

    Several engines, in one process or many, may share a database.
    """

    def __init__(
        self,
        *,
        database: Database,
        flows: Flows,
        executors: Sequence[Executor],
        on_end: Mapping[str, OnEnd],
        senders: Mapping[str, Sender],
        keyring: Keyring,
        clock: Clock | None = None,
        lease: timedelta = timedelta(seconds=10),
        times: Times | None = None,
        work: bool = True,
    ) -> None:
        self._database, self._flows, self._keyring, self._works = database, flows, keyring, work
        self._watches: set[asyncio.Event] = set()
        self._ends = frozenset(on_end)
        self._leaving = False
        self._clock = clock or SystemClock()
        self._times = times or Times(lease=lease, renew_every=lease * 0.3)
        self._published = Published(flows)
        self._registry = Registry(executors, list(senders))
        self._check_executors()
        self._rows = Rows(keyring)
        self._recorder = Recorder(
            published=self._published,
            registry=self._registry,
            on_end=on_end,
            rows=self._rows,
            lease=self._times.lease,
        )
        self._runner = Runner(
            database=database,
            clock=self._clock,
            published=self._published,
            registry=self._registry,
            recorder=self._recorder,
            rows=self._rows,
            times=self._times,
        )
        self._desk = Desk(
            rows=self._rows,
            recorder=self._recorder,
            published=self._published,
            keyring=keyring,
            body=BodyHash(keyring),
        )
        self._worker = Worker(
            database=database,
            runner=self._runner,
            sweeper=Sweeper(
                runner=self._runner,
                recorder=self._recorder,
                rows=self._rows,
                clock=self._clock,
                lease=self._times.lease,
            ),
            postman=Postman(
                runner=self._runner,
                recorder=self._recorder,
                rows=self._rows,
                senders=senders,
                clock=self._clock,
                times=self._times,
            ),
            rows=self._rows,
            clock=self._clock,
            times=self._times,
        )

    # opening and closing

    async def open(self) -> None:
        """Store the live flow versions, load those that executions stand in, and begin to work."""
        versions, now = FlowVersions(), self._clock.now()
        graphs = [(graph, graph_to_text(graph)) for graph in self._published.live()]

        def publish(unit: Unit) -> list[str]:
            for graph, text in graphs:
                versions.put(unit, digest=graph.digest, flow=graph.name, version=graph.version, graph=text, now=now)
            return list(self._rows.executions.live_digests(unit))

        for digest in await self._database.run(publish):
            await self._runner.load_with_callees(digest)
        self._check_executors()
        if self._works:
            await self._worker.open()

    async def close(self) -> None:
        """Stop working. What still runs after a grace period is taken up by whoever works next."""
        await self._worker.close()
        await self._runner.close()

    def stop_waiting(self) -> None:
        """Answer everybody who waits for a step with the one there is, now and from now on: the process is to end."""
        self._leaving = True
        for changed in self._watches:
            changed.set()

    @property
    def leaving(self) -> bool:
        """Whether ``stop_waiting`` was called: nobody is held back any more."""
        return self._leaving

    @property
    def database(self) -> Database:
        """Where the executions are: what stands beside the engine keeps its rows there too."""
        return self._database

    @property
    def keyring(self) -> Keyring:
        """The keys that everything is sealed under."""
        return self._keyring

    @property
    def clock(self) -> Clock:
        """What tells the engine the time."""
        return self._clock

    @property
    def flows(self) -> Flows:
        """The flows that new executions may use."""
        return self._flows

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """What the installed executors promise, by name."""
        return self._registry.contracts

    @property
    def ends(self) -> frozenset[str]:
        """The names of ``on_end`` that executions may be started with."""
        return self._ends

    @property
    def working(self) -> bool:
        """Whether due work is being looked for, as far as this engine was made to: what readiness asks."""
        return not self._works or self._worker.running

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    # inside somebody's unit

    def start(
        self,
        unit: Unit,
        *,
        execution: str,
        flow: str,
        inputs: Mapping[str, Any],
        on_end: str,
        correlation: str,
        now: datetime,
        locale: str = "en",
    ) -> None:
        """Begin an execution in the caller's transaction; its transactional tasks run there too.

        Where it reaches an external task, the runner goes on with that once the unit is committed. Raises
        UnknownFlow, UnknownOnEnd, InputsInvalid, or ConstraintViolated where the id is taken.
        """
        self._recorder.start(
            unit,
            execution=execution,
            flow=flow,
            inputs=inputs,
            on_end=on_end,
            correlation=correlation,
            now=now,
            locale=locale,
            claim=False,
        )

    def complete(self, unit: Unit, *, key: str, outcome: str, fields: Mapping[str, Any], now: datetime) -> bool:
        """Answer a deferred task in the caller's transaction; return False where nobody waits for it any more.

        The caller holds no row of its own yet: executions are locked first.
        """
        row = self._rows.executions.lock_deferred(unit, key)
        if row is None:
            return False
        event = TaskEnded(key=key, result=Succeeded(outcome=outcome, fields=fields))
        recorded = self._recorder.apply(unit, self._rows.open(row), event, now, claim=False)
        return recorded.refused is None

    # by itself

    async def begin(
        self,
        *,
        execution: str,
        flow: str,
        inputs: Mapping[str, Any],
        on_end: str,
        correlation: str,
        locale: str = "en",
        beside: Callable[[Unit], None] | None = None,
    ) -> Step:
        """Begin an execution in a transaction of its own, wait for its first step and return it.

        What *beside* stores is stored together with the execution or not at all.
        """
        now = self._clock.now()

        def record(unit: Unit) -> Recorded:
            recorded = self._recorder.start(
                unit,
                execution=execution,
                flow=flow,
                inputs=inputs,
                on_end=on_end,
                correlation=correlation,
                now=now,
                locale=locale,
                claim=True,
            )
            if beside is not None:
                beside(unit)
            return recorded

        await self._follow(record)
        return await self.inspect(execution)

    async def inspect(self, execution: str, *, wait: float = 0) -> Step:
        """Return the current step, with timers that are due fired first.

        With *wait* (seconds, at most 30) the answer is held back while the execution works or waits.
        """
        return await self._watch(execution, min(max(wait, 0.0), LONGEST_WAIT), _is_one_of(_SETTLED))

    async def changed(self, execution: str, *, seen: Step, wait: float) -> Step:
        """Return the current step as soon as it is not the one *seen*, or after *wait* seconds at most (and 30)."""
        return await self._watch(execution, min(max(wait, 0.0), LONGEST_WAIT), lambda step: step != seen)

    async def _watch(self, execution: str, wait: float, settled: Callable[[Step], bool]) -> Step:
        """Return the current step, at once where it is *settled*, else after *wait* seconds at most."""
        limit = asyncio.get_running_loop().time() + wait
        changed = asyncio.Event()
        stop: Callable[[], None] | None = None
        self._watches.add(changed)
        try:
            while True:
                changed.clear()
                step = await self._current(execution)
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

    async def submit(self, execution: str, *, token: str, action: str, values: Mapping[str, Any]) -> Step:
        """Answer the step that *token* names; return what comes next, or a ``working`` step after 25 s.

        The same answer once more gets the current step. Raises UnknownExecution, InvalidFields (the token stays),
        StepConflict where another answer was first, StepGone where it comes too late.
        """
        prefix = secrets.token_urlsafe(12)
        submission = Submission(
            execution=execution, token=token, action=action, values=values, prefix=prefix, now=self._clock.now()
        )
        recorded = await self._follow(partial(self._desk.judge, submission=submission), texts_of(values, prefix))
        refused = None if recorded is None else recorded.refused
        if refused is not None and refused.code == "repeated":
            return await self._watch(execution, self._times.answer.total_seconds(), _is_one_of(_NOT_WORKING))
        step = await self.inspect(execution)
        if refused is not None:
            raise _refusal(refused, step)
        return step

    async def cancel(self, execution: str, *, reason: str) -> Step:
        """End an execution as ``cancelled``; where a task runs, after its result. One that has ended stays as it is.

        One whose state cannot be opened ends as ``fault``.
        """
        now = self._clock.now()

        def record(unit: Unit) -> Recorded | None:
            row = self._rows.executions.lock(unit, execution)
            if row is None:
                raise UnknownExecution(execution)
            if row.status == "ended":
                return None
            held = self._recorder.open_or_end(unit, row, now)
            return None if held is None else self._recorder.apply(unit, held, Cancelled(reason=reason), now, claim=True)

        await self._follow(record)
        return await self.inspect(execution)

    async def history(self, execution: str) -> tuple[HistoryEntry, ...]:
        """Return what happened to an execution, oldest first, as far as it is kept."""
        return await self._database.read(lambda unit: self._rows.read_history(unit, execution))

    async def run_due(self) -> int:
        """Do everything that is due now, and what follows from it; return how many rows and messages that were."""
        return await self._worker.run_due()

    # the rest

    async def _follow(
        self, record: Callable[[Unit], Recorded | None], texts: dict[str, str] | None = None
    ) -> Recorded | None:
        """Record and run in a task of the runner; wait for it as long as a caller may be kept."""
        first: asyncio.Future[Recorded | None] = asyncio.get_running_loop().create_future()
        task = self._runner.own(self._runner.perform(record, texts, first=first))
        del record, texts  # they know what was submitted
        await asyncio.wait({task}, timeout=self._times.answer.total_seconds())
        if not first.done():
            await asyncio.wait({task, first}, return_when=asyncio.FIRST_COMPLETED)
        return first.result() if first.done() else task.result()

    async def _current(self, execution: str) -> Step:
        now = self._clock.now()
        due, step = await self._runner.read(partial(self._look, execution=execution))
        if due is None or due > now:
            return step

        def fire(unit: Unit) -> Recorded | None:
            locked = self._rows.lock(unit, execution)
            return None if locked is None else self._recorder.apply(unit, locked, TimerFired(), now, claim=True)

        await self._follow(fire)
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
            token=self._desk.token(held.state),
            texts=self._flows.catalogue,
            ended=held.over,
        )

    def _check_executors(self) -> None:
        installed = self._registry.contracts
        problems = [line for graph in self._published.graphs.values() for line in unfit(graph, installed)]
        if problems:
            raise ExecutorsDiffer(sorted(set(problems)))


def _refusal(refused: Refuse, step: Step) -> Exception:
    match refused.code:
        case "invalid_fields":
            return InvalidFields(refused.problems)
        case "unknown_action":
            return InvalidFields((FieldProblem(field="action", code="choice", message="there is no such action"),))
        case "too_late" | "gone":
            return StepGone(step)
        case _:
            return StepConflict(step)


def _is_one_of(statuses: frozenset[Status]) -> Callable[[Step], bool]:
    return lambda step: step.status in statuses


async def _pause(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return

"""The one shell: record the event, act, record the result, in tasks that the runner owns."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from engine.contracts import Answer, FlowError, TransientError
from engine.execution import Failed, Handle, RunTask, TaskEnded
from engine.language import CallNode, Graph
from engine.runtime.callers import Caller, Performed
from engine.runtime.clock import Clock
from engine.runtime.observing import Observer, PartFacts
from engine.runtime.published import ExecutorsDiffer, GraphNotLoaded, Published, unfit
from engine.runtime.recorder import Recorded, Recorder
from engine.runtime.rows import Held, Rows
from engine.runtime.secrets_held import reveal
from engine.runtime.tasks import Registry
from engine.storage import ConstraintViolated, Database, OutcomeUnknown, Unit
from engine.storage.flow_versions import FlowVersions
from engine.storage.traces import Traces

log = logging.getLogger(__name__)

T = TypeVar("T")
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long things may take."""

    lease: timedelta = timedelta(seconds=10)
    renew_every: timedelta = timedelta(seconds=3)
    task: timedelta = timedelta(seconds=30)
    answer: timedelta = timedelta(seconds=25)
    poll: timedelta = timedelta(seconds=1)
    grace: timedelta = timedelta(seconds=5)
    kept: timedelta = timedelta(days=30)
    faults_kept: timedelta = timedelta(days=7)
    tidy_every: timedelta = timedelta(hours=1)


class Runner:
    """Carries executions from one record to the next."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        published: Published,
        registry: Registry,
        recorder: Recorder,
        rows: Rows,
        times: Times,
        observer: Observer,
    ) -> None:
        self._database, self._clock, self._published = database, clock, published
        self._registry, self._recorder, self._rows, self._times = registry, recorder, rows, times
        self._versions, self._traces, self._observer = FlowVersions(), Traces(), observer
        self._owned: set[asyncio.Task[Any]] = set()

    def own(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run *work* in a task that goes on when whoever asked for it goes away."""
        task = asyncio.create_task(work)
        self._owned.add(task)
        task.add_done_callback(self._disown)
        return task

    def _disown(self, task: asyncio.Task[Any]) -> None:
        self._owned.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, FlowError):
            log.error("runner_task_failed", extra={"error": type(error).__name__}, exc_info=error)

    async def close(self) -> None:
        """Let what runs come to an end for a while, then leave it to whoever takes it up."""
        if self._owned:
            await asyncio.wait(set(self._owned), timeout=self._times.grace.total_seconds())
        left = set(self._owned)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """Run *fn*; where it meets an execution of an older flow version, load that and run it again."""
        return await self._with_versions(self._database.run, fn)

    async def read(self, fn: Callable[[Unit], T]) -> T:
        """Run *fn* on a snapshot, with older flow versions loaded as in ``run``."""
        return await self._with_versions(self._database.read, fn)

    async def _with_versions(self, use: Callable[[Callable[[Unit], T]], Awaitable[T]], fn: Callable[[Unit], T]) -> T:
        loaded: set[str] = set()
        while True:
            try:
                return await use(fn)
            except GraphNotLoaded as missing:
                if missing.digest in loaded:
                    raise
                loaded.add(missing.digest)
                graph = await self._stored(missing.digest)
                # Another process, newer or older than this one, may have what this one lacks: it is left to that.
                if problems := unfit(graph, self._registry.contracts):
                    raise ExecutorsDiffer(problems) from None
                self._published.add(graph)

    async def _stored(self, digest: str) -> Graph:
        """Return a stored flow version; GraphNotLoaded where it is not stored."""
        text = await self._database.read(lambda unit: self._versions.get(unit, digest))
        if text is None:
            raise GraphNotLoaded(digest)
        return graph_from_text(text)

    async def load_with_callees(self, digest: str) -> None:
        """Load a stored flow version and what it calls, as far as they are not in memory."""
        while True:
            try:
                self._published.need([digest])
            except GraphNotLoaded as missing:
                self._published.add(await self._stored(missing.digest))
            else:
                return

    async def stored_with_callees(self, digest: str) -> list[Graph]:
        """Return a stored flow version and what it calls, from memory where they are there; nothing is taken in."""
        found: dict[str, Graph] = {}
        left = [digest]
        while left:
            wanted = left.pop()
            if wanted not in found:
                graph = self._published.graphs.get(wanted) or await self._stored(wanted)
                found[wanted] = graph
                left += [node.callee for node in graph.nodes.values() if isinstance(node, CallNode)]
        return list(found.values())

    async def perform(
        self,
        record: Callable[[Unit], Recorded | None],
        secrets: dict[str, str] | None = None,
        caller: Caller | None = None,
    ) -> Performed:
        """Record, then act and record for as long as tasks follow one another, and tell *caller* on the way.

        *secrets* is emptied once nothing needs it.
        """
        with self._observer.part() as part:
            begun = await self.record(self._traced(record, part.carrier))
            del record  # it knows what was submitted
            if begun is not None:
                held = begun.held
                part.known(PartFacts(execution=held.execution, flow=held.flow, first=begun.first))
            if caller is not None:
                caller.begun(begun)
            performed = Performed(first=begun, last=await self.follow(begun, secrets))
        if caller is not None:
            caller.over(performed)
        return performed

    def _traced(
        self, record: Callable[[Unit], Recorded | None], carrier: str | None
    ) -> Callable[[Unit], Recorded | None]:
        """Return *record*, which also stores *carrier* where it is the execution's first, and finds the first."""
        if carrier is None:
            return record
        now = self._clock.now()

        def traced(unit: Unit) -> Recorded | None:
            recorded = record(unit)
            if recorded is None:
                return None
            first = self._traces.first(unit, execution=recorded.held.execution, carrier=carrier, now=now)
            return replace(recorded, first=first)

        return traced

    async def follow(self, recorded: Recorded | None, secrets: dict[str, str] | None = None) -> Recorded | None:
        """Act and record what *recorded* asks for, and what follows from that; return what was recorded last."""
        typed = {} if secrets is None else secrets
        try:
            while recorded is not None and recorded.run is not None:
                if not takes_secret(recorded.run):
                    typed.clear()  # a typed secret lives until the result of its one task is recorded
                recorded = await self._act_and_record(recorded, recorded.run, typed)
            return recorded
        finally:
            typed.clear()

    async def record(self, record: Callable[[Unit], Recorded | None]) -> Recorded | None:
        """Run *record*; where the answer of its COMMIT is lost, read again by revision and go on from there.

        Raises OutcomeUnknown where that cannot be found out for as long as a lease lasts, or where *record* does not
        say what it wrote.
        """
        try:
            return await self.run(record)
        except OutcomeUnknown as error:
            lost = error.value
            if not isinstance(lost, Recorded):
                raise
        log.warning("outcome_unknown", extra={"execution": lost.held.execution})
        return await self.insist(partial(self._find_or_record, [lost], record))

    async def _find_or_record(self, lost: list[Recorded], record: Callable[[Unit], Recorded | None]) -> Recorded | None:
        """Return what the last try stored, or try once more; a try that is lost too joins *lost*."""
        if (found := await self._find(lost[-1])) is not None:
            return found
        try:
            return await self.run(record)
        except OutcomeUnknown as error:
            if isinstance(error.value, Recorded):
                lost.append(error.value)
            raise
        except ConstraintViolated:
            # The id of a new execution is taken: by the lost try, where that was stored a moment after we looked.
            if (found := await self._find(lost[-1])) is not None:
                return found
            raise

    async def _find(self, lost: Recorded) -> Recorded | None:
        """Return *lost* if it was stored, without its task where somebody has taken that up since."""
        held, written = lost.held, lost.written
        if written is None:
            return None

        def look(unit: Unit) -> Recorded | None:
            # The lock waits for a COMMIT that is still under way.
            row = self._rows.executions.lock(unit, held.execution)
            if row is None or not self._rows.holds(unit, held.execution, written):
                return None
            return lost if row.lease_epoch == held.epoch else replace(lost, run=None)

        return await self._database.run(look)

    async def insist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do *work*, again and again while the database is away, for as long as a lease lasts."""
        pause = FIRST_PAUSE
        give_up = asyncio.get_running_loop().time() + self._times.lease.total_seconds()
        while True:
            try:
                return await work()
            except TransientError as error:
                if asyncio.get_running_loop().time() + pause > give_up:
                    raise
                log.warning("record_put_off", extra={"error": error.code})
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def renewing(self, renew: Callable[[Unit], bool], work: Awaitable[T]) -> T:
        """Await *work* with its lease renewed, until it is over or the lease is lost."""
        renewal = asyncio.create_task(self._renew(renew))
        try:
            return await work
        finally:
            renewal.cancel()
            await asyncio.gather(renewal, return_exceptions=True)

    async def _act_and_record(self, recorded: Recorded, run: RunTask, secrets: Mapping[str, str]) -> Recorded | None:
        """Run one external task under the lease and record its result; None where the lease was lost."""
        held = recorded.held
        renew = partial(self._rows.executions.renew, id=held.execution, epoch=held.epoch, lease=self._times.lease)
        try:
            return await self.renewing(renew, self._run_one(recorded, run, secrets))
        except FlowError as error:
            # The row stays leased; when the lease ends, somebody takes the task up under the same key.
            log.warning("result_not_recorded", extra={"execution": held.execution, "error": error.code})
            return None

    async def _run_one(self, recorded: Recorded, run: RunTask, secrets: Mapping[str, str]) -> Recorded | None:
        answer = await self._act(recorded, run, secrets)

        async def record() -> Recorded | None:
            now = self._clock.now()
            return await self.record(
                partial(self._result, held=recorded.held, run=run, answer=answer, now=now, secrets=secrets)
            )

        return await self.insist(record)

    async def _act(self, recorded: Recorded, run: RunTask, secrets: Mapping[str, str]) -> Answer | Failed:
        inputs = reveal(run.arguments, secrets)
        if inputs is None:
            return Failed(kind="fault", code="secret_lost")
        context = self._recorder.context(recorded.held, run, self._clock.now(), recorded.held.state.locale)
        with self._observer.acting(flow=recorded.held.flow, node=run.node, executor=run.executor):
            return await self._registry.act(run, context, inputs, self._times.task)

    def _result(
        self,
        unit: Unit,
        *,
        held: Held,
        run: RunTask,
        answer: Answer | Failed,
        now: datetime,
        secrets: Mapping[str, str],
    ) -> Recorded | None:
        fence, held_now = held.epoch, self._rows.lock(unit, held.execution)
        if held_now is None or held_now.status != "running" or held_now.epoch != fence:
            return None
        came = self._registry.take(unit, run, answer)
        event = TaskEnded(key=run.key, result=came.result)
        return self._recorder.apply(unit, held_now, event, now, claim=True, secrets=secrets, send=came.send)

    async def _renew(self, renew: Callable[[Unit], bool]) -> None:
        while True:
            await asyncio.sleep(self._times.renew_every.total_seconds())
            try:
                if not await self._database.run(renew):
                    return
            except TransientError:
                continue  # the lease may last until the database is back


def takes_secret(run: RunTask) -> bool:
    """Return whether a typed secret is among the arguments."""
    return any(isinstance(value, Handle) for value in run.arguments.values())


def graph_from_text(text: str) -> Graph:
    """Return a graph from its stored JSON."""
    return Graph.from_json(json.loads(text))


def graph_to_text(graph: Graph) -> str:
    """Return a graph as it is stored."""
    return json.dumps(graph.to_json(), separators=(",", ":"))

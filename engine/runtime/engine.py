"""The front door of the engine: start, inspect, submit, signal, complete, cancel."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Self

from engine.contracts import Contract, FieldProblem, InvalidFields, StepConflict, StepGone, StepOfAnother
from engine.execution import Refuse, Succeeded, TaskEnded
from engine.language import Graph
from engine.runtime.clock import Clock, SystemClock
from engine.runtime.observing import NoObserver, Observer
from engine.runtime.parts import assemble
from engine.runtime.ports import Executor, OnEnd, Sender
from engine.runtime.published import ExecutorsDiffer, Flows, unfit
from engine.runtime.reception import NOT_WORKING, SETTLED, is_one_of
from engine.runtime.recorder import Recorded
from engine.runtime.runner import Times
from engine.runtime.secrets_held import texts_of
from engine.runtime.signalling import Signal, problems_of
from engine.runtime.steps import HistoryEntry, Step
from engine.runtime.submitting import Submission
from engine.storage import Database, Keyring, OnSettled, Unit

LONGEST_WAIT: Final = 30.0


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
        on_settled: Mapping[str, OnSettled] = MappingProxyType({}),
        keyring: Keyring,
        clock: Clock | None = None,
        lease: timedelta = timedelta(seconds=10),
        kept: timedelta = timedelta(days=30),
        times: Times | None = None,
        work: bool = True,
        observer: Observer | None = None,
    ) -> None:
        self._database, self._flows, self._keyring, self._works = database, flows, keyring, work
        self._ends = frozenset(on_end)
        self._clock = clock or SystemClock()
        self._times = times or Times(lease=lease, renew_every=lease * 0.3, kept=kept)
        parts = assemble(
            database=database,
            flows=flows,
            executors=executors,
            on_end=on_end,
            senders=senders,
            on_settled=on_settled,
            keyring=keyring,
            clock=self._clock,
            times=self._times,
            observer=observer or NoObserver(),
        )
        self._published, self._registry, self._rows = parts.published, parts.registry, parts.rows
        self._recorder, self._runner, self._worker = parts.recorder, parts.runner, parts.worker
        self._desk, self._signals, self._repeating = parts.desk, parts.signals, parts.repeating
        self._reception, self.versions, self.operations = parts.reception, parts.versions, parts.operations
        self._check_executors()

    # opening and closing

    async def open(self) -> None:
        """Publish the flows that are new, load the versions that executions stand in, and begin to work."""
        await self.versions.open()
        self._check_executors()
        if self._works:
            await self._worker.open()

    async def close(self) -> None:
        """Stop working. What still runs after a grace period is taken up by whoever works next."""
        await self.versions.close()
        await self._worker.close()
        await self._runner.close()

    def stop_waiting(self) -> None:
        """Answer everybody who waits for a step with the one there is, now and from now on: the process is to end."""
        self._reception.stop_waiting()

    @property
    def leaving(self) -> bool:
        """Whether ``stop_waiting`` was called: nobody is held back any more."""
        return self._reception.leaving

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

    def live(self, flow: str) -> Graph:
        """Return what a new execution of *flow* runs on now; UnknownFlow where there is none."""
        return self._published.latest(flow)

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """What the installed executors promise, by name."""
        return self._registry.contracts

    def digest_of(self, flow: str) -> str:
        """Return the version that a new execution of *flow* runs on here; UnknownFlow where there is none."""
        return self._published.latest(flow).digest

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

    def signal_inside(
        self,
        unit: Unit,
        *,
        execution: str,
        name: str,
        sender: str,
        payload: Mapping[str, Any],
        now: datetime,
        key: str | None = None,
    ) -> bool:
        """Send the signal *name* in the caller's transaction; return False where the execution does not take it now.

        A repetition under the same *key* is taken, without effect. Raises InvalidFields for a payload, a sender or a
        name that the flow does not allow, KeyReused, or UnknownExecution. Executions are locked first, as in
        ``complete``.
        """
        signal = Signal(execution=execution, name=name, sender=sender, payload=payload, key=key, now=now)
        refused = self._signals.judge(unit, signal, claim=False).refused
        if refused is not None and (problems := problems_of(refused)):
            raise InvalidFields(problems)
        return refused is None or refused.code == "repeated"

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
        key: str | None = None,
        scope: str = "",
    ) -> Step:
        """Begin an execution in a transaction of its own, wait for its first step and return it.

        What *beside* stores is stored together with the execution or not at all. The same start once more under the
        same *key* (an Idempotency-Key; those of different *scope* are apart) gets the step of the execution that the
        first one began. Raises KeyReused where it says other things, and what ``start`` raises.
        """
        now = self._clock.now()
        call = None if key is None else self._repeating.start(key, scope, execution, flow, inputs)

        def record(unit: Unit) -> Recorded | None:
            if call is not None and not self._repeating.accept(unit, call, now=now):
                return None
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

        performed = await self._reception.follow(record)
        if performed.first is None and call is not None:
            earlier = await self._database.read(partial(self._repeating.earlier, call=call))
            return await self.inspect(execution if earlier is None else earlier.execution)
        return await self._reception.after(execution, performed)

    async def inspect(self, execution: str, *, wait: float = 0) -> Step:
        """Return the current step, with timers that are due fired first.

        With *wait* (seconds, at most 30) the answer is held back while the execution works or waits.
        """
        return await self._reception.watch(execution, min(max(wait, 0.0), LONGEST_WAIT), is_one_of(SETTLED))

    async def changed(self, execution: str, *, seen: Step, wait: float) -> Step:
        """Return the current step as soon as it is not the one *seen*, or after *wait* seconds at most (and 30)."""
        return await self._reception.watch(execution, min(max(wait, 0.0), LONGEST_WAIT), lambda step: step != seen)

    async def submit(
        self,
        execution: str,
        *,
        token: str,
        action: str,
        values: Mapping[str, Any],
        may_answer: Callable[[str | None], bool] | None = None,
    ) -> Step:
        """Answer the step that *token* names; return what comes next, or a ``working`` step after 25 s.

        The same answer once more gets the current step. *may_answer* is asked with the person that the step is ``by``,
        None for whoever started the execution; without it the caller vouches for who answers. Raises UnknownExecution,
        InvalidFields (the token stays), StepOfAnother where *may_answer* says no, StepConflict where another answer
        was first, StepGone where it comes too late.
        """
        prefix, now = secrets.token_urlsafe(12), self._clock.now()
        submission = Submission(
            execution=execution,
            token=token,
            action=action,
            values=values,
            prefix=prefix,
            now=now,
            may_answer=may_answer,
        )
        performed = await self._reception.follow(
            partial(self._desk.judge, submission=submission), texts_of(values, prefix)
        )
        refused = None if performed.first is None else performed.first.refused
        if refused is not None and refused.code == "repeated":
            return await self._reception.watch(execution, self._times.answer.total_seconds(), is_one_of(NOT_WORKING))
        step = await self._reception.after(execution, performed)
        if refused is not None:
            raise _refusal(refused, step)
        return step

    def signal_token(self, execution: str, *, name: str, sender: str) -> str:
        """Return what lets its bearer send the signal *name* to *execution* as *sender*. Treat it as a secret."""
        return self._signals.token(execution, name, sender)

    async def signal(
        self, execution: str, *, name: str, token: str, payload: Mapping[str, Any], key: str | None = None
    ) -> Step:
        """Send the signal *name* under a token of ``signal_token``; return what comes next, or ``working`` after 25 s.

        The same signal once more under the same *key* (an Idempotency-Key) gets the current step. Raises
        UnknownExecution where there is none or the token is not for this, InvalidFields for a bad payload or a
        sender that the flow does not allow, StepConflict where it does not take the signal now, StepGone where it
        comes too late, KeyReused.
        """
        sender, now = self._signals.sender_of(execution, name, token), self._clock.now()
        signal = Signal(execution=execution, name=name, sender=sender, payload=payload, key=key, now=now)
        performed = await self._reception.follow(partial(self._signals.judge, signal=signal, claim=True))
        refused = None if performed.first is None else performed.first.refused
        if refused is not None and (problems := problems_of(refused)):
            raise InvalidFields(problems)
        step = await self._reception.after(execution, performed)
        if refused is not None and refused.code != "repeated":
            raise _refusal(refused, step)
        return step

    async def cancel(self, execution: str, *, reason: str) -> Step:
        """End an execution as ``cancelled``; where a task runs, after its result. One that has ended stays as it is.

        One whose state cannot be opened ends as ``fault``.
        """
        performed = await self._reception.follow(
            partial(self._recorder.stop, execution=execution, reason=reason, now=self._clock.now())
        )
        return await self._reception.after(execution, performed)

    async def history(self, execution: str) -> tuple[HistoryEntry, ...]:
        """Return what happened to an execution, oldest first, as far as it is kept."""
        return await self._database.read(lambda unit: self._rows.read_history(unit, execution))

    async def run_due(self) -> int:
        """Do everything that is due now, and what follows from it; return how many rows and messages that were."""
        return await self._worker.run_due()

    # the rest

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
        case "of_another":
            return StepOfAnother()
        case "too_late" | "gone" | "not_waiting":
            return StepGone(step)
        case _:
            return StepConflict(step)

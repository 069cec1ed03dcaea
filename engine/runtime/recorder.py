"""What happens inside the recording transaction: apply the event, run what is transactional, tell the end, store.

Everything here is a part of a unit function: it may run more than once, so time, ids and secrets come from outside.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from engine.contracts import Context, InputsInvalid, Message, TransientError, UnknownExecution, UnknownOnEnd
from engine.execution import (
    NOTHING,
    Cancelled,
    Command,
    Event,
    Failed,
    Note,
    Passage,
    Phase,
    Refuse,
    RunTask,
    Started,
    State,
    WakeAt,
    Withdraw,
    run_again,
)
from engine.language import Graph
from engine.runtime.keeping import Keeping
from engine.runtime.observing import Observer
from engine.runtime.ports import Ended, OnEnd
from engine.runtime.published import Published
from engine.runtime.rows import UNREADABLE, Held, Rows, Written
from engine.runtime.secrets_held import reveal
from engine.runtime.tasks import Came, Registry, context_of
from engine.storage import Unit
from engine.storage.claiming import backoff
from engine.storage.executions import Execution, Status
from engine.storage.postbox import OUTBOX_CHANNEL

log = logging.getLogger(__name__)

TASKS_IN_A_ROW: Final = 64
END_TRIES: Final = 12
DUE_CHANNEL: Final = "engine.due"
_NO_SECRETS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a recording transaction came to. ``run`` is the external task that its caller now holds the lease for.

    ``written`` is what was stored, if anything, so that it can be found again where the answer of COMMIT was lost.
    """

    held: Held
    refused: Refuse | None = None
    run: RunTask | None = None
    written: Written | None = field(default=None, compare=False, repr=False)
    # The carrier of the execution's first part, where somebody traces.
    first: str | None = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class _Draft:
    """One recording under way."""

    held: Held
    state: State
    now: datetime
    secrets: Mapping[str, str]
    notes: list[Note] = field(default_factory=list)
    send: list[tuple[str, str, Message]] = field(default_factory=list)
    withdraw: list[str] = field(default_factory=list)
    refused: Refuse | None = None
    run: RunTask | None = None
    wake_at: datetime | None = None

    def add(self, key: str, attempt: int, messages: tuple[Message, ...]) -> None:
        """Have *messages* of a task sent, each under a name that a repetition would give it again."""
        self.send += [(f"{key}.{attempt}.{number}", key, message) for number, message in enumerate(messages)]

    def take(self, state: State, commands: tuple[Command, ...]) -> None:
        """Note what the event came to."""
        self.state = state
        for command in commands:
            match command:
                case Note():
                    self.notes.append(command)
                case Withdraw(key=key):
                    self.withdraw.append(key)
                case Refuse():
                    self.refused = command
                case RunTask():
                    self.run = command
                case WakeAt(at=at):
                    self.wake_at = at
                case _:
                    pass


class Recorder:
    """The recording transaction, in parts that compose with whatever else the caller's unit does."""

    def __init__(
        self,
        *,
        published: Published,
        registry: Registry,
        on_end: Mapping[str, OnEnd],
        rows: Rows,
        lease: timedelta,
        observer: Observer,
    ) -> None:
        self._published, self._registry, self._on_end, self._rows = published, registry, on_end, rows
        self._lease, self._observer = lease, observer
        self._keeping = Keeping()

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
        locale: str,
        claim: bool,
    ) -> Recorded:
        """Begin an execution; transactional tasks run here. Without *claim* an external one is left for the runner."""
        if on_end not in self._on_end:
            raise UnknownOnEnd(on_end, sorted(self._on_end))
        graph = self._published.latest(flow)
        event = Started(execution=execution, digest=graph.digest, inputs=inputs, locale=locale)
        passage = Passage.begin(self._published.need([graph.digest]), None, event, now)
        if passage.refused is not None:
            raise InputsInvalid(flow, passage.refused.problems)
        held = Held.fresh(execution, graph, NOTHING, on_end=on_end, correlation=correlation, started_at=now)
        return self._finish(unit, _Draft(held, NOTHING, now, _NO_SECRETS), passage, claim=claim)

    def apply(
        self,
        unit: Unit,
        held: Held,
        event: Event,
        now: datetime,
        *,
        claim: bool,
        secrets: Mapping[str, str] = _NO_SECRETS,
        send: tuple[Message, ...] = (),
    ) -> Recorded:
        """Apply *event* to the locked row *held* and store what follows, unless nothing does.

        *secrets* are the texts behind the handles of the event; *send* are messages that came with it.
        """
        graphs = self._published.need([frame.digest for frame in held.state.frames])
        draft = _Draft(held, held.state, now, secrets)
        if send and held.state.task is not None:
            draft.add(held.state.task.key, held.state.top.attempt, send)
        passage = Passage.begin(graphs, held.state, event, now)
        if passage.refused is not None:
            return Recorded(held=held, refused=passage.refused)
        return self._finish(unit, draft, passage, claim=claim)

    def stop(self, unit: Unit, *, execution: str, reason: str, now: datetime) -> Recorded | None:
        """Cancel an execution; None where it has ended, or ends now because its state cannot be opened."""
        row = self._rows.executions.lock(unit, execution)
        if row is None:
            raise UnknownExecution(execution)
        if row.status == "ended":
            return None
        held = self.open_or_end(unit, row, now)
        return None if held is None else self.apply(unit, held, Cancelled(reason=reason), now, claim=True)

    def run_again(self, unit: Unit, held: Held, now: datetime) -> Recorded | None:
        """Enter the node of a fault anew and go on from there; None where there is no node to enter."""
        graphs = self._published.need([frame.digest for frame in held.state.frames])
        passage = run_again(graphs, held.state, now)
        if passage is None:
            return None
        return self._finish(unit, _Draft(held, held.state, now, _NO_SECRETS), passage, claim=True)

    def repin(self, unit: Unit, held: Held, state: State, graph: Graph, now: datetime) -> Recorded:
        """Store *state*, which is *held* moved to another version of its flow; timers and what is deferred stay."""
        note = Note(kind="migrated", node=state.frames[0].node, facts={"from": held.digest, "to": graph.digest})
        after = replace(held, state=state, digest=graph.digest)
        written = self._rows.repin(unit, after, note, now)
        unit.notify(execution_channel(held.execution))
        return Recorded(held=after, written=written)

    def end_again(self, unit: Unit, held: Held, now: datetime) -> Recorded:
        """Tell an end that could not be told before."""
        return self._finish(unit, _Draft(held, held.state, now, _NO_SECRETS), None, claim=False)

    def open_or_end(self, unit: Unit, row: Execution, now: datetime) -> Held | None:
        """Return the locked *row* with its state; where that cannot be opened, end the execution and return None."""
        try:
            return self._rows.open(row)
        except UNREADABLE as error:
            unit.after_commit(partial(log.error, "state_unreadable", extra={"execution": row.id, "error": error.code}))
            self._end_unreadable(unit, row, error.code, now)
            return None

    def _end_unreadable(self, unit: Unit, row: Execution, code: str, now: datetime) -> None:
        """Tell the owner, since name and correlation are outside the seal, and send nothing more."""
        fields = {"code": code, "node": ""}
        ended = Ended(
            execution=row.id, flow=row.flow, outcome="fault", fields=fields, correlation=row.correlation, at=now
        )
        failure = self._tell(unit, row.on_end, ended)
        if row.deferred_key is not None:
            self._rows.outbox.withdraw(unit, task_key=row.deferred_key, now=now)
        unit.notify(execution_channel(row.id))
        if failure is None:
            self._rows.executions.mark(unit, row, status="ended", end_failure=code, ended_at=now)
            return
        tries, wake_at = row.take_ups + 1, _next_try(row.take_ups + 1, now)
        self._rows.executions.mark(
            unit,
            row,
            status="broken" if wake_at is None else "ending",
            wake_at=wake_at,
            take_ups=tries,
            end_failure=failure,
        )

    # the rest of one recording

    def _finish(self, unit: Unit, draft: _Draft, passage: Passage | None, *, claim: bool) -> Recorded:
        if passage is not None:
            self._run_inside(unit, draft, passage)
            draft.take(*passage.close())
        for name, key, message in draft.send:
            self._rows.queue(unit, draft.held, message, name=name, key=key, now=draft.now)
        for key in draft.withdraw:
            self._rows.outbox.withdraw(unit, task_key=key, now=draft.now)
        held, written = self._store(unit, draft, claim=claim)
        unit.notify(execution_channel(held.execution))
        if draft.held.row is None:
            unit.after_commit(partial(self._observer.started, held.flow))
        if held.status == "ended":
            unit.after_commit(partial(self._observer.ended, held.flow, held.state.outcome or ""))
        if held.status == "ready":
            unit.notify(DUE_CHANNEL)
        if draft.send:
            unit.notify(OUTBOX_CHANNEL)
        run = draft.run if held.status == "running" else None
        return Recorded(held=held, refused=draft.refused, run=run, written=written)

    def _run_inside(self, unit: Unit, draft: _Draft, passage: Passage) -> None:
        """Run the transactional tasks that follow one another, each in a savepoint of its own."""
        count = 0
        while (run := passage.run) is not None and self._registry.runs_inside(run.executor):
            count += 1
            came = Came(result=Failed(kind="fault", code="step_budget"))
            if count <= TASKS_IN_A_ROW:
                came = self._run_one(unit, draft, run, passage.locale)
            draft.add(run.key, run.attempt, came.send)
            passage.end(came.result)

    def _run_one(self, unit: Unit, draft: _Draft, run: RunTask, locale: str) -> Came:
        inputs = reveal(run.arguments, draft.secrets)
        if inputs is None:
            return Came(result=Failed(kind="fault", code="secret_lost"))
        context = self.context(draft.held, run, draft.now, locale)
        return self._registry.run_inside(unit, run, context, inputs)

    def context(self, held: Held, run: RunTask, now: datetime, locale: str) -> Context:
        """Return what the executor of *run* is told."""
        return context_of(
            run,
            execution=held.execution,
            correlation=held.correlation,
            flow=held.flow,
            digest=held.digest,
            now=now,
            locale=locale,
        )

    def _store(self, unit: Unit, draft: _Draft, *, claim: bool) -> tuple[Held, Written]:
        before, state = draft.held, draft.state
        keep_lease = state.phase is Phase.RUNNING and draft.run is None
        after = self._after_end(unit, draft) if state.phase is Phase.ENDED else _after(draft, claim=claim)
        written = self._rows.store(
            unit,
            after,
            kept=self._keeping.kept(self._published.graphs, state),
            lease=self._lease if after.epoch != before.epoch else None,
            keep_lease=keep_lease,
            notes=draft.notes,
            now=draft.now,
        )
        return after, written

    def _after_end(self, unit: Unit, draft: _Draft) -> Held:
        before, state, now = draft.held, draft.state, draft.now
        ended = Ended(
            execution=before.execution,
            flow=before.flow,
            outcome=state.outcome or "",
            fields=state.result,
            correlation=before.correlation,
            at=now,
        )
        failure = self._tell(unit, before.on_end, ended)
        if failure is None:
            return before.moved(state, status="ended", wake_at=None, epoch=before.epoch, take_ups=0, failure=None)
        tries = before.take_ups + 1 if before.status == "ending" else 1
        wake_at = _next_try(tries, now)
        status: Status = "broken" if wake_at is None else "ending"
        if status == "broken":
            unit.after_commit(_alarm(ended, before.on_end, failure, event="execution_broken"))
        return before.moved(state, status=status, wake_at=wake_at, epoch=before.epoch, take_ups=tries, failure=failure)

    def _tell(self, unit: Unit, name: str, ended: Ended) -> str | None:
        """Call on_end in a savepoint; return the name of its failure, if any. A database's error passes through."""
        on_end = self._on_end.get(name)
        try:
            if on_end is None:
                raise UnknownOnEnd(name, sorted(self._on_end))  # noqa: TRY301 - one way out for whatever is wrong
            with unit.savepoint():
                on_end(unit, ended)
        except TransientError:
            raise
        except Exception as error:  # noqa: BLE001 - foreign code: its failure must end neither the row nor the sweep
            unit.after_commit(_alarm(ended, name, type(error).__name__))
            return type(error).__name__
        return None


def execution_channel(execution: str) -> str:
    """Return where changes of one execution are announced."""
    return f"engine.execution.{execution}"


def _after(draft: _Draft, *, claim: bool) -> Held:
    """Return the row as it is after an event that did not end it; who has a task run it now holds a lease."""
    before, state, epoch = draft.held, draft.state, draft.held.epoch
    if state.phase is not Phase.RUNNING:
        return before.moved(state, status="waiting", wake_at=draft.wake_at, epoch=epoch, take_ups=0, failure=None)
    if draft.run is None:
        # Somebody runs the task, or will: only something was noted.
        take_ups, wake_at = before.take_ups, before.wake_at
        return before.moved(state, status=before.status, wake_at=wake_at, epoch=epoch, take_ups=take_ups, failure=None)
    if claim:
        take_ups = before.take_ups if _is_same_try(before, state) else 0
        return before.moved(
            state, status="running", wake_at=draft.wake_at, epoch=epoch + 1, take_ups=take_ups, failure=None
        )
    return before.moved(state, status="ready", wake_at=draft.now, epoch=epoch, take_ups=0, failure=None)


def _is_same_try(before: Held, state: State) -> bool:
    if before.status != "running" or before.state.task is None or state.task is None:
        return False
    return before.state.task.key == state.task.key and before.state.top.attempt == state.top.attempt


def _next_try(tries: int, now: datetime) -> datetime | None:
    """Return when to tell an end again, or None where a person has to look at it."""
    return None if tries >= END_TRIES else now + backoff(tries, jitter=0.0)


def _alarm(ended: Ended, on_end: str, error: str, *, event: str = "on_end_failed") -> Callable[[], None]:
    facts = {"execution": ended.execution, "flow": ended.flow, "on_end": on_end, "error": error}
    return lambda: log.error(event, extra=facts)

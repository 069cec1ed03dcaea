"""One execution in memory, on the real transition: no clock but the test's, no database, no executor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from engine.contracts import Contract, plain
from engine.execution import (
    MASK,
    Cancelled,
    Event,
    Failed,
    Handle,
    Note,
    Phase,
    Promised,
    Refuse,
    RunTask,
    Signalled,
    Started,
    State,
    Submitted,
    Succeeded,
    TaskEnded,
    TimerFired,
    pack,
    position,
    transition,
    unpack,
)
from engine.language import Graph, PromptNode, TaskNode
from engine.language.relative import moved_fields
from engine.runtime import HistoryEntry
from engine.runtime.secrets_held import hide
from engine.testing.following import Follower, Taken

NOON: Final = datetime(2030, 1, 1, 12, tzinfo=UTC)
MOST_TASKS: Final = 1000
INSIDE_IN_A_ROW: Final = 64  # as many transactional tasks as the engine runs in one transaction


class Answers(Protocol):
    """Answers tasks in place of executors."""

    def answer(self, run: RunTask, node: TaskNode, now: datetime) -> Succeeded | Failed | Promised:
        """Return what comes of the task *run* at *node*."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message that an executor was given: the task's arguments, and the same with secrets masked."""

    executor: str
    node: str
    arguments: Mapping[str, Any] = field(repr=False)
    shown: Mapping[str, Any]


class TooManyTasks(AssertionError):
    """A flow runs task after task and never asks anybody."""


class Simulation:
    """Runs one execution. What does not fit is answered with a ``Refuse``, as the transition says it.

    ``history`` is, line by line, what ``Engine.history`` tells of a real execution with the same answers.
    """

    def __init__(
        self,
        graphs: Mapping[str, Graph],
        graph: Graph,
        answers: Answers,
        *,
        now: datetime = NOON,
        execution: str = "simulation",
    ) -> None:
        self._graphs, self._graph, self._answers, self._execution = graphs, graph, answers, execution
        self._secrets = 0
        self._revision = 0
        self._state: State | None = None
        self._next: RunTask | None = None
        self._notes: list[Note] = []
        self.now = now
        self.history: list[HistoryEntry] = []
        self.taken: list[Taken] = []
        self.visited: set[tuple[str, str]] = set()
        self.sent: list[Sent] = []

    @property
    def graphs(self) -> Mapping[str, Graph]:
        """Return the flows that it runs, by digest."""
        return self._graphs

    @property
    def state(self) -> State:
        """Return where the execution stands; RuntimeError before it was started."""
        if self._state is None:
            raise RuntimeError("the simulation was not started: call start first")
        return self._state

    @property
    def ended(self) -> bool:
        """Return whether there is an outcome."""
        return self.state.phase is Phase.ENDED

    # what can happen

    def start(self, inputs: Mapping[str, Any]) -> Refuse | None:
        """Begin; a time written as ``+5m`` counts from now."""
        given = moved_fields(self._graph.inputs, inputs, self.now)
        return self._apply(Started(execution=self._execution, digest=self._graph.digest, inputs=given))

    def submit(self, action: str, values: Mapping[str, Any]) -> Refuse | None:
        """Answer the prompt that the execution stands at. Typed secrets are hidden as the engine hides them."""
        state, given = self.state, dict(values)
        node = self._graphs[state.top.digest].nodes[state.top.node] if state.phase is Phase.PROMPT else None
        if isinstance(node, PromptNode):
            self._secrets += 1
            declared = {name: asked.declaration for name, asked in node.fields.items()}
            given = hide(node, moved_fields(declared, values, self.now), f"s{self._secrets}")
        return self._apply(Submitted(position=position(state.frames), action=action, values=given))

    def signal(self, name: str, sender: str, payload: Mapping[str, Any]) -> Refuse | None:
        """Send a signal."""
        declared = next(
            (
                self._graphs[frame.digest].signals[name].payload
                for frame in reversed(self.state.frames)
                if name in self._graphs[frame.digest].signals
            ),
            {},
        )
        given = moved_fields(declared, payload, self.now)
        return self._apply(Signalled(signal=name, sender=sender, payload=given))

    def complete(self, result: Succeeded | Failed) -> Refuse | None:
        """Give the answer that a deferred task has promised."""
        key = "" if self.state.task is None else self.state.task.key
        return self._apply(TaskEnded(key=key, result=result))

    def cancel(self, reason: str) -> Refuse | None:
        """Cancel the execution."""
        return self._apply(Cancelled(reason=reason))

    def advance(self, span: timedelta) -> None:
        """Let time pass; timers fire when they are due, one after the other."""
        until = self.now + span
        while (at := self.state.wake_at) is not None and at <= until:
            self.now = max(self.now, at)
            self._apply(TimerFired())
        self.now = until

    # the rest

    def _apply(self, event: Event) -> Refuse | None:
        refused = self._record(event)
        for _ in range(MOST_TASKS):
            if self._next is not None:
                self._record(TaskEnded(key=self._next.key, result=self._answer(self._next)))
            elif self._state is not None and self._state.phase is Phase.RETRYING and self._state.wake_at is not None:
                # Nobody wants to write down the pauses of a retry: they pass by themselves.
                self.now = max(self.now, self._state.wake_at)
                self._record(TimerFired())
            else:
                return refused
        raise TooManyTasks(f"more than {MOST_TASKS} tasks ran without anybody being asked")

    def _record(self, event: Event) -> Refuse | None:
        """Apply one event as one revision, with the transactional tasks that follow from it."""
        before = self._state
        refused = self._change(event)
        if self._state is before or (before is None and refused is not None):
            return refused
        self._revision += 1
        self._write(self._notes)
        for count in range(1, MOST_TASKS):
            run = self._next
            if run is None or self._contract(run).effect != "transactional":
                return refused
            result = Failed(kind="fault", code="step_budget") if count > INSIDE_IN_A_ROW else self._answer(run)
            self._change(TaskEnded(key=run.key, result=result))
            self._write(self._notes)
        raise TooManyTasks(f"more than {MOST_TASKS} tasks ran without anybody being asked")

    def _change(self, event: Event) -> Refuse | None:
        before, follower = self._state, Follower(self._graphs, self._stack(event), event)
        state, commands = transition(self._graphs, before, event, self.now)
        self._notes = [command for command in commands if isinstance(command, Note)]
        self._next = next((command for command in commands if isinstance(command, RunTask)), None)
        refused = next((command for command in commands if isinstance(command, Refuse)), None)
        if before is None and refused is not None:
            return refused
        self._state = state
        for note in self._notes:
            follower.follow(note)
        self.taken += follower.taken
        self.visited |= follower.visited | {(frame.digest, frame.node) for frame in state.frames}
        return refused

    def _stack(self, event: Event) -> Iterator[tuple[str, str]]:
        if isinstance(event, Started):
            yield event.digest, self._graph.start
        elif self._state is not None:
            yield from ((frame.digest, frame.node) for frame in self._state.frames)

    def _write(self, notes: list[Note]) -> None:
        self.history += [
            HistoryEntry(
                revision=self._revision,
                at=self.now,
                kind=note.kind,
                node=note.node,
                facts=unpack(pack(note.facts)),
            )
            for note in notes
        ]

    def _contract(self, run: RunTask) -> Contract:
        return self._task(run).contract

    def _task(self, run: RunTask) -> TaskNode:
        node = self._graphs[self.state.top.digest].nodes[run.node]
        if not isinstance(node, TaskNode):
            raise TypeError(f"the transition runs '{run.node}', which is no task")
        return node

    def _answer(self, run: RunTask) -> Succeeded | Failed | Promised:
        node = self._task(run)
        self._capture(run, node)
        return self._answers.answer(run, node, self.now)

    def _capture(self, run: RunTask, node: TaskNode) -> None:
        """Keep what an executor was given, where a message is among it; of a retry, the first time only."""
        graph = self._graphs[self.state.top.digest]
        stands_in = node.executor == f"{graph.name}@{graph.major}"
        declared = graph.inputs if stands_in else node.contract.inputs
        given = self.state.top.inputs if stands_in else run.arguments
        if run.attempt > 1 or not any(str(part.type) == "message" for part in declared.values()):
            return
        whole = {name: plain(value) for name, value in given.items() if not isinstance(value, Handle)}
        hidden = {name: MASK for name in whole if name in declared and declared[name].takes_secrets}
        self.sent.append(Sent(executor=run.executor, node=run.node, arguments=whole, shown={**whole, **hidden}))

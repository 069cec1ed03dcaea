"""One walk over the graphs: from where an event left an execution to the first node that needs the world.

A walk is a scratch copy of the state. It is opened once, moves any number of nodes, and is closed into one new state
and its commands, so that state is replaced once per step and not once per field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, assert_never

from engine.contracts import check_fields, check_value, decode_fields, decode_value, with_defaults
from engine.execution.events import Command, Note, Refuse, RunTask, Withdraw
from engine.execution.keys import idempotency_key
from engine.execution.masking import masked, seen
from engine.execution.needs import asked_of_the_world, due_timers, moment, task_to_run
from engine.execution.spot import Spot, caught, new_frame, scope_of
from engine.execution.state import Accepted, Frame, Handle, Phase, Said, State, Task, earliest
from engine.language.graph import (
    CallNode,
    DecideNode,
    EndNode,
    Graph,
    PromptNode,
    Target,
    TaskNode,
    Timeout,
    WaitNode,
)
from engine.language.values import ExpressionFailed, Scope, evaluate

Graphs = Mapping[str, Graph]
STEP_BUDGET: Final = 500
SECRET_LOST: Final = "secret_lost"  # noqa: S105 - a fault code
SECRET_LOST_MESSAGE: Final = "engine.secret_lost"  # noqa: S105 - the id of a text


class Walk:
    """The scratch copy of one execution while one event is applied to it."""

    __slots__ = (
        "accepted",
        "below",
        "budget",
        "cancel",
        "fresh",
        "graphs",
        "late",
        "left",
        "messages",
        "notes",
        "now",
        "outcome",
        "phase",
        "result",
        "signals",
        "spot",
        "state",
        "task",
        "withdrawn",
    )

    def __init__(self, graphs: Graphs, state: State, now: datetime) -> None:
        self.graphs, self.state, self.now, self.budget = graphs, state, now, STEP_BUDGET
        self.below = list(state.frames[:-1])
        self.spot = Spot(graphs[state.frames[-1].digest], state.frames[-1])
        self.phase, self.task, self.messages, self.signals = state.phase, state.task, state.messages, state.signals
        self.cancel, self.accepted, self.outcome, self.result = (
            state.cancel,
            state.accepted,
            state.outcome,
            state.result,
        )
        self.notes: list[Command] = []
        self.withdrawn: list[Command] = []
        # the prompt that was just answered, with its timeout: where a lost secret leads back to
        self.left: tuple[str, datetime | None] | None = None
        # whether the task was entered by this walk, so that nobody runs it yet
        self.fresh = False
        # whether a timer was due before the event, which then came too late
        self.late = False

    def close(self) -> tuple[State, tuple[Command, ...]]:
        """Return the new state and what it needs of the world."""
        state = State(
            execution=self.state.execution,
            phase=self.phase,
            locale=self.state.locale,
            started_at=self.state.started_at,
            frames=self._frames(),
            task=self.task,
            messages=self.messages,
            signals=self.signals,
            cancel=self.cancel,
            accepted=self.accepted,
            outcome=self.outcome,
            result=self.result,
        )
        late = (Refuse(code="too_late"),) if self.late else ()
        return state, (*self.notes, *self.withdrawn, *asked_of_the_world(state, self.spot, fresh=self.fresh), *late)

    @property
    def run(self) -> RunTask | None:
        """Return the task that was entered and that nobody runs yet."""
        return task_to_run(self.phase, self.task, self.spot) if self.fresh else None

    def go_on(self) -> None:
        """Make ready for the result of ``run``, as a new walk over the closed state would be."""
        self.budget, self.left, self.fresh = STEP_BUDGET, None, False

    def note(self, kind: str, node: str, /, **facts: Any) -> None:
        """Write one line of the history."""
        self.notes.append(Note(kind=kind, node=node, facts=facts, depth=len(self.below)))

    @property
    def frames(self) -> tuple[Frame, ...]:
        """Return the stack as it is now."""
        return (*self.below, self.spot.close())

    @property
    def scope(self) -> Scope:
        """Return what expressions of the moving frame read."""
        return scope_of(self.state, self.spot, self._expires_at())

    # moving

    def go(self, target: Target | None) -> None:
        """Follow *target*, and whatever follows from it, to a node that needs the world or to the end."""
        while target is not None:
            self.budget -= 1
            if self.budget < 0:
                self.finish("fault", {"code": "step_budget", "node": self.spot.node})
                return
            try:
                target = self._arrive(target)
            except ExpressionFailed as error:
                target = self.fault("fault", error.code)

    def fault(self, kind: str, code: str) -> Target | None:
        """Return where the fault leads: a catch of this node or of a caller, or else the end."""
        where = self.spot.node
        self.note("fault", where, code=code)
        self._leave()
        while (target := self._caught(kind, code)) is None:
            if not self.below:
                self.finish("fault", {"code": code, "node": where})
                return None
            self._drop_to(len(self.below) - 1)
        return target

    def _caught(self, kind: str, code: str) -> Target | None:
        # A flow whose deadline cannot be computed stands before its first node, which catches nothing yet.
        entered = self.spot.visits.get(self.spot.node, 0) > 0
        return caught(self.spot.at, kind, code) if entered else None

    def finish(self, outcome: str, fields: Mapping[str, Any]) -> None:
        """End the execution."""
        self._leave()
        self.phase, self.outcome, self.result = Phase.ENDED, outcome, fields
        self.messages, self.signals, self.cancel = (), {}, None
        shown = masked(self.spot.graph.outcomes.get(outcome, {}), fields)
        self.note("ended", self.spot.node, outcome=outcome, fields=shown)

    def settle(self) -> None:
        """Fire what is due, then a noted cancel, unless a task is running or the end was reached."""
        while self._may_move() and self._fire():
            pass
        if self.cancel is not None and self._may_move():
            self.note("cancelled", self.spot.node, reason=self.cancel)
            self.finish("cancelled", {"reason": self.cancel})

    def _may_move(self) -> bool:
        return self.phase is not Phase.ENDED and (self.phase is not Phase.RUNNING or self.fresh)

    def run_again(self, task: Task) -> None:
        """Have the task run, now, under its own key."""
        self.task, self.phase, self.fresh = replace(task, retry_at=None, deferred_until=None), Phase.RUNNING, True

    def lose_secret(self, task: Task) -> None:
        """Go where the flow routes a lost secret, or else back to the prompt, with its visit, token and key."""
        spot = self.spot
        target = caught(spot.at, "fault", SECRET_LOST)
        if target is not None or task.asked is None:
            self.go(self.fault("fault", SECRET_LOST))
            return
        self.note("fault", spot.node, code=SECRET_LOST, back=task.asked)
        spot.visits[spot.node] -= 1
        self._leave()
        spot.node, spot.due, spot.attempt = task.asked, task.asked_due, 1
        self.messages = (*self.messages, Said(SECRET_LOST_MESSAGE))
        self.accepted = None if self.accepted is None else Accepted(self.accepted.token, None)
        self.phase = Phase.PROMPT

    # arriving

    def _arrive(self, target: Target) -> Target | None:  # noqa: PLR0911 - one return for each kind of node
        self._leave()
        self._take_along(target)
        spot = self.spot
        node = spot.graph.nodes[target.to]
        seen_before = spot.visits.get(node.id, 0)
        if node.max_visits is not None and seen_before >= node.max_visits.times:
            self.note("limit", node.id, times=node.max_visits.times)
            return node.max_visits.to
        spot.node, spot.attempt, spot.due = node.id, 1, None
        spot.visits[node.id] = seen_before + 1
        if node.timeout is not None:
            spot.due = self._due(node.timeout)
        match node:
            case TaskNode():
                return self._at_task(node)
            case PromptNode():
                self.phase = Phase.PROMPT
                return None
            case DecideNode():
                return self._at_decision(node)
            case CallNode():
                return self._at_call(node)
            case WaitNode():
                return self._at_wait(node)
            case EndNode():
                return self._at_end(node)
        assert_never(node)

    def _take_along(self, target: Target) -> None:
        if not target.set and target.say is None:
            return
        scope, declared = self.scope, self.spot.graph.variables
        written = {name: decode_value(declared[name], evaluate(value, scope)) for name, value in target.set.items()}
        if target.say is not None:
            params = {name: evaluate(value, scope) for name, value in target.say.params.items()}
            self.messages = (*self.messages, Said(target.say.id, params))
        self.spot.vars.update(written)

    def _at_task(self, node: TaskNode) -> Target | None:
        arguments, problem = self._arguments(node)
        if problem:
            return self.fault("fault", "arguments_invalid")
        key = idempotency_key(self.state.execution, (*self.below, self.spot))
        asked = self._asked_by(arguments)
        due = self.left[1] if self.left is not None and self.left[0] == asked else None
        self.task = Task(key=key, arguments=arguments, asked=asked, asked_due=due)
        self.phase, self.fresh = Phase.RUNNING, True
        return None

    def _arguments(self, node: TaskNode) -> tuple[dict[str, Any], bool]:
        scope, declared = self.scope, node.contract.inputs
        given = with_defaults(declared, {name: evaluate(value, scope) for name, value in node.arguments.items()})
        held = {name: value for name, value in given.items() if value.__class__ is Handle}
        if not held:
            return ({}, True) if check_fields(declared, given) else (decode_fields(declared, given), False)
        shown = {name: value for name, value in given.items() if name not in held}
        expected = {name: part for name, part in declared.items() if name not in held}
        if check_fields(expected, shown) or not all(name in declared and declared[name].held for name in held):
            return {}, True
        return {**decode_fields(declared, shown), **held}, False

    def _asked_by(self, arguments: Mapping[str, Any]) -> str | None:
        held = [value for value in arguments.values() if value.__class__ is Handle]
        if not held:
            return None
        for node, values in self.spot.steps.items():
            if any(value in held for value in values.values() if isinstance(value, Handle)):
                return node
        return None

    def _at_decision(self, node: DecideNode) -> Target:
        scope, graph = self.scope, self.spot.graph
        read: dict[str, Any] = {}
        for index, case in enumerate(node.cases):
            read |= seen(case.when, scope, graph)
            if case.when.evaluate(scope):
                self.note("decided", node.id, case=index, to=case.target.to, read=read)
                return case.target
        self.note("decided", node.id, case="else", to=node.otherwise.to, read=read)
        return node.otherwise

    def _at_call(self, node: CallNode) -> Target | None:
        scope = self.scope
        given = with_defaults(node.inputs, {name: evaluate(value, scope) for name, value in node.arguments.items()})
        callee = self.graphs.get(node.callee)
        if callee is None or check_fields(node.inputs, given):
            return self.fault("fault", "arguments_invalid" if callee is not None else "unknown_flow")
        self.note("called", node.id, flow=callee.name, version=callee.version)
        self.below.append(self.spot.close())
        return self.enter(callee, decode_fields(node.inputs, given))

    def enter(self, graph: Graph, inputs: Mapping[str, Any]) -> Target:
        """Open a frame for *graph* and return the way to its first node."""
        self.spot = Spot(graph, new_frame(graph, inputs))
        if graph.deadline is not None:
            self.spot.deadline = moment(graph.deadline.at, self.scope)
        return Target(to=graph.start)

    def _at_wait(self, node: WaitNode) -> Target | None:
        kept = self.signals.get(node.signal, ())
        early = next((each for each in kept if each["depth"] == len(self.below)), None)
        if early is None:
            self.phase = Phase.WAITING
            return None
        self.signals = {**self.signals, node.signal: tuple(each for each in kept if each is not early)}
        return self.hear(node, early["sender"], early["payload"])

    def hear(self, node: WaitNode, sender: str, payload: Mapping[str, Any]) -> Target:
        """Take a signal, and return where it leads."""
        declared = self.spot.graph.signals[node.signal].payload
        self.spot.steps[node.id] = {**decode_fields(declared, payload), "sender": sender}
        self.note("signalled", node.id, sender=sender, payload=masked(declared, payload))
        return node.routes["signalled"]

    def _at_end(self, node: EndNode) -> Target | None:
        scope, declared = self.scope, self.spot.graph.outcomes.get(node.outcome, {})
        given = {name: evaluate(value, scope) for name, value in node.fields.items()}
        if any(name in declared and check_value(declared[name], value) for name, value in given.items()):
            return self.fault("fault", "outcome_invalid")
        fields = decode_fields(declared, with_defaults(declared, given))
        if not self.below:
            self.finish(node.outcome, fields)
            return None
        self._drop_to(len(self.below) - 1)
        caller = self.spot.at
        self.spot.steps[caller.id] = fields
        self.note("returned", caller.id, outcome=node.outcome, fields=masked(declared, fields))
        return caller.routes.get(node.outcome) or self.fault("fault", "unrouted_outcome")

    # timers

    def _fire(self) -> bool:
        due = due_timers((*self.below, self.spot), self.task, self.now)
        if not due:
            return False
        _, _, depth, kind = min(due)
        if kind == "retry" and self.task is not None:
            self.run_again(self.task)
            return True
        if kind == "deferred":
            self.go(self.fault("fault", "deferred_timeout"))
            return True
        self._leave()
        self._drop_to(depth)
        self.note("timer", self.spot.node, timer=kind)
        self.go(self._after_timer(kind))
        return True

    def _after_timer(self, kind: str) -> Target | None:
        spot = self.spot
        if kind == "deadline" and spot.graph.deadline is not None:
            spot.deadline = None
            return Target(to=spot.graph.deadline.to)
        spot.due = None
        if isinstance(spot.at, PromptNode):
            spot.steps.pop(spot.node, None)  # what an earlier visit of it was answered is not an answer to this one
        timeout = spot.at.timeout
        return None if timeout is None else timeout.to

    def _due(self, timeout: Timeout) -> datetime:
        if timeout.after is not None:
            return self.now + timeout.after
        return self.now if timeout.at is None else moment(timeout.at, self.scope)

    # leaving

    def _leave(self) -> None:
        """Leave the task or prompt that the execution stands at."""
        if self.phase is Phase.DEFERRED and self.task is not None:
            self.withdrawn.append(Withdraw(key=self.task.key))
        if self.task is not None and self.task.asked is not None:
            self._forget_secrets(self.task.asked)
        if self.phase is Phase.PROMPT:
            self.messages = ()
        self.task, self.phase, self.fresh = None, Phase.NEW, False

    def _forget_secrets(self, asked: str) -> None:
        answered = self.spot.steps.get(asked)
        if answered is not None:
            kept = {name: value for name, value in answered.items() if not isinstance(value, Handle)}
            self.spot.steps[asked] = kept

    def _drop_to(self, depth: int) -> None:
        """Make the frame at *depth* the one that moves, and drop those above it."""
        if depth < len(self.below):
            frame = self.below[depth]
            self.spot = Spot(self.graphs[frame.digest], frame)
            del self.below[depth:]
            self.signals = {
                name: tuple(each for each in kept if each["depth"] <= depth) for name, kept in self.signals.items()
            }

    def _frames(self) -> tuple[Frame, ...]:
        # After a fault the frames stay, so that an operator can look at them and run the node again.
        return () if self.phase is Phase.ENDED and self.outcome != "fault" else self.frames

    def _expires_at(self) -> datetime | None:
        if not self.below:
            return self.spot.deadline
        return earliest([*(frame.deadline for frame in self.below), self.spot.deadline])

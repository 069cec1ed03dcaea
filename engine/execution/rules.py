"""The rules of the transition: for each phase and each kind of event the one that applies.

``RULES`` is the table that runs. What is not in it is refused as a value; no event raises, in whatever state it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from engine.contracts import check_fields, decode_fields, with_defaults
from engine.execution.answers import read_answer
from engine.execution.events import (
    Cancelled,
    Event,
    Failed,
    Promised,
    Refuse,
    Signalled,
    Started,
    Submitted,
    Succeeded,
    TakenUp,
    TaskEnded,
    TimerFired,
)
from engine.execution.keys import jitter, position
from engine.execution.masking import masked
from engine.execution.spot import Spot, delay, new_frame
from engine.execution.state import Accepted, Handle, Phase, State
from engine.execution.walk import SECRET_LOST, Graphs, Walk
from engine.language.graph import Graph, PromptNode, TaskNode, WaitNode
from engine.language.values import ExpressionFailed, evaluate

ENGINE_FAULTS: Final = frozenset({"abandoned", "step_budget", "deferred_timeout", "contract_broken"})
KEPT_SIGNALS: Final = 32

Moved = Walk | Refuse
Rule = Callable[[Graphs, State, Any, datetime], Moved]


def apply(graphs: Graphs, state: State, event: Event, now: datetime) -> Moved:
    """Return the walk that *event* begins in *state* at *now*, or why it does not fit and nothing is changed."""
    for frame in state.frames:
        if frame.digest not in graphs:
            return Refuse(code="unknown_flow")
    rule = RULES[state.phase].get(type(event))
    return Refuse(code=REFUSALS[type(event)]) if rule is None else rule(graphs, state, event, now)


# one function a rule; the first line of its docstring is its cell in the printed table


def begin(graphs: Graphs, _state: State, event: Started, now: datetime) -> Moved:
    """Check the inputs, walk from the start."""
    graph = graphs.get(event.digest)
    if graph is None:
        return Refuse(code="unknown_flow")
    if problems := check_fields(graph.inputs, event.inputs):
        return Refuse(code="inputs_invalid", problems=problems)
    inputs = decode_fields(graph.inputs, with_defaults(graph.inputs, event.inputs))
    fresh = State(
        execution=event.execution,
        phase=Phase.NEW,
        locale=event.locale,
        started_at=now,
        frames=(new_frame(graph, inputs),),
    )
    walk = Walk(graphs, fresh, now)
    walk.note("started", graph.start, flow=graph.name, version=graph.version, inputs=masked(graph.inputs, inputs))
    try:
        walk.go(walk.enter(graph, inputs))
    except ExpressionFailed as error:  # the deadline cannot be computed
        walk.go(walk.fault("fault", error.code))
    walk.settle()
    return walk


def answer(graphs: Graphs, state: State, event: Submitted, now: datetime) -> Moved:
    """Fire due timers; else check the fields, store them, follow the action."""
    walk = _after_timers(graphs, state, now)
    if walk.late:
        return walk
    node = walk.spot.at
    if event.position != position((*walk.below, walk.spot)) or not isinstance(node, PromptNode):
        return Refuse(code="other_step")
    if event.action not in node.routes:
        return Refuse(code="unknown_action")
    taken, problems = read_answer(node, event.action, event.values, walk.scope)
    if problems:
        return Refuse(code="invalid_fields", problems=problems)
    declared = {name: asked.declaration for name, asked in node.fields.items()}
    walk.spot.steps[node.id] = taken
    walk.left = (node.id, walk.spot.due)
    walk.accepted = Accepted(event.token, event.body, event.held)
    walk.note("answered", node.id, **masked(declared, taken))
    walk.go(node.routes[event.action])
    walk.settle()
    return walk


def hear(graphs: Graphs, state: State, event: Signalled, now: datetime) -> Moved:
    """Fire due timers; else check sender and payload, go on or keep an early one."""
    walk = _after_timers(graphs, state, now)
    if walk.late:
        return walk
    node = walk.spot.at
    if state.phase is Phase.WAITING and isinstance(node, WaitNode) and node.signal == event.signal:
        if refusal := _unfit(walk.spot.graph, walk.spot, walk, event):
            return refusal
        walk.go(walk.hear(node, event.sender, event.payload))
        walk.settle()
        return walk
    return keep(graphs, state, event, now)


def keep(graphs: Graphs, state: State, event: Signalled, now: datetime) -> Moved:
    """Keep an early signal where the flow says so."""
    walk = Walk(graphs, state, now)
    for depth, frame in reversed([*enumerate(state.frames)]):
        graph = graphs[frame.digest]
        declared = graph.signals.get(event.signal)
        if declared is None:
            continue
        if refusal := _unfit(graph, Spot(graph, frame), walk, event):
            return refusal
        kept = state.signals.get(event.signal, ())
        if declared.early != "keep" or sum(each["depth"] == depth for each in kept) >= KEPT_SIGNALS:
            return Refuse(code="too_early")
        # It was checked against this flow's declaration: a caller that awaits a signal of this name must not hear it.
        early = {"sender": event.sender, "payload": event.payload, "depth": depth}
        walk.signals = {**state.signals, event.signal: (*kept, early)}
        walk.note("kept", frame.node, signal=event.signal, sender=event.sender)
        return walk
    return Refuse(code="unknown_signal")


def conclude(graphs: Graphs, state: State, event: TaskEnded, now: datetime) -> Moved:
    """Follow the result's route; then due timers, then a noted cancel."""
    walk = Walk(graphs, state, now)
    if state.task is None or event.key != state.task.key:
        return Refuse(code="other_task")
    take_result(walk, event.result)
    return walk


def complete(graphs: Graphs, state: State, event: TaskEnded, now: datetime) -> Moved:
    """Fire due timers; else follow the route of the answer that was promised."""
    walk = _after_timers(graphs, state, now)
    if walk.late:
        return walk
    if state.task is None or event.key != state.task.key or isinstance(event.result, Promised):
        return Refuse(code="other_task")
    take_result(walk, event.result)
    return walk


def fire(graphs: Graphs, state: State, _event: TimerFired, now: datetime) -> Moved:
    """Fire due timers."""
    walk = _after_timers(graphs, state, now)
    if not walk.late:
        return Refuse(code="not_due")
    walk.late = False  # that is what it came for
    return walk


def stop(graphs: Graphs, state: State, event: Cancelled, now: datetime) -> Moved:
    """Fire due timers, then end as cancelled."""
    walk = Walk(graphs, state, now)
    walk.settle()
    if walk.phase is not Phase.ENDED:
        walk.cancel = event.reason
        walk.settle()
    return walk


def note_cancel(graphs: Graphs, state: State, event: Cancelled, now: datetime) -> Moved:
    """Note the cancel; it applies after the result."""
    walk = Walk(graphs, state, now)
    walk.cancel = state.cancel or event.reason
    return walk


def take_up(graphs: Graphs, state: State, _event: TakenUp, now: datetime) -> Moved:
    """Apply a due timer or a noted cancel; else run the task again, or go back where its secret is lost."""
    walk = Walk(graphs, state, now)
    walk.fresh = True
    walk.settle()
    task = walk.task
    if task is not None and task is state.task and any(isinstance(part, Handle) for part in task.arguments.values()):
        walk.lose_secret(task)
        walk.settle()
    return walk


RULES: Final[Mapping[Phase, Mapping[type, Rule]]] = {
    Phase.NEW: {Started: begin},
    Phase.RUNNING: {TaskEnded: conclude, Signalled: keep, Cancelled: note_cancel, TakenUp: take_up},
    Phase.RETRYING: {TimerFired: fire, Signalled: hear, Cancelled: stop},
    Phase.DEFERRED: {TaskEnded: complete, TimerFired: fire, Signalled: hear, Cancelled: stop},
    Phase.PROMPT: {Submitted: answer, TimerFired: fire, Signalled: hear, Cancelled: stop},
    Phase.WAITING: {Signalled: hear, TimerFired: fire, Cancelled: stop},
    Phase.ENDED: {},
}
REFUSALS: Final[Mapping[type, str]] = {
    Started: "already_started",
    Submitted: "not_asked",
    Signalled: "not_waiting",
    TaskEnded: "other_task",
    TimerFired: "not_due",
    Cancelled: "not_running",
    TakenUp: "not_running",
}


def _after_timers(graphs: Graphs, state: State, now: datetime) -> Walk:
    """Return the walk with due timers fired; it is *late* where one was: the event is not applied then."""
    walk = Walk(graphs, state, now)
    if (at := state.wake_at) is not None and at <= now:
        walk.settle()
        walk.late = True
    return walk


def take_result(walk: Walk, result: Succeeded | Failed | Promised) -> None:
    """Follow the route of the task's *result*; then due timers, then a noted cancel."""
    _apply_result(walk, result)
    walk.settle()


def _apply_result(walk: Walk, result: Succeeded | Failed | Promised) -> None:
    node = walk.spot.at
    if not isinstance(node, TaskNode) or walk.task is None:
        return
    match result:
        case Promised(until=until):
            walk.note("deferred", node.id, until=until)
            walk.task = replace(walk.task, deferred_until=until)
            walk.phase = Phase.DEFERRED
        case Failed(kind=kind, code=code):
            _apply_failure(walk, node, kind, code)
        case Succeeded(outcome=outcome, fields=fields):
            declared = node.contract.outcomes.get(outcome)
            if declared is None or outcome not in node.routes or check_fields(declared, fields):
                walk.go(walk.fault("fault", "contract_broken"))
                return
            learned = decode_fields(declared, with_defaults(declared, fields))
            walk.spot.steps[node.id] = learned
            walk.note("task", node.id, outcome=outcome, fields=masked(declared, learned))
            walk.go(node.routes[outcome])


def _apply_failure(walk: Walk, node: TaskNode, kind: str, code: str) -> None:
    task, spot, retry = walk.task, walk.spot, node.retry
    if task is not None and code == SECRET_LOST:
        walk.lose_secret(task)
        return
    may_retry = retry is not None and code not in ENGINE_FAULTS and (kind in retry.errors or code in retry.errors)
    if task is None or retry is None or not may_retry or spot.attempt >= retry.attempts:
        walk.go(walk.fault(kind, code))
        return
    walk.note("retry", node.id, code=code, attempt=spot.attempt)
    held = any(isinstance(part, Handle) for part in task.arguments.values())
    # A secret lives in one process only, so its task cannot wait for another one to take it up.
    wait = timedelta(0) if held else delay(node, spot.attempt, jitter(task.key, spot.attempt))
    spot.attempt += 1
    if wait <= timedelta(0):
        walk.run_again(task)
        return
    walk.task = replace(task, retry_at=walk.now + wait, deferred_until=None)
    walk.phase = Phase.RETRYING


def _unfit(graph: Graph, spot: Spot, walk: Walk, event: Signalled) -> Refuse | None:
    declared = graph.signals[event.signal]
    scope = {**walk.scope, "inputs": spot.inputs, "vars": spot.vars, "steps": spot.steps}
    try:
        allowed = evaluate(declared.sender, scope)
    except ExpressionFailed:
        return Refuse(code="not_allowed")
    if event.sender not in (allowed if isinstance(allowed, list | tuple) else [allowed]):
        return Refuse(code="not_allowed")
    if problems := check_fields(declared.payload, event.payload):
        return Refuse(code="invalid_fields", problems=problems)
    return None

"""What an execution needs of the world and of time: commands at the end of a walk, and timers that are due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from engine.contracts import parse_time
from engine.execution.events import AwaitInput, AwaitSignal, Command, Finish, RunTask, WakeAt
from engine.execution.spot import Spot
from engine.execution.state import Frame, Phase, State, Task
from engine.language.graph import TaskNode, WaitNode
from engine.language.values import ExpressionFailed, Scope, Value, evaluate

Timer = tuple[bool, datetime, int, str]


def asked_of_the_world(state: State, spot: Spot, *, fresh: bool) -> list[Command]:
    """Return the commands for where *state* stands; a task is to be run only where it was entered just now."""
    phase, node = state.phase, spot.at
    if phase is Phase.RUNNING:  # no timer fires meanwhile
        run = task_to_run(phase, state.task, spot) if fresh else None
        return [] if run is None else [run]
    if phase is Phase.ENDED:
        return [] if state.outcome is None else [Finish(outcome=state.outcome, fields=state.result)]
    commands: list[Command] = []
    if phase is Phase.PROMPT:
        commands.append(AwaitInput(node=spot.node))
    elif phase is Phase.WAITING and isinstance(node, WaitNode):
        commands.append(AwaitSignal(signal=node.signal))
    if (at := state.wake_at) is not None:
        commands.append(WakeAt(at=at))
    return commands


def task_to_run(phase: Phase, task: Task | None, spot: Spot) -> RunTask | None:
    """Return the task that *spot* stands at, if it is running."""
    node = spot.at
    if phase is not Phase.RUNNING or task is None or not isinstance(node, TaskNode):
        return None
    return RunTask(
        executor=node.executor,
        key=task.key,
        node=spot.node,
        visit=spot.visits[spot.node],
        attempt=spot.attempt,
        arguments=task.arguments,
    )


def due_timers(stack: Sequence[Frame | Spot], task: Task | None, now: datetime) -> list[Timer]:
    """Return what is due, as tuples that sort by importance: a retry last, then by time, outer frames first."""
    due: list[Timer] = []
    for depth, frame in enumerate(stack):
        if frame.deadline is not None and frame.deadline <= now:
            due.append((False, frame.deadline, depth, "deadline"))
        if frame.due is not None and frame.due <= now:
            due.append((False, frame.due, depth, "timeout"))
    if task is not None and (until := task.deferred_until) is not None and until <= now:
        due.append((False, until, len(stack), "deferred"))
    if task is not None and (at := task.retry_at) is not None and at <= now:
        due.append((True, at, len(stack), "retry"))
    return due


def moment(value: Value, scope: Scope) -> datetime:
    """Return the time that *value* is in *scope*; ExpressionFailed where it is none."""
    found = evaluate(value, scope)
    if isinstance(found, str):
        try:
            found = parse_time(found)
        except ValueError as error:
            raise ExpressionFailed("expected a time like 2030-01-01T12:00:00Z") from error
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise ExpressionFailed(f"expected a time, found {type(found).__name__}")
    return found

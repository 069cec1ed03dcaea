"""The parts of a walk that stand by themselves: a frame opened for writing, scopes, catches and pauses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from engine.contracts import UNSET, decode_value
from engine.execution.state import Frame, State
from engine.language.graph import CallNode, Catch, Graph, Node, Target, TaskNode
from engine.language.values import Scope


class Spot:
    """The frame that moves, opened for writing."""

    __slots__ = ("attempt", "deadline", "digest", "due", "graph", "inputs", "node", "steps", "vars", "visits")

    def __init__(self, graph: Graph, frame: Frame) -> None:
        self.graph, self.digest, self.attempt = graph, frame.digest, frame.attempt
        self.node: str = frame.node
        self.visits: dict[str, int] = dict(frame.visits)
        self.vars, self.steps = dict(frame.vars), dict(frame.steps)
        self.inputs, self.deadline, self.due = frame.inputs, frame.deadline, frame.due

    @property
    def at(self) -> Node:
        """Return the node that the frame stands at."""
        return self.graph.nodes[self.node]

    def close(self) -> Frame:
        """Return the frame as it is now."""
        return Frame(
            digest=self.digest,
            node=self.node,
            visits=self.visits,
            attempt=self.attempt,
            inputs=self.inputs,
            vars=self.vars,
            steps=self.steps,
            deadline=self.deadline,
            due=self.due,
        )


def new_frame(graph: Graph, inputs: Mapping[str, Any]) -> Frame:
    """Return the frame of a flow that has not taken a step yet."""
    variables = {
        name: decode_value(part, part.default) for name, part in graph.variables.items() if part.default is not UNSET
    }
    return Frame(digest=graph.digest, node=graph.start, visits={}, inputs=inputs, vars=variables, steps={})


def scope_of(state: State, frame: Frame | Spot, expires_at: datetime | None) -> Scope:
    """Return what the expressions of *frame* read."""
    execution: dict[str, Any] = {"id": state.execution, "locale": state.locale, "started_at": state.started_at}
    if expires_at is not None:
        execution["expires_at"] = expires_at
    return {"inputs": frame.inputs, "vars": frame.vars, "steps": frame.steps, "execution": execution}


def caught(node: Node, kind: str, code: str) -> Target | None:
    """Return where *node* leads a fault of this class and reason, if it catches it."""
    catches: tuple[Catch, ...] = node.catch if isinstance(node, TaskNode | CallNode) else ()
    for each in catches:
        if not each.errors or kind in each.errors or code in each.errors:
            return each.target
    return None


def delay(node: TaskNode, attempt: int, chance: float) -> timedelta:
    """Return how long to wait before the try after *attempt*, where *chance* in [0, 1) decides the jitter."""
    if node.retry is None:
        return timedelta(0)
    # The exponent is bounded, so that a long series of tries cannot overflow a float.
    whole = min(node.retry.backoff.total_seconds() * node.retry.factor ** min(attempt - 1, 64), 86400.0 * 365)
    seconds = min(whole, node.retry.max.total_seconds())
    return timedelta(seconds=seconds * chance if node.retry.jitter == "full" else seconds)

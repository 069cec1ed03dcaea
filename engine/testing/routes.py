"""The ways of a graph: every route that an execution can take, under one name each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.language import CallNode, DecideNode, Graph, Node, TaskNode

TIMEOUT: Final = "timeout"
MAX_VISITS: Final = "max_visits"
DEADLINE: Final = "deadline"


@dataclass(frozen=True, slots=True)
class Way:
    """One route: from ``node`` to ``to``. The flow's deadline comes from no node: ``node`` is empty."""

    node: str
    route: str
    to: str

    def __str__(self) -> str:
        return f"{self.node}.{self.route} -> {self.to}" if self.node else f"{self.route} -> {self.to}"


def ways(graph: Graph) -> tuple[Way, ...]:
    """Return every way of *graph*, node by node as they are written."""
    found = [way for node in graph.nodes.values() for way in ways_of(node)]
    if graph.deadline is not None:
        found.append(Way("", DEADLINE, graph.deadline.to))
    return tuple(found)


def ways_of(node: Node) -> Iterator[Way]:
    """Yield the ways out of *node*."""
    yield from (Way(node.id, outcome, target.to) for outcome, target in node.routes.items())
    if isinstance(node, DecideNode):
        yield from (Way(node.id, f"case {place}", case.target.to) for place, case in enumerate(node.cases, 1))
        yield Way(node.id, "else", node.otherwise.to)
    if isinstance(node, TaskNode | CallNode):
        yield from (Way(node.id, caught_as(each.errors), each.target.to) for each in node.catch)
    if node.timeout is not None:
        yield Way(node.id, TIMEOUT, node.timeout.to.to)
    if node.max_visits is not None:
        yield Way(node.id, MAX_VISITS, node.max_visits.to.to)


def caught_as(errors: tuple[str, ...]) -> str:
    """Return what the way of a ``catch`` is called."""
    return f"fault: {', '.join(errors)}" if errors else "fault"

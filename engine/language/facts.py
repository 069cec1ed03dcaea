"""What a flow can cost at most: time, notifications, attempts at a credential. Computed from the graph, never run.

A bound holds for every path. Where a loop has no bound, that is said, with the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from engine.contracts import Scalar, format_duration
from engine.language.graph import CallNode, Graph, PromptNode, Retry, TaskNode, WaitNode
from engine.language.loops import endless_loop, most_visits
from engine.language.values import Expression, Literal

_MESSAGE: Final = Scalar("message")


@dataclass(frozen=True, slots=True)
class Bound:
    """The most that there can be: a number, or nothing and the reason why there is no bound."""

    most: float | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The bounds of one flow: ``seconds`` without the deadline, ``deadline`` the time at which it ends anyway."""

    flow: str
    version: str
    seconds: Bound
    deadline: str | None
    notifications: Bound
    attempts: Bound

    def to_json(self) -> dict[str, Any]:
        """Return the facts as JSON; null stands for "unbounded"."""
        return {
            "flow": self.flow,
            "version": self.version,
            "longest_seconds": self.seconds.most,
            "longest_why": self.seconds.why,
            "deadline": self.deadline,
            "most_notifications": _whole(self.notifications),
            "notifications_why": self.notifications.why,
            "most_credential_attempts": _whole(self.attempts),
            "credential_attempts_why": self.attempts.why,
        }

    def to_text(self) -> str:
        """Return the facts in words, a line for each."""
        longest = _length(self.seconds)
        if self.deadline is not None:
            longest = f"until {self.deadline}" + (f", and {longest}" if self.seconds.most is not None else "")
        return (
            f"{self.flow} {self.version}\n"
            f"  longest duration             {longest}\n"
            f"  most notifications           {_count(self.notifications)}\n"
            f"  most attempts at credentials {_count(self.attempts)}\n"
        )


def _whole(bound: Bound) -> int | None:
    return None if bound.most is None else int(bound.most)


def _length(bound: Bound) -> str:
    if bound.most is None:
        return f"unbounded: {bound.why}"
    return f"at most {format_duration(timedelta(seconds=bound.most))}"


def _count(bound: Bound) -> str:
    return f"unbounded: {bound.why}" if bound.most is None else str(int(bound.most))


def facts_of(graph: Graph, graphs: Mapping[str, Graph]) -> Facts:
    """Return the bounds of *graph*; *graphs* has the flows that it calls, by digest."""
    return Facts(
        flow=graph.name,
        version=graph.version,
        seconds=_most(graph, graphs, _seconds),
        deadline=_deadline(graph),
        notifications=_most(graph, graphs, _notifications),
        attempts=_most(graph, graphs, _attempts),
    )


def _deadline(graph: Graph) -> str | None:
    match graph.deadline.at if graph.deadline else None:
        case None:
            return None
        case Expression(source=source):
            return source
        case Literal(value):
            return str(value)
        case _:
            return "its deadline"


Weigh = Callable[[TaskNode | PromptNode | WaitNode], Bound]


def _seconds(node: TaskNode | PromptNode | WaitNode) -> Bound:
    if node.timeout is not None and node.timeout.after is not None:
        return Bound(node.timeout.after.total_seconds())
    if node.timeout is not None:
        return Bound(None, f"'{node.id}' waits until a time that is known only when it runs")
    match node:
        case PromptNode() | WaitNode():
            return Bound(None, f"'{node.id}' waits for an answer, without a timeout")
        case TaskNode(contract=contract) if contract.defers:
            return Bound(None, f"'{node.id}' may be answered later, and has no timeout")
        case TaskNode(retry=Retry() as retry):
            waits = [
                min(retry.backoff.total_seconds() * retry.factor**tried, retry.max.total_seconds())
                for tried in range(retry.attempts - 1)
            ]
            return Bound(sum(waits))
        case _:
            return Bound(0)


def _notifications(node: TaskNode | PromptNode | WaitNode) -> Bound:
    sends = isinstance(node, TaskNode) and any(part.type == _MESSAGE for part in node.contract.inputs.values())
    return Bound(1 if sends else 0)


def _attempts(node: TaskNode | PromptNode | WaitNode) -> Bound:
    if isinstance(node, TaskNode) and node.contract.takes_secrets:
        return Bound(node.retry.attempts if node.retry else 1)
    return Bound(0)


def _most(graph: Graph, graphs: Mapping[str, Graph], weigh: Weigh) -> Bound:
    """Return the greatest sum of what the nodes of one path weigh, each as often as it can be visited."""
    ways = {name: tuple(to for to, _ in leaving) for name, leaving in ways_of(graph).items()}
    total = 0.0
    for root in dict.fromkeys([graph.start, *([graph.deadline.to] if graph.deadline else [])]):
        bound = _heaviest(graph, graphs, weigh, ways, root)
        if bound.most is None:
            return bound
        total += bound.most
    return Bound(total)


def _heaviest(
    graph: Graph, graphs: Mapping[str, Graph], weigh: Weigh, ways: Mapping[str, tuple[str, ...]], root: str
) -> Bound:
    bounded = {name: node.max_visits.times for name, node in graph.nodes.items() if node.max_visits is not None}
    leaving = ways_of(graph)
    heaviest: dict[int, float] = {}
    pieces, member = _condensed(ways, root)
    for index, piece in enumerate(pieces):  # what a piece leads to comes before it
        own = 0.0
        for name in piece:
            node = graph.nodes[name]
            weight = _most(graphs[node.callee], graphs, weigh) if isinstance(node, CallNode) else _weight(node, weigh)
            if weight.most == 0:
                continue
            visits = most_visits(leaving, bounded, piece, name)
            if visits is None:
                loop = " → ".join(endless_loop(leaving, bounded, piece))
                return Bound(None, f"this loop has no bound: {loop}")
            if weight.most is None:
                return weight
            own += weight.most * visits
        following = {member[to] for name in piece for to in ways[name]} - {index}
        heaviest[index] = own + max((heaviest[to] for to in following), default=0.0)
    return Bound(heaviest[member[root]])


def _condensed(ways: Mapping[str, tuple[str, ...]], root: str) -> tuple[list[set[str]], dict[str, int]]:
    """Return the strongly connected pieces below *root*, targets first, and which one a node is in."""
    # It takes a third of a second to import, which whoever checks flows without asking for facts does not wait for.
    import networkx as nx  # noqa: PLC0415

    whole: nx.DiGraph[str] = nx.DiGraph(ways)
    condensed = nx.condensation(whole.subgraph({root} | nx.descendants(whole, root)))
    order = list(nx.topological_sort(condensed))[::-1]
    pieces = [set(condensed.nodes[number]["members"]) for number in order]
    return pieces, {name: index for index, piece in enumerate(pieces) for name in piece}


def _weight(node: object, weigh: Weigh) -> Bound:
    return weigh(node) if isinstance(node, TaskNode | PromptNode | WaitNode) else Bound(0)


def ways_of(graph: Graph) -> dict[str, list[tuple[str, bool]]]:
    """Return where each node may lead, and whether that is its way out once ``max_visits`` is used up."""
    return {name: list(_leaving(node)) for name, node in graph.nodes.items()}


def _leaving(node: Any) -> list[tuple[str, bool]]:
    ways = [(target.to, False) for target in node.routes.values()]
    ways += [(catch.target.to, False) for catch in getattr(node, "catch", ())]
    ways += [(case.target.to, False) for case in getattr(node, "cases", ())]
    if (otherwise := getattr(node, "otherwise", None)) is not None:
        ways.append((otherwise.to, False))
    if node.timeout is not None:
        ways.append((node.timeout.to.to, False))
    if node.max_visits is not None:
        ways.append((node.max_visits.to.to, True))
    return ways

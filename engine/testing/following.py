"""Which ways an execution took: read from the lines of its history, as they are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.execution import Event, Failed, Note, TaskEnded
from engine.language import CallNode, Catch, DecideNode, Graph, TaskNode
from engine.testing.routes import DEADLINE, MAX_VISITS, TIMEOUT, Way, caught_as


@dataclass(frozen=True, slots=True)
class Taken:
    """One way that was taken, in the flow with ``digest``, ``depth`` calls deep."""

    digest: str
    depth: int
    way: Way


class Follower:
    """Follows one event through its notes. *stack* is the graph and the node of each frame when the event came."""

    def __init__(self, graphs: Mapping[str, Graph], stack: Iterable[tuple[str, str]], event: Event) -> None:
        self._graphs = graphs
        self._stack = list(stack)
        self.taken: list[Taken] = []
        self.visited: set[tuple[str, str]] = set(self._stack)
        self._failed = event.result if isinstance(event, TaskEnded) and isinstance(event.result, Failed) else None

    def follow(self, note: Note) -> None:
        """Add what *note* tells to ``taken`` and, as pairs of digest and node, to ``visited``."""
        if note.depth < len(self._stack):
            self._stack[note.depth :] = [(self._stack[note.depth][0], note.node)]
        digest = self._stack[note.depth][0]
        self.visited.add((digest, note.node))
        if note.kind == "called":
            self._enter(digest, note.node)
            return
        taken = self._caught(note)
        if note.kind != "fault":
            way = self._way(self._graphs[digest], note)
            taken = None if way is None else Taken(digest, note.depth, way)
        if taken is not None:
            self.taken.append(taken)
            self.visited.add((taken.digest, taken.way.to))

    def _enter(self, digest: str, node: str) -> None:
        calling = self._graphs[digest].nodes[node]
        if isinstance(calling, CallNode):
            self._stack.append((calling.callee, self._graphs[calling.callee].start))
            self.visited.add(self._stack[-1])

    def _way(self, graph: Graph, note: Note) -> Way | None:
        facts = note.facts
        match note.kind:
            case "answered":
                route = str(facts["action"])
            case "task" | "returned":
                route = str(facts["outcome"])
            case "signalled":
                route = "signalled"
            case "decided":
                route = "else" if facts["case"] == "else" else f"case {int(facts['case']) + 1}"
            case "limit":
                route = MAX_VISITS
            case "timer":
                return _timed(graph, note.node, str(facts["timer"]))
            case _:
                return None
        return _named(graph, note.node, route)

    def _caught(self, note: Note) -> Taken | None:
        """Return the catch that took the fault, as the transition looks for it: here first, then up the stack."""
        if note.kind != "fault" or "back" in note.facts:
            return None
        code, kind = str(note.facts["code"]), "fault"
        if self._failed is not None and self._failed.code == code:
            kind, self._failed = self._failed.kind, None
        for depth in range(note.depth, -1, -1):
            digest, name = self._stack[depth]
            node = self._graphs[digest].nodes[name]
            for each in node.catch if isinstance(node, TaskNode | CallNode) else ():
                if _catches(each, kind, code):
                    del self._stack[depth + 1 :]
                    return Taken(digest, depth, Way(name, caught_as(each.errors), each.target.to))
        return None


def _catches(catch: Catch, kind: str, code: str) -> bool:
    return not catch.errors or kind in catch.errors or code in catch.errors


def _timed(graph: Graph, node: str, timer: str) -> Way | None:
    if timer == DEADLINE:
        return None if graph.deadline is None else Way("", DEADLINE, graph.deadline.to)
    timeout = graph.nodes[node].timeout
    return None if timeout is None else Way(node, TIMEOUT, timeout.to.to)


def _named(graph: Graph, name: str, route: str) -> Way | None:
    node = graph.nodes[name]
    if isinstance(node, DecideNode) and route != MAX_VISITS:
        target = node.otherwise if route == "else" else node.cases[int(route.removeprefix("case ")) - 1].target
    elif route == MAX_VISITS and node.max_visits is not None:
        target = node.max_visits.to
    elif route in node.routes:
        target = node.routes[route]
    else:
        return None
    return Way(name, route, target.to)

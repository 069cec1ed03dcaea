"""What a drawing of a flow shows, whatever it is drawn with: boxes, arrows, and how often tests took them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from typing import Literal as OneOf

from engine.contracts import frozen
from engine.language.graph import (
    CallNode,
    DecideNode,
    EndNode,
    Graph,
    LiteralTexts,
    Node,
    PromptNode,
    TaskNode,
    Timeout,
    WaitNode,
)

Kind = OneOf["start", "deadline", "prompt", "task", "decide", "call", "wait", "end"]
START: Final = "start of the flow"
DEADLINE: Final = "deadline of the flow"

Coverage = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One node. ``visits`` counts how often tests came by, where that is known; ``inner`` is what a call calls."""

    id: str
    kind: Kind
    about: str = ""
    visits: int | None = None
    inner: Picture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One way from a node to the next. ``exceptional``: only faults, time and bounds take it."""

    source: str
    target: str
    label: str = ""
    exceptional: bool = False
    taken: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A flow as it is drawn."""

    name: str
    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    @property
    def described(self) -> str:
        """Return in words what the picture shows, for people who do not see it."""
        kinds = [box.kind for box in self.boxes]
        words = [f"{kinds.count(kind)} {kind}" for kind in ("prompt", "task", "decide", "call", "wait", "end")]
        first = next((arrow.target for arrow in self.arrows if arrow.source == START), "")
        ends = ", ".join(box.id for box in self.boxes if box.kind == "end")
        counted = ", ".join(word for word in words if not word.startswith("0 "))
        return f"The flow {self.name} begins at {first}, ends at one of {ends}, and has these nodes: {counted}."


def picture_of(graph: Graph, *, coverage: Coverage | None = None, calls: Mapping[str, Graph] | None = None) -> Picture:
    """Return what a drawing of *graph* shows.

    *coverage* is what ``flow test --json`` says of each flow; *calls* are the flows, by digest, that are drawn inside
    the nodes that call them.
    """
    known = (coverage or {}).get(graph.name)
    nodes: Mapping[str, int] | None = known["nodes"] if known else None
    taken = {(way["node"], way["route"]): int(way["taken"]) for way in known["routes"]} if known else None
    boxes = [Box(id=START, kind="start")]
    arrows = [Arrow(source=START, target=graph.start)]
    for node in graph.nodes.values():
        visits = int(nodes.get(node.id, 0)) if nodes is not None else None
        callee = (calls or {}).get(node.callee) if isinstance(node, CallNode) else None
        inner = picture_of(callee, coverage=coverage, calls=calls) if callee is not None else None
        boxes.append(Box(id=node.id, kind=_kind(node), about=_about(node), visits=visits, inner=inner))
        arrows += _arrows(node, taken)
    if graph.deadline is not None:
        boxes.append(Box(id=DEADLINE, kind="deadline", about="deadline"))
        times = _times(taken, "", "deadline")
        arrows.append(Arrow(source=DEADLINE, target=graph.deadline.to, exceptional=True, taken=times))
    return Picture(name=graph.name, title=graph.title, boxes=tuple(boxes), arrows=tuple(arrows))


def _kind(node: Node) -> Kind:
    kinds: Mapping[type, Kind] = frozen(
        {
            PromptNode: "prompt",
            TaskNode: "task",
            DecideNode: "decide",
            CallNode: "call",
            WaitNode: "wait",
            EndNode: "end",
        }
    )
    return kinds[type(node)]


def _about(node: Node) -> str:
    match node:
        case PromptNode(texts=texts):
            return texts.title if isinstance(texts, LiteralTexts) else texts
        case TaskNode(executor=executor):
            return executor
        case CallNode(flow=flow, major=major):
            return f"{flow}@{major}"
        case WaitNode(signal=signal):
            return signal
        case DecideNode():
            return ""
        case EndNode(outcome=outcome):
            return outcome


def _arrows(node: Node, taken: Mapping[tuple[str, str], int] | None) -> Iterator[Arrow]:
    for route, label, target, exceptional in _ways(node):
        times = _times(taken, node.id, route)
        yield Arrow(source=node.id, target=target, label=label, exceptional=exceptional, taken=times)


def _times(taken: Mapping[tuple[str, str], int] | None, node: str, route: str) -> int | None:
    return None if taken is None else taken.get((node, route), 0)


def _ways(node: Node) -> Iterator[tuple[str, str, str, bool]]:
    """Yield what each way out of *node* is called in coverage, what it is labelled, where it leads, how it is drawn."""
    for outcome, target in node.routes.items():
        yield outcome, outcome, target.to, False
    if isinstance(node, DecideNode):
        for place, case in enumerate(node.cases, 1):
            yield f"case {place}", case.when.source.strip(), case.target.to, False
        yield "else", "else", node.otherwise.to, False
    if isinstance(node, TaskNode | CallNode):
        for catch in node.catch:
            caught = ", ".join(catch.errors)
            yield f"fault: {caught}" if caught else "fault", caught or "fault", catch.target.to, True
    if node.timeout is not None:
        yield "timeout", _when(node.timeout), node.timeout.to.to, True
    if node.max_visits is not None:
        yield "max_visits", f"visit {node.max_visits.times + 1}", node.max_visits.to.to, True


def _when(timeout: Timeout) -> str:
    return f"after {_short(timeout.after)}" if timeout.after is not None else "at its time"


def _short(length: timedelta) -> str:
    """Return *length* as authors write it.

    >>> _short(timedelta(hours=1, minutes=30))
    '1h30m'
    """
    seconds, milliseconds = length.days * 86_400 + length.seconds, length.microseconds // 1000
    parts = []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        amount, seconds = divmod(seconds, size)
        parts += [f"{amount}{unit}"] if amount else []
    return "".join([*parts, *([f"{milliseconds}ms"] if milliseconds else [])]) or "0s"

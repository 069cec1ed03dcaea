"""The shape of the graph: every node is reached, reaches an end, and no loop runs for ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.language.diagnostics import Diagnostic
from engine.language.document import BrokenDraft, CallDraft, FlowDocument, TaskDraft
from engine.language.graph import EndNode, PromptNode, WaitNode
from engine.language.loops import unbounded_ways
from engine.language.paths import Ways, backwards, knots, loop_through, reached_from, shortest_path, within
from engine.language.study import Study, placed_targets


def check_shape(study: Study) -> Iterator[Diagnostic]:
    """Yield what is wrong with the graph; nothing while its nodes or targets are themselves broken."""
    if not study.connected:
        return
    leaving = {name: [(way.target.to, way.way == "max_visits") for way in found] for name, found in study.ways.items()}
    ways = {name: [to for to, _ in found] for name, found in leaving.items()}
    reached = reached_from(ways, study.roots)
    if not study.lost:
        yield from _unreachable(study, reached)
        yield from _endless(study, ways, reached)
    bounded = {name for name, node in study.document.nodes.items() if getattr(node, "max_visits", None) is not None}
    lasting = unbounded_ways(leaving, bounded)
    unread = {name for name, node in study.document.nodes.items() if isinstance(node, BrokenDraft)}
    reached -= unread  # what bounds them may not have been read
    yield from _loops(study, lasting, reached)
    yield from _guessing(study, lasting, reached)
    yield from _deadline(study, ways)


def _ways(document: FlowDocument) -> Ways | None:
    nodes = document.nodes
    ways: dict[str, list[str]] = {name: [] for name in nodes}
    for placed in placed_targets(document):
        ways[placed.node].append(placed.target.to)
    known = all(to in nodes for following in ways.values() for to in following) and document.start in nodes
    whole = not any(isinstance(node, BrokenDraft) for node in nodes.values())
    return ways if known and whole else None


def _in_order(document: FlowDocument, names: Iterable[str]) -> list[str]:
    wanted = set(names)
    return [name for name in document.nodes if name in wanted]


def _unreachable(study: Study, reached: set[str]) -> Iterator[Diagnostic]:
    document = study.document
    for name in _in_order(document, set(document.nodes) - reached):
        span = document.spots.key("nodes", name)
        hint = "route to it, or delete it"
        yield study.report("LH501", span, f"no path leads from '{document.start}' to '{name}'", hint=hint)


def _endless(study: Study, ways: Ways, reached: set[str]) -> Iterator[Diagnostic]:
    document = study.document
    ends = [name for name, node in document.nodes.items() if isinstance(node, EndNode | BrokenDraft)]
    finishing = reached_from(backwards(ways), ends)
    stuck = _in_order(document, reached - finishing)
    if stuck:
        others = f" (nor from {', '.join(stuck[1:])})" if len(stuck) > 1 else ""
        span = document.spots.key("nodes", stuck[0])
        message = f"from '{stuck[0]}' no path leads to an end{others}"
        yield study.report("LH502", span, message, hint="add a route to a node with 'end: …'")


def _loops(study: Study, ways: Ways, reached: set[str]) -> Iterator[Diagnostic]:
    nodes = study.document.nodes
    pausing = {
        name
        for name, node in nodes.items()
        if (isinstance(node, PromptNode | WaitNode) and node.max_visits is None)  # once it is used up, nobody is asked
        or (isinstance(node, CallDraft) and _asks_somebody(study, node))
    }
    running = within(ways, reached - pausing)
    for knot in knots(running):
        first = _in_order(study.document, knot)[0]
        span = study.document.spots.key("nodes", first)
        loop = loop_through(within(running, knot), first)
        message = f"this loop has no person, no wait and no bound: {' → '.join(loop)}"
        yield study.report("LH503", span, message, hint="put max_visits: {times: 10, to: NODE} on one of its nodes")


def _asks_somebody(study: Study, node: CallDraft) -> bool:
    """Return whether every path through the callee meets a person or a wait."""
    callee = study.callees.get(f"{node.flow}@{node.major}")
    ways = _ways(callee) if callee else None
    if callee is None or ways is None:
        return True  # it is reported where it is wrong
    pausing = {name for name, inner in callee.nodes.items() if isinstance(inner, PromptNode | WaitNode)}
    if callee.start in pausing:
        return True
    reached = reached_from(within(ways, callee.nodes.keys() - pausing), [callee.start])
    return not any(isinstance(callee.nodes[name], EndNode) for name in reached)


def _guessing(study: Study, ways: Ways, reached: set[str]) -> Iterator[Diagnostic]:
    unbounded = within(ways, reached)
    for knot in knots(unbounded):
        for name in _in_order(study.document, knot):
            if not _takes_secrets(study, name):
                continue
            loop = loop_through(within(unbounded, knot), name)
            message = f"this loop tries '{name}' again and again without a bound: {' → '.join(loop)}"
            hint = "put max_visits: {times: 5, to: NODE} on one of its nodes"
            yield study.report("LH504", study.document.spots.key("nodes", name), message, hint=hint)


def _takes_secrets(study: Study, name: str) -> bool:
    node = study.document.nodes[name]
    contract = study.contracts.get(node.executor) if isinstance(node, TaskDraft) else None
    return contract is not None and contract.takes_secrets


def _deadline(study: Study, ways: Ways) -> Iterator[Diagnostic]:
    document = study.document
    to = study.late
    if to is None:
        return
    for name in _in_order(document, reached_from(ways, [to])):
        if isinstance(document.nodes[name], PromptNode | WaitNode):
            path = shortest_path(ways, [to], name)
            by = f": {' → '.join(path)}" if len(path) > 1 else ""
            span = document.spots.value("deadline", "to")
            message = f"after the deadline nobody may be asked any more, and this leads to '{name}'{by}"
            yield study.report("LH505", span, message, hint="lead it to an end without a prompt or a wait on the way")
            return

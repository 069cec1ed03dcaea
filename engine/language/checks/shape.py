"""The shape of the graph: every node is reached, reaches an end, and no loop runs for ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import networkx as nx

from engine.language.diagnostics import Diagnostic
from engine.language.document import BrokenDraft, CallDraft, FlowDocument, TaskDraft
from engine.language.graph import EndNode, PromptNode, WaitNode
from engine.language.study import Study, placed_targets

Ways: TypeAlias = "nx.DiGraph[str]"


def check_shape(study: Study) -> Iterator[Diagnostic]:
    """Yield what is wrong with the graph; nothing while its nodes or targets are themselves broken."""
    document = study.document
    ways = _ways(document)
    if ways is None:
        return
    roots = [document.start, *([document.deadline.to] if document.deadline else [])]
    reached = set[str]().union(*({root} | nx.descendants(ways, root) for root in roots))
    yield from _unreachable(study, reached)
    yield from _endless(study, ways, reached)
    yield from _loops(study, ways, reached)
    yield from _guessing(study, ways, reached)
    yield from _deadline(study, ways)


def _ways(document: FlowDocument) -> Ways | None:
    nodes = document.nodes
    targets = [(placed.node, placed.target.to) for placed in placed_targets(document)]
    known = all(to in nodes for _, to in targets) and document.start in nodes
    whole = not any(isinstance(node, BrokenDraft) for node in nodes.values())
    if not (known and whole) or (document.deadline and document.deadline.to not in nodes):
        return None
    ways: Ways = nx.DiGraph()
    ways.add_nodes_from(nodes)
    ways.add_edges_from(targets)
    return ways


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
    ends = [name for name, node in document.nodes.items() if isinstance(node, EndNode)]
    finishing = set(ends).union(*(nx.ancestors(ways, end) for end in ends))
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
        if isinstance(node, PromptNode | WaitNode)
        or getattr(node, "max_visits", None) is not None
        or (isinstance(node, CallDraft) and _asks_somebody(study, node))
    }
    running = ways.subgraph(reached - pausing)
    for loop in _cycles(study.document, running):
        span = study.document.spots.key("nodes", loop[0])
        shown = " → ".join((*loop, loop[0]))
        message = f"this loop has no person, no wait and no bound: {shown}"
        yield study.report("LH503", span, message, hint="put max_visits: {times: 10, to: NODE} on one of its nodes")


def _asks_somebody(study: Study, node: CallDraft) -> bool:
    """Return whether every path through the callee meets a person or a wait."""
    callee = study.callees.get(f"{node.flow}@{node.major}")
    ways = _ways(callee) if callee else None
    if callee is None or ways is None:
        return True  # it is reported where it is wrong
    pausing = {name for name, inner in callee.nodes.items() if isinstance(inner, PromptNode | WaitNode)}
    through = ways.subgraph(set(callee.nodes) - pausing)
    if callee.start in pausing:
        return True
    reached = {callee.start} | nx.descendants(through, callee.start)
    return not any(isinstance(callee.nodes[name], EndNode) for name in reached)


def _cycles(document: FlowDocument, ways: Ways) -> Iterator[list[str]]:
    """Yield one cycle of each knot of *ways*, beginning with its first node in the file."""
    for knot in nx.strongly_connected_components(ways):
        first = _in_order(document, knot)[0]
        inner = ways.subgraph(knot)
        if inner.number_of_edges() == 0:
            continue
        loops = (nx.shortest_path(inner, after, first) for after in sorted(inner.successors(first)))
        yield [first, *min(loops, key=len)[:-1]]


def _guessing(study: Study, ways: Ways, reached: set[str]) -> Iterator[Diagnostic]:
    nodes = study.document.nodes
    unbounded = ways.subgraph(name for name in reached if getattr(nodes[name], "max_visits", None) is None)
    for knot in nx.strongly_connected_components(unbounded):
        if unbounded.subgraph(knot).number_of_edges() == 0:
            continue
        for name in _in_order(study.document, knot):
            if not _takes_secrets(study, name):
                continue
            loop = _shortest_loop(unbounded.subgraph(knot), name)
            message = f"this loop tries '{name}' again and again without a bound: {' → '.join(loop)}"
            hint = "put max_visits: {times: 5, to: NODE} on one of its nodes"
            yield study.report("LH504", study.document.spots.key("nodes", name), message, hint=hint)


def _takes_secrets(study: Study, name: str) -> bool:
    node = study.document.nodes[name]
    contract = study.contracts.get(node.executor) if isinstance(node, TaskDraft) else None
    return contract is not None and contract.takes_secrets


def _shortest_loop(ways: Ways, name: str) -> list[str]:
    loops = [
        nx.shortest_path(ways, after, name) for after in sorted(ways.successors(name)) if nx.has_path(ways, after, name)
    ]
    return [name, *min(loops, key=len)]


def _deadline(study: Study, ways: Ways) -> Iterator[Diagnostic]:
    document = study.document
    if document.deadline is None:
        return
    to = document.deadline.to
    for name in _in_order(document, {to} | nx.descendants(ways, to)):
        if isinstance(document.nodes[name], PromptNode | WaitNode):
            path = " → ".join(nx.shortest_path(ways, to, name))
            span = document.spots.value("deadline", "to")
            message = f"after the deadline nobody may be asked any more, and this leads to '{name}': {path}"
            yield study.report("LH505", span, message, hint="lead it to an end without a prompt or a wait on the way")
            return

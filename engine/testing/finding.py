"""The paths of a flow, from its start to an end, and those of them that no test takes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from engine.language import EndNode, Graph, PromptNode, TaskNode, WaitNode
from engine.testing.routes import DEADLINE, MAX_VISITS, Way, ways, ways_of
from engine.testing.running import TestResult

Path = tuple[Way, ...]
MOST_PATHS: Final = 200


def paths(graph: Graph) -> tuple[Path, ...]:
    """Return the paths of *graph*: all that pass no node twice, and one for each way that is on none of these.

    Of very many the first 200 are looked at; every way is on a path nevertheless.
    """
    found = list(dict.fromkeys(islice(_straight(graph), MOST_PATHS)))
    known = {way for path in found for way in path}
    found += [path for way in ways(graph) if way not in known and (path := _through(graph, way)) is not None]
    return tuple(found)


def untaken(graph: Graph, results: Iterable[TestResult]) -> tuple[Path, ...]:
    """Return the paths that no test behind *results* takes. A test that goes in circles takes what is left without."""
    walked = [tuple(each.way for each in result.taken if each.digest == graph.digest) for result in results]
    straight = {_without_circles(graph, walk) for walk in walked}
    touched = {way for walk in walked for way in walk}
    once = set(islice(_straight(graph), MOST_PATHS))
    return tuple(path for path in paths(graph) if (path not in straight if path in once else not set(path) <= touched))


def named(path: Path) -> str:
    """Return what a path is called: its ways, one after the other."""
    return ", ".join(f"{way.node} {way.route}".strip() for way in path) or "straight to the end"


def _straight(graph: Graph) -> Iterator[Path]:
    """Yield the paths that pass no node twice; the deadline strikes where somebody is waited for first."""
    stack: list[tuple[str, Path]] = [(graph.start, ())]
    while stack:
        node, path = stack.pop()
        if isinstance(graph.nodes[node], EndNode):
            yield path
            continue
        passed = {graph.start, *(way.to for way in path)}
        onward = [way for way in _out_of(graph, node, path) if way.to not in passed and way.route != MAX_VISITS]
        stack += [(way.to, (*path, way)) for way in reversed(onward)]


def _out_of(graph: Graph, node: str, path: Path) -> Iterator[Way]:
    yield from ways_of(graph.nodes[node])
    waited = [graph.nodes[name] for name in (graph.start, *(way.to for way in path))]
    first = sum(_waits(each) for each in waited) == 1 and _waits(graph.nodes[node])
    if graph.deadline is not None and first:
        yield Way("", DEADLINE, graph.deadline.to)


def _waits(node: object) -> bool:
    return isinstance(node, PromptNode | WaitNode) or (isinstance(node, TaskNode) and node.contract.defers)


def _through(graph: Graph, way: Way) -> Path | None:
    """Return the shortest path through *way*; for a bound on visits, with as many rounds as it allows."""
    before, after = shortest(graph, graph.start, {way.node}), shortest(graph, way.to, _ends(graph))
    if before is None or after is None:
        return None
    node = graph.nodes[way.node] if way.node else None
    if way.route != MAX_VISITS or node is None or node.max_visits is None:
        return (*before, way, *after)
    rounds = (circle for out in ways_of(node) if out.route != MAX_VISITS and (circle := _circle(graph, out)))
    circle = min(rounds, key=len, default=None)
    return None if circle is None else (*before, *(circle * node.max_visits.times), way, *after)


def _circle(graph: Graph, out: Way) -> Path | None:
    back = shortest(graph, out.to, {out.node})
    return None if back is None else (out, *back)


def shortest(graph: Graph, start: str, goals: set[str]) -> Path | None:
    """Return the fewest ways from *start* to one of *goals*, None where none leads there."""
    queue: deque[tuple[str, Path]] = deque([(start, ())])
    seen = {start}
    while queue:
        node, path = queue.popleft()
        if node in goals:
            return path
        for way in ways_of(graph.nodes[node]):
            if way.to not in seen and way.route != MAX_VISITS:
                seen.add(way.to)
                queue.append((way.to, (*path, way)))
    return None


def _ends(graph: Graph) -> set[str]:
    return {name for name, node in graph.nodes.items() if isinstance(node, EndNode)}


def _without_circles(graph: Graph, walk: Sequence[Way]) -> Path:
    kept: list[Way] = []
    for way in walk:
        if way.route == MAX_VISITS:  # the node that it comes from was entered once more, and not run
            continue
        kept.append(way)
        stands = [graph.start, *(each.to for each in kept)]
        if way.to in stands[:-1]:
            kept = kept[: stands.index(way.to)]
    return tuple(kept)

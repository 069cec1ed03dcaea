"""Walking a graph of names: what is reached, the shortest path, and the knots that loops make.

Nothing here is recursive, so that no flow is too long for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping

Ways = Mapping[str, Collection[str]]


def reached_from(ways: Ways, beginnings: Iterable[str]) -> set[str]:
    """Return *beginnings* and every name that a path leads to from one of them.

    >>> sorted(reached_from({"a": ["b"], "b": [], "c": ["a"]}, ["a"]))
    ['a', 'b']
    """
    found = set(beginnings)
    waiting = deque(found)
    while waiting:
        for following in ways.get(waiting.popleft(), ()):
            if following not in found:
                found.add(following)
                waiting.append(following)
    return found


def backwards(ways: Ways) -> dict[str, list[str]]:
    """Return the same graph with every way turned round."""
    turned: dict[str, list[str]] = {name: [] for name in ways}
    for name, following in ways.items():
        for to in following:
            turned.setdefault(to, []).append(name)
    return turned


def within(ways: Ways, names: Collection[str]) -> dict[str, list[str]]:
    """Return the part of the graph that lies among *names*."""
    kept = set(names)
    return {name: [to for to in ways.get(name, ()) if to in kept] for name in ways if name in kept}


def shortest_path(ways: Ways, beginnings: Iterable[str], end: str) -> list[str]:
    """Return a shortest path from one of *beginnings* to *end*; nothing where there is none."""
    paths: dict[str, str | None] = dict.fromkeys(beginnings)
    waiting = deque(paths)
    while waiting:
        name = waiting.popleft()
        if name == end:
            return _traced(paths, end)
        for following in ways.get(name, ()):
            if following not in paths:
                paths[following] = name
                waiting.append(following)
    return []


def _traced(came_from: Mapping[str, str | None], end: str) -> list[str]:
    path, at = [end], came_from[end]
    while at is not None:
        path.append(at)
        at = came_from[at]
    return path[::-1]


def loop_through(ways: Ways, name: str) -> list[str]:
    """Return a shortest loop from *name* back to itself, with *name* at both ends; nothing where there is none."""
    back = shortest_path(ways, sorted(ways.get(name, ())), name)
    return [name, *back] if back else []


def knots(ways: Ways) -> Iterator[set[str]]:
    """Yield each set of names that lie on loops with each other: the strongly connected components that have a loop.

    Kosaraju's way: from the name that a walk finished last, all that reaches it and was not taken yet is one knot.
    """
    turned, taken = backwards(ways), set[str]()
    for name in reversed(_finished(ways)):
        if name in taken:
            continue
        knot = {name}
        waiting = [name]
        while waiting:
            news = set(turned[waiting.pop()]) - taken - knot
            knot |= news
            waiting.extend(news)
        taken |= knot
        if len(knot) > 1 or name in ways[name]:
            yield knot


def _finished(ways: Ways) -> list[str]:
    """Return the names in the order in which a walk into the depth has done with them."""
    order: list[str] = []
    seen: set[str] = set()
    for root in ways:
        work = [] if root in seen else [(root, iter(ways[root]))]
        seen.add(root)
        while work:
            name, following = work[-1]
            deeper = next((to for to in following if to not in seen), None)
            if deeper is None:
                order.append(name)
                work.pop()
            else:
                seen.add(deeper)
                work.append((deeper, iter(ways[deeper])))
    return order

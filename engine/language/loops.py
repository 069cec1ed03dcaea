"""How often a node can be visited: loops, and the ``max_visits`` that bound them.

A node with a bound runs so many times; every later entry leaves it by the way out of ``max_visits`` alone. A loop
without a bound is one that goes through no bounded node, or through it by that way out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from engine.language.paths import knots, loop_through

Leaving = Mapping[str, Sequence[tuple[str, bool]]]


def unbounded_ways(leaving: Leaving, bounded: Collection[str]) -> dict[str, list[str]]:
    """Return the ways that can be gone again and again: all, but of a bounded node only the one out of its bound."""
    return {name: [to for to, after in ways if after or name not in bounded] for name, ways in leaving.items()}


def endless_loop(leaving: Leaving, bounded: Collection[str], among: Collection[str]) -> list[str]:
    """Return a loop without a bound among some nodes, its first node at both ends; nothing where there is none."""
    inner = _among(unbounded_ways(leaving, bounded), among)
    for knot in knots(inner):
        return loop_through(inner, min(knot))
    return []


def most_visits(leaving: Leaving, bounded: Mapping[str, int], knot: Collection[str], name: str) -> int | None:
    """Return how often *name* runs at most, *knot* being the nodes on loops with it; None where nothing bounds it."""
    if name in bounded:
        return bounded[name]
    loops = any(to in knot for to, _ in leaving[name])
    if not loops:
        return 1
    inner = _among(unbounded_ways(leaving, bounded), knot)
    if any(True for _ in knots(inner)):
        return None
    # Between two runs of bounded nodes a path cannot come to one node twice.
    return 1 + sum(times for other, times in bounded.items() if other in knot)


def _among(ways: Mapping[str, Sequence[str]], names: Collection[str]) -> dict[str, list[str]]:
    kept = set(names)
    return {name: [to for to in ways[name] if to in kept] for name in ways if name in kept}

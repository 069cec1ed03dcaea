"""Layered layout, first half: which row each box stands in, and in which order the rows stand (Sugiyama's method).

Ways that lead back are turned round first, so that every way leads down; ways over several rows get a point in each;
then rows are sorted by the median of their neighbours, up and down, while that makes ways cross less often.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_SWEEPS: Final = 12

Point = Hashable
Way = tuple[Point, Point]
Rows = list[list[Point]]


def leading_back(points: Sequence[Point], ways: Sequence[Way]) -> frozenset[int]:
    """Return the indices of ways that close a circle, seen in the order in which they are written."""
    out: dict[Point, list[tuple[int, Point]]] = {point: [] for point in points}
    for index, (source, target) in enumerate(ways):
        out[source].append((index, target))
    back: set[int] = set()
    done: set[Point] = set()
    for root in points:
        if root in done:
            continue
        open_points = {root}
        stack = [(root, iter(out[root]))]
        while stack:
            point, following = stack[-1]
            step = next(following, None)
            if step is None:
                stack.pop()
                open_points.discard(point)
                done.add(point)
            elif step[1] in open_points:
                back.add(step[0])
            elif step[1] not in done:
                open_points.add(step[1])
                stack.append((step[1], iter(out[step[1]])))
    return frozenset(back)


def row_numbers(points: Sequence[Point], ways: Iterable[Way]) -> dict[Point, int]:
    """Return the row of each point, where *ways* close no circle: one below the lowest that leads to it."""
    into: dict[Point, int] = dict.fromkeys(points, 0)
    out: dict[Point, list[Point]] = {point: [] for point in points}
    for source, target in ways:
        out[source].append(target)
        into[target] += 1
    rows = dict.fromkeys(points, 0)
    ready = [point for point in points if not into[point]]
    while ready:
        point = ready.pop(0)
        for target in out[point]:
            rows[target] = max(rows[target], rows[point] + 1)
            into[target] -= 1
            if not into[target]:
                ready.append(target)
    return rows


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Who stands above and below whom, one row apart."""

    above: Mapping[Point, Sequence[Point]]
    below: Mapping[Point, Sequence[Point]]


def neighbours_of(points: Iterable[Point], links: Iterable[Way]) -> Neighbours:
    """Return the neighbours of each of *points*; each of *links* leads one row down."""
    above: dict[Point, list[Point]] = {point: [] for point in points}
    below: dict[Point, list[Point]] = {point: [] for point in above}
    for upper, lower in links:
        below[upper].append(lower)
        above[lower].append(upper)
    return Neighbours(above, below)


def sorted_rows(rows: Rows, neighbours: Neighbours) -> Rows:
    """Return *rows* in an order in which few ways cross."""
    best, least = [list(row) for row in rows], crossings(rows, neighbours)
    current = [list(row) for row in rows]
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        order = range(1, len(current)) if downwards else range(len(current) - 2, -1, -1)
        for number in order:
            fixed = current[number - 1 if downwards else number + 1]
            _sort_by_median(current[number], fixed, neighbours.above if downwards else neighbours.below)
        _swap_neighbours(current, neighbours)
        if (found := crossings(current, neighbours)) < least:
            best, least = [list(row) for row in current], found
    return best


def crossings(rows: Rows, neighbours: Neighbours) -> int:
    """Return how many pairs of links cross."""
    return sum(_between(upper, lower, neighbours) for upper, lower in pairwise(rows))


def _between(upper: Sequence[Point], lower: Sequence[Point], neighbours: Neighbours) -> int:
    place = {point: index for index, point in enumerate(lower)}
    passed: list[int] = []
    count = 0
    for point in upper:
        ends = sorted(place[other] for other in neighbours.below[point])
        count += sum(len(passed) - bisect_left(passed, end + 1) for end in ends)
        for end in ends:
            insort(passed, end)
    return count


def _sort_by_median(row: list[Point], fixed: Sequence[Point], towards: Mapping[Point, Sequence[Point]]) -> None:
    """Sort *row* in place by the medians of its neighbours in *fixed*; points without any keep their places."""
    place = {point: index for index, point in enumerate(fixed)}
    medians = {point: _median(sorted(place[other] for other in towards[point])) for point in row}
    movable = iter(sorted((point for point in row if medians[point] >= 0), key=lambda point: medians[point]))
    row[:] = [next(movable) if medians[point] >= 0 else point for point in row]


def _median(places: Sequence[int]) -> float:
    if not places:
        return -1.0
    middle = len(places) // 2
    return float(places[middle]) if len(places) % 2 else (places[middle - 1] + places[middle]) / 2


def _swap_neighbours(rows: Rows, neighbours: Neighbours) -> None:
    """Swap two that stand side by side where their links then cross less."""
    place = {point: index for row in rows for index, point in enumerate(row)}
    for row in rows:
        for index in range(len(row) - 1):
            left, right = row[index], row[index + 1]
            if _crossed(left, right, place, neighbours) > _crossed(right, left, place, neighbours):
                row[index], row[index + 1] = right, left
                place[left], place[right] = index + 1, index


def _crossed(left: Point, right: Point, place: Mapping[Point, int], neighbours: Neighbours) -> int:
    """Return how many links of two cross where *left* stands left of *right*."""
    return sum(
        place[one] > place[other]
        for side in (neighbours.above, neighbours.below)
        for one in side[left]
        for other in side[right]
    )

"""Layered layout, second half: where in its row everything stands, so that ways are short and as straight as can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from engine.language.draw_ranks import Neighbours, Point, Rows

_ROUNDS: Final = 24
_STRAIGHTENING: Final = 24
_LINE_WEIGHT: Final = 32.0


def placed(
    rows: Rows,
    widths: Mapping[Point, float],
    gap: float,
    neighbours: Neighbours,
    lines: Sequence[Sequence[Point]] = (),
) -> dict[Point, float]:
    """Return the middle of each point from left to right; points of a row keep their order and *gap* between them.

    Points of one of *lines* belong below each other: at last they are drawn together as far as the others allow.
    """
    middles = _packed(rows, widths, gap)
    together: Mapping[Point, float] = {}
    weights = {point: _weight(point, neighbours) for point in middles}
    for number in range(_ROUNDS + _STRAIGHTENING):
        if number >= _ROUNDS:
            together = _together(lines, middles)
            weights.update({point: _LINE_WEIGHT * len(line) for line in lines for point in line})
        for row in rows if number % 2 == 0 else rows[::-1]:
            wanted = [together[point] if point in together else _wanted(point, middles, neighbours) for point in row]
            steps = [(widths[left] + widths[right]) / 2 + gap for left, right in pairwise(row)]
            middles.update(zip(row, nearest_allowed(wanted, [weights[point] for point in row], steps), strict=True))
    left = min((middles[point] - widths[point] / 2 for point in middles), default=0.0)
    return {point: middle - left for point, middle in middles.items()}


def _together(lines: Sequence[Sequence[Point]], middles: Mapping[Point, float]) -> dict[Point, float]:
    means = [sum(middles[point] for point in line) / len(line) for line in lines]
    return {point: mean for line, mean in zip(lines, means, strict=True) for point in line}


def _packed(rows: Rows, widths: Mapping[Point, float], gap: float) -> dict[Point, float]:
    middles: dict[Point, float] = {}
    for row in rows:
        total = sum(widths[point] for point in row) + gap * (len(row) - 1)
        edge = -total / 2
        for point in row:
            middles[point] = edge + widths[point] / 2
            edge += widths[point] + gap
    return middles


def _wanted(point: Point, middles: Mapping[Point, float], neighbours: Neighbours) -> float:
    linked = (*neighbours.above[point], *neighbours.below[point])
    pulls = [(_pull(point, other), middles[other]) for other in linked]
    total = sum(pull for pull, _ in pulls)
    return sum(pull * middle for pull, middle in pulls) / total if total else middles[point]


def _weight(point: Point, neighbours: Neighbours) -> float:
    return 1.0 + sum(_pull(point, other) for other in (*neighbours.above[point], *neighbours.below[point]))


def _pull(point: Point, other: Point) -> float:
    """Return how much two neighbours want to stand in one line: points that ways only pass most of all."""
    return (1.0, 4.0, 16.0)[isinstance(point, tuple) + isinstance(other, tuple)]


def nearest_allowed(wanted: Sequence[float], weights: Sequence[float], steps: Sequence[float]) -> list[float]:
    """Return the places nearest to *wanted* (least squares) that keep at least *steps* between neighbours.

    Less the steps before it, each place may only grow: a monotone regression, solved by pooling.

    >>> nearest_allowed([0.0, 0.0], [1.0, 1.0], [10.0])
    [-5.0, 5.0]
    """
    offsets = [0.0]
    for step in steps:
        offsets.append(offsets[-1] + step)
    pools: list[tuple[float, float, int]] = []
    for want, weight, offset in zip(wanted, weights, offsets, strict=False):
        mean, heavy, count = want - offset, weight, 1
        while pools and pools[-1][0] > mean:
            before, weighs, many = pools.pop()
            mean = (before * weighs + mean * heavy) / (weighs + heavy)
            heavy, count = heavy + weighs, count + many
        pools.append((mean, heavy, count))
    flat = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(flat, offsets, strict=False)]

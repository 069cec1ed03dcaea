"""Where everything of a picture stands: layered, from top to bottom, calls with what they call inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from engine.language.draw_picture import Arrow, Box, Picture
from engine.language.draw_places import placed
from engine.language.draw_ranks import Neighbours, Point, Rows, leading_back, neighbours_of, row_numbers, sorted_rows
from engine.language.draw_sizes import (
    HEADING,
    INSIDE,
    box_size,
    free_side,
    label_lines,
    label_size,
    side_at,
)

_ASIDE: Final = 22.0
_BELOW: Final = 20.0
# Above and below boxes ways go straight, so that their points are seen.
_STRAIGHT: Final = 11.0
_MOST_BETWEEN_PORTS: Final = 20.0
_LOOP: Final = 36.0

Spot = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidBox:
    """A box with its middle and its size."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    inner: Layout | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidArrow:
    """An arrow with the spots that it passes, and its label with the label's middle.

    From an even spot to the next it goes straight down or up, from an odd one in a curve.
    """

    arrow: Arrow
    spots: tuple[Spot, ...]
    lines: tuple[str, ...]
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A picture with its places."""

    picture: Picture
    width: float
    height: float
    boxes: tuple[LaidBox, ...]
    arrows: tuple[LaidArrow, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """One arrow as a chain of points, from the upper box to the lower."""

    index: int
    arrow: Arrow
    back: bool
    chain: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where boxes stand, where arrows leave and enter them, and the middle and the row's edges of every point."""

    boxes: Mapping[Point, LaidBox]
    ports: Mapping[tuple[int, Point], float]
    middles: Mapping[Point, float]
    grounds: Mapping[Point, Spot]


def lay_out(picture: Picture) -> Layout:
    """Return *picture* with a place for everything; nothing stands on anything else."""
    inner = {box.id: lay_out(box.inner) for box in picture.boxes if box.inner is not None}
    looped = {arrow.source for arrow in picture.arrows if arrow.source == arrow.target}
    sizes: dict[Point, Spot] = {box.id: _size(box, inner.get(box.id)) for box in picture.boxes}
    lines = [label_lines(arrow.label) for arrow in picture.arrows]
    sizes |= {("label", index): label_size(text) for index, text in enumerate(lines)}
    ways, rows_of = _chains(picture)
    sizes |= {point: (8.0, 0.0) for way in ways for point in way.chain if point not in sizes}
    rows, neighbours = _rows(ways, rows_of)
    widths = {point: sizes[point][0] + (_loop_room(picture, point) if point in looped else 0) for point in rows_of}
    middles = placed(rows, widths, _ASIDE, neighbours, [way.chain[1:-1] for way in ways if len(way.chain) > 3])
    bands = _bands(rows, sizes)
    grounds = {point: bands[number] for point, number in rows_of.items()}
    boxes: dict[Point, LaidBox] = {
        box.id: LaidBox(
            box=box,
            x=middles[box.id] - (_loop_room(picture, box.id) / 2 if box.id in looped else 0),
            y=sum(grounds[box.id]) / 2,
            width=sizes[box.id][0],
            height=sizes[box.id][1],
            inner=inner.get(box.id),
        )
        for box in picture.boxes
    }
    grid = _Grid(boxes, _ports(ways, boxes, middles), middles, grounds)
    arrows = [_arrow(way, lines[way.index], grid) for way in ways]
    for box in boxes.values():
        arrows += _loops([arrow for arrow in picture.arrows if arrow.source == arrow.target == box.box.id], box)
    width = max(middles[point] + widths[point] / 2 for point in rows_of)
    return Layout(picture=picture, width=width, height=bands[-1][1], boxes=tuple(boxes.values()), arrows=tuple(arrows))


def _size(box: Box, inner: Layout | None) -> Spot:
    if inner is None:
        return box_size(box)
    own, _ = box_size(box)
    return max(own, inner.width + 2 * INSIDE), inner.height + HEADING + 2 * INSIDE


def _loop_room(picture: Picture, point: Point) -> float:
    labels = [arrow.label for arrow in picture.arrows if arrow.source == arrow.target == point]
    return sum(_LOOP + label_size(label_lines(label))[0] for label in labels)


def _chains(picture: Picture) -> tuple[list[_Way], dict[Point, int]]:
    """Return each arrow as the points that it passes, one a row, and the row of every point."""
    listed = [(index, arrow) for index, arrow in enumerate(picture.arrows) if arrow.source != arrow.target]
    back = leading_back([box.id for box in picture.boxes], [(arrow.source, arrow.target) for _, arrow in listed])
    turned = [(index, arrow, place in back) for place, (index, arrow) in enumerate(listed)]
    ends = {
        index: (arrow.target, arrow.source) if is_back else (arrow.source, arrow.target)
        for index, arrow, is_back in turned
    }
    points: list[Point] = [*(box.id for box in picture.boxes), *(("label", index) for index in ends)]
    links: list[tuple[Point, Point]] = []
    for index, (upper, lower) in ends.items():
        links += [(upper, ("label", index)), (("label", index), lower)]
    rows = row_numbers(points, links)
    _draw_near(rows, picture, ends)
    for index, _, is_back in turned:
        if is_back:  # the label stands where the arrow begins
            rows[("label", index)] = rows[ends[index][1]] - 1
    ways = []
    for index, arrow, is_back in turned:
        upper, lower = ends[index]
        between = range(rows[upper] + 1, rows[lower])
        middle = [("label", index) if row == rows[("label", index)] else ("bend", index, row) for row in between]
        rows.update(zip(middle, between, strict=True))
        ways.append(_Way(index, arrow, is_back, (upper, *middle, lower)))
    return ways, rows


def _draw_near(rows: dict[Point, int], picture: Picture, ends: Mapping[int, tuple[Point, Point]]) -> None:
    """Put what nothing leads to, like a deadline, just above what it leads to."""
    entered = {lower for _, lower in ends.values()}
    for box in picture.boxes:
        below = [(index, lower) for index, (upper, lower) in ends.items() if upper == box.id]
        if box.kind == "deadline" and box.id not in entered and below:
            rows[box.id] = min(rows[lower] for _, lower in below) - 2
            rows.update({("label", index): rows[box.id] + 1 for index, _ in below})


def _rows(ways: Sequence[_Way], rows_of: Mapping[Point, int]) -> tuple[Rows, Neighbours]:
    rows: Rows = [[] for _ in range(max(rows_of.values()) + 1)]
    for point, number in rows_of.items():
        rows[number].append(point)
    links = [pair for way in ways for pair in pairwise(way.chain)]
    neighbours = neighbours_of(rows_of, links)
    return sorted_rows(rows, neighbours), neighbours


def _bands(rows: Rows, sizes: Mapping[Point, Spot]) -> list[Spot]:
    """Return where each row begins and ends, from top to bottom."""
    bands: list[Spot] = []
    top = 0.0
    for row in rows:
        height = max((sizes[point][1] for point in row), default=0.0)
        height += 2 * _STRAIGHT if any(isinstance(point, str) for point in row) else 0.0
        bands.append((top, top + height))
        top += height + _BELOW
    return bands


def _ports(
    ways: Iterable[_Way], boxes: Mapping[Point, LaidBox], middles: Mapping[Point, float]
) -> dict[tuple[int, Point], float]:
    """Return where each arrow leaves and enters its boxes: side by side, in the order of where they go."""
    sides: dict[tuple[Point, bool], list[tuple[float, int]]] = {}
    for way in ways:
        upper, lower = way.chain[0], way.chain[-1]
        sides.setdefault((upper, True), []).append((middles[way.chain[1]], way.index))
        sides.setdefault((lower, False), []).append((middles[way.chain[-2]], way.index))
    ports: dict[tuple[int, Point], float] = {}
    for (point, _), found in sides.items():
        box = boxes[point]
        step = min(_MOST_BETWEEN_PORTS, free_side(box.box.kind, box.width) / max(1, len(found) - 1))
        for place, (_, index) in enumerate(sorted(found)):
            ports[index, point] = box.x + (place - (len(found) - 1) / 2) * step
    return ports


def _arrow(way: _Way, lines: tuple[str, ...], grid: _Grid) -> LaidArrow:
    upper, lower = grid.boxes[way.chain[0]], grid.boxes[way.chain[-1]]
    leaves, enters = grid.ports[way.index, upper.box.id], grid.ports[way.index, lower.box.id]
    spots: list[Spot] = [(leaves, upper.y + side_at(upper.box.kind, upper.width, upper.height, leaves - upper.x))]
    spots.append((leaves, grid.grounds[upper.box.id][1]))
    for point in way.chain[1:-1]:
        spots += [(grid.middles[point], edge) for edge in grid.grounds[point]]
    spots.append((enters, grid.grounds[lower.box.id][0]))
    spots.append((enters, lower.y - side_at(lower.box.kind, lower.width, lower.height, enters - lower.x)))
    label: Point = ("label", way.index)
    return LaidArrow(
        arrow=way.arrow,
        spots=tuple(reversed(spots) if way.back else spots),
        lines=lines,
        x=grid.middles[label],
        y=sum(grid.grounds[label]) / 2,
    )


def _loops(arrows: Sequence[Arrow], laid: LaidBox) -> Iterator[LaidArrow]:
    """Yield the arrows from a box to itself: round its right side, one outside of the other."""
    right, half = laid.x + laid.width / 2, laid.height / 4
    end = right
    for arrow in arrows:
        lines = label_lines(arrow.label)
        width, _ = label_size(lines)
        out = end + _LOOP - 8
        spots = ((right, laid.y - half), (right, laid.y - half), (out, laid.y), (out, laid.y), (right, laid.y + half))
        yield LaidArrow(arrow=arrow, spots=(*spots, spots[-1]), lines=lines, x=out + 4 + width / 2, y=laid.y)
        end = out + 8 + width

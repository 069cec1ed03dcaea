"""A flow as one self-contained SVG file: readable in light and dark, without a font, script or program of elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise
from typing import Final

from engine.language.draw_layout import LaidArrow, LaidBox, Layout, lay_out
from engine.language.draw_picture import Picture
from engine.language.draw_sizes import HEADING, INSIDE, LINE, ROUND, SLANT, label_size, second_lines

_MARGIN: Final = 24.0
_TOP: Final = 56.0
_KEY: Final = 34.0
# As wide as the line that explains the strokes.
_LEAST: Final = 340.0

_STYLE: Final = """\
svg { --paper: #ffffff; --ink: #1c2430; --soft: #566173; --line: #5b6675; --never: #b3261e; --frame: #f6f7f9;
  --prompt: #fff3cf; --task: #e4efff; --call: #efe6ff; --wait: #dff5ee; --decide: #f1f2f4; --end: #e5f6e2;
  background: var(--paper); font: 11px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #14181f; --ink: #e9edf3; --soft: #a9b4c2; --line: #93a0b0; --never: #ff9a90; --frame: #1b2129;
    --prompt: #4a3c0f; --task: #17375e; --call: #3a2a5c; --wait: #12483a; --decide: #2c333d; --end: #1d4620; }
}
.paper { fill: var(--paper); }
.shape { stroke: var(--ink); stroke-width: 1.2; }
.prompt > .shape { fill: var(--prompt); } .task > .shape { fill: var(--task); } .call > .shape { fill: var(--call); }
.wait > .shape { fill: var(--wait); } .decide > .shape { fill: var(--decide); } .start > .shape { fill: var(--ink); }
.end > .shape { fill: var(--end); stroke-width: 2.4; }
.deadline > .shape { fill: var(--paper); stroke-dasharray: 5 3; }
.frame > .shape { fill: var(--frame); stroke-width: 1.2; }
.unvisited > .shape { stroke: var(--never); stroke-width: 2; stroke-dasharray: 7 4; }
.unvisited > .second { fill: var(--never); }
text { fill: var(--ink); text-anchor: middle; }
.name { font: 600 13px ui-monospace, Menlo, Consolas, monospace; }
.second { fill: var(--soft); } .title { font-size: 17px; font-weight: 600; text-anchor: start; }
.way { fill: none; stroke: var(--line); stroke-width: 1.3; marker-end: url(#tip); }
.exceptional .way { stroke-dasharray: 2 4; stroke-linecap: round; }
.untaken .way { stroke: var(--never); stroke-width: 1.8; stroke-dasharray: 8 5; marker-end: url(#tip-never); }
.untaken text { fill: var(--never); font-weight: 600; }
.patch { fill: var(--paper); } .frame .patch { fill: var(--frame); }
#tip path { fill: var(--line); } #tip-never path { fill: var(--never); }
"""


def draw_svg(picture: Picture) -> str:
    """Return *picture* as an SVG file.

    Each kind of node has a shape of its own: prompts are hexagons, tasks boxes, decisions diamonds, calls boxes with
    doubled sides, waits slanted, ends round. Ways that only faults, time and bounds take are dotted; what no test
    took is dashed and says so.
    """
    layout = lay_out(picture)
    width, height = (
        max(layout.width, _LEAST, len(picture.title) * 10) + 2 * _MARGIN,
        layout.height + _TOP + _MARGIN + _KEY,
    )
    return "\n".join(
        [*_head(picture, width, height), *_inside(layout, _MARGIN, _TOP), *_key(picture, height), "</svg>\n"]
    )


def _head(picture: Picture, width: float, height: float) -> Iterator[str]:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title desc">'
    yield f'<title id="title">{_text(picture.title)}</title>'
    yield f'<desc id="desc">{_text(picture.described)}</desc>'
    yield f"<style>\n{_STYLE}</style>"
    yield "<defs>"
    for tip in ("tip", "tip-never"):
        # Twice as long as the line is wide, and its point exactly where the way ends.
        yield (
            f'<marker id="{tip}" viewBox="0 0 10 8" refX="10" refY="4" markerWidth="10" markerHeight="8" '
            'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 10 4 0 8z"/></marker>'
        )
    yield "</defs>"
    yield f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>'
    yield f'<text class="title" x="{_MARGIN:.0f}" y="34">{_text(picture.title)}</text>'


def _key(picture: Picture, height: float) -> Iterator[str]:
    said = "dotted: a fault, a time or a bound"
    if any(box.visits is not None for box in picture.boxes):
        said += "; dashed: no test came this way"
    yield f'<text class="second" style="text-anchor:start" x="{_MARGIN:.0f}" y="{height - 16:.0f}">{said}</text>'


def _inside(layout: Layout, left: float, top: float) -> Iterator[str]:
    yield f'<g transform="translate({left:.1f} {top:.1f})">'
    for laid in layout.boxes:
        yield from _box(laid)
    for way in layout.arrows:
        yield from _way(way)
    for way in layout.arrows:
        yield from _label(way)
    yield "</g>"


def _box(laid: LaidBox) -> Iterator[str]:
    box = laid.box
    classes = [box.kind, *(["unvisited"] if box.visits == 0 else []), *(["frame"] if laid.inner else [])]
    yield f'<g class="{" ".join(classes)}"><title>{_text(f"{box.kind} {box.id}")}</title>'
    yield _shape(laid)
    if laid.inner is not None:
        yield from _heading(laid)
        left = laid.x - laid.inner.width / 2
        yield from _inside(laid.inner, left, laid.y - laid.height / 2 + HEADING + INSIDE)
    elif box.kind == "deadline":
        yield f'<text class="second" x="{laid.x:.1f}" y="{laid.y + 4:.1f}">deadline</text>'
    elif box.kind != "start":
        yield from _words(laid)
    yield "</g>"


def _heading(laid: LaidBox) -> Iterator[str]:
    top = laid.y - laid.height / 2
    yield f'<text class="name" x="{laid.x:.1f}" y="{top + 20:.1f}">{_text(laid.box.id)}</text>'
    about = " · ".join(second_lines(laid.box))
    yield f'<text class="second" x="{laid.x:.1f}" y="{top + 36:.1f}">{_text(about)}</text>'


def _words(laid: LaidBox) -> Iterator[str]:
    lines = second_lines(laid.box)
    first = laid.y - LINE * len(lines) / 2 + 4
    yield f'<text class="name" x="{laid.x:.1f}" y="{first:.1f}">{_text(laid.box.id)}</text>'
    for number, line in enumerate(lines, 1):
        yield f'<text class="second" x="{laid.x:.1f}" y="{first + number * LINE:.1f}">{_text(line)}</text>'


def _shape(laid: LaidBox) -> str:
    left, right = laid.x - laid.width / 2, laid.x + laid.width / 2
    top, bottom = laid.y - laid.height / 2, laid.y + laid.height / 2
    match laid.box.kind:
        case "start":
            return f'<circle class="shape" cx="{laid.x:.1f}" cy="{laid.y:.1f}" r="{ROUND:.0f}"/>'
        case "prompt":
            upper = [(left + SLANT, top), (right - SLANT, top), (right, laid.y)]
            return _polygon([*upper, (right - SLANT, bottom), (left + SLANT, bottom), (left, laid.y)])
        case "decide":
            return _polygon([(left, laid.y), (laid.x, top), (right, laid.y), (laid.x, bottom)])
        case "wait":
            return _polygon([(left + SLANT, top), (right, top), (right - SLANT, bottom), (left, bottom)])
        case _:
            return _rectangle(laid)


def _polygon(corners: list[tuple[float, float]]) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return f'<polygon class="shape" points="{points}"/>'


def _rectangle(laid: LaidBox) -> str:
    left, top = laid.x - laid.width / 2, laid.y - laid.height / 2
    radius = laid.height / 2 if laid.box.kind == "end" else 3
    size = f'width="{laid.width:.1f}" height="{laid.height:.1f}" rx="{radius:.1f}"'
    shape = f'<rect class="shape" x="{left:.1f}" y="{top:.1f}" {size}/>'
    if laid.box.kind != "call":
        return shape
    bars = "".join(f"M{x:.1f} {top:.1f}v{laid.height:.1f}" for x in (left + 6, left + laid.width - 6))
    return f'{shape}<path class="shape" d="{bars}"/>'


def _way(laid: LaidArrow) -> Iterator[str]:
    (x, y), *_ = laid.spots
    path = [f"M{x:.1f} {y:.1f}"]
    for number, ((x, y), (to_x, to_y)) in enumerate(pairwise(laid.spots)):
        middle = (y + to_y) / 2
        curve = f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
        path.append(curve if number % 2 else f"L{to_x:.1f} {to_y:.1f}")
    yield f'<g class="{_classes(laid)}"><path class="way" d="{" ".join(path)}"/></g>'


def _label(laid: LaidArrow) -> Iterator[str]:
    if not laid.lines:
        return
    width, height = label_size(laid.lines)
    yield f'<g class="{_classes(laid)}">'
    place = f'x="{laid.x - width / 2:.1f}" y="{laid.y - height / 2:.1f}"'
    yield f'<rect class="patch" {place} width="{width:.1f}" height="{height:.1f}"/>'
    first = laid.y - height / 2 + 12
    for number, line in enumerate(laid.lines):
        yield f'<text x="{laid.x:.1f}" y="{first + number * LINE:.1f}">{_text(line)}</text>'
    yield "</g>"


def _classes(laid: LaidArrow) -> str:
    arrow = laid.arrow
    words = ["exceptional"] * arrow.exceptional + ["untaken"] * (arrow.taken == 0)
    return " ".join(words) or "usual"


def _text(words: str) -> str:
    # XML has no place at all for control characters, not even escaped.
    return escape("".join(character if character.isprintable() else " " for character in words))

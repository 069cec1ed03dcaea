"""How large things are drawn: the sizes of texts and shapes, in pixels.

The widths are those of the widest common fonts of the kind, so that what is drawn with another font fits, too.
"""

from __future__ import annotations

import re
from typing import Final

from engine.language.draw_picture import Box

NAME_WIDTH: Final = 8.0
SMALL_WIDTH: Final = 6.3
LINE: Final = 14.0
LABEL_COLUMNS: Final = 26
ABOUT_COLUMNS: Final = 34
SLANT: Final = 14.0
HEADING: Final = 30.0
INSIDE: Final = 16.0
ROUND: Final = 9.0


def label_lines(label: str, columns: int = LABEL_COLUMNS) -> tuple[str, ...]:
    """Return *label* in lines, divided at blanks and after dots.

    >>> label_lines("'sms' in steps.find_channels.channels")
    ("'sms' in steps.", 'find_channels.channels')
    """
    lines = [""]
    for piece in re.findall(r"\s+|[^\s.]*\.+|[^\s.]+", label):
        if lines[-1] and len(lines[-1]) + len(piece) > columns:
            lines.append("")
        lines[-1] += piece
    return tuple(line.strip() for line in lines if line.strip())


def label_size(lines: tuple[str, ...]) -> tuple[float, float]:
    """Return how wide and high a label of *lines* is."""
    return max((len(line) for line in lines), default=0) * SMALL_WIDTH + 8, len(lines) * LINE + 2


def second_lines(box: Box) -> tuple[str, ...]:
    """Return what stands below the name of a box: what kind of node it is, what it names, how often tests came by."""
    about = f"{box.kind}: {box.about}" if box.about else box.kind
    counted = () if box.visits is None else (_visited(box.visits),)
    return (*label_lines(about, ABOUT_COLUMNS), *counted)


def _visited(times: int) -> str:
    match times:
        case 0:
            return "never visited"
        case 1:
            return "visited once"
        case _:
            return f"visited {times} times"


def box_size(box: Box) -> tuple[float, float]:
    """Return how wide and high *box* is, without anything inside."""
    if box.kind == "start":
        return 2 * ROUND, 2 * ROUND
    if box.kind == "deadline":
        return 86.0, 26.0
    lines = second_lines(box)
    text = max(len(box.id) * NAME_WIDTH, *(len(line) * SMALL_WIDTH for line in lines))
    height = 20 + LINE * (1 + len(lines))
    match box.kind:
        case "decide":
            return text * 1.35 + 60, height * 1.6
        case "prompt" | "wait":
            return text + 2 * SLANT + 20, height
        case "end":
            return text + height * 0.8, height
        case _:
            return text + 32, height


def side_at(kind: str, width: float, height: float, aside: float) -> float:
    """Return how far from the middle a shape's upper and lower sides are, *aside* from its middle."""
    if kind == "decide":
        return height / 2 * max(0.0, 1 - abs(aside) / (width / 2))
    return height / 2


def free_side(kind: str, width: float) -> float:
    """Return how much of a shape's upper and lower sides arrows may take."""
    match kind:
        case "decide":
            return width * 0.35
        case "start":
            return 0.0
        case "prompt" | "wait":
            return max(0.0, width - 2 * SLANT - 24)
        case _:
            return width * 0.7

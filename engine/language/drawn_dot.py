"""A flow in DOT, the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from engine.contracts import frozen
from engine.language.draw_picture import START, Arrow, Box, Picture
from engine.language.draw_sizes import label_lines, second_lines

_SHAPES: Final[Mapping[str, str]] = frozen(
    {
        "start": 'shape=circle, style=filled, fillcolor=black, label="", width=0.2',
        "deadline": "shape=box, style=dashed",
        "prompt": 'shape=hexagon, style=filled, fillcolor="#fff3cf"',
        "task": 'shape=box, style=filled, fillcolor="#e4efff"',
        "decide": 'shape=diamond, style=filled, fillcolor="#f1f2f4"',
        "call": 'shape=box, peripheries=2, style=filled, fillcolor="#efe6ff"',
        "wait": 'shape=parallelogram, style=filled, fillcolor="#dff5ee"',
        "end": 'shape=box, style="rounded,filled,bold", fillcolor="#e5f6e2"',
    }
)


def draw_dot(picture: Picture) -> str:
    """Return *picture* in DOT. What calls have inside is drawn in clusters, and ways into them lead to their starts."""
    lines = [f"digraph {_quoted(picture.name)} {{", '  node [fontname="sans-serif", fontsize=11];']
    lines += ['  edge [fontname="sans-serif", fontsize=10];', f"  label={_quoted(picture.title)}; labelloc=t;"]
    return "\n".join([*lines, *_inside(picture, ""), "}\n"])


def _inside(picture: Picture, prefix: str) -> Iterator[str]:
    inner = {box.id: box.inner for box in picture.boxes if box.inner is not None}
    for box in picture.boxes:
        if box.inner is None:
            yield f"  {_quoted(prefix + box.id)} [{_box(box)}];"
        else:
            # The node of the call stays: what leads to it and from it does not depend on what is inside.
            yield f"  subgraph {_quoted(f'cluster {prefix}{box.id}')} {{"
            yield f"  label={_quoted(box.about)};"
            yield f"  {_quoted(prefix + box.id)} [{_box(box)}];"
            yield from _inside(box.inner, f"{prefix}{box.id}/")
            yield "  }"
    for name in inner:
        yield f"  {_quoted(prefix + name)} -> {_quoted(f'{prefix}{name}/{START}')} [style=dotted];"
    for arrow in picture.arrows:
        yield f"  {_quoted(prefix + arrow.source)} -> {_quoted(prefix + arrow.target)} [{_arrow(arrow)}];"


def _box(box: Box) -> str:
    if box.kind == "start":
        return _SHAPES["start"]
    words = ["deadline"] if box.kind == "deadline" else [box.id, *second_lines(box)]
    unvisited = ', color="#b3261e", penwidth=2' if box.visits == 0 else ""
    return f"label={_lines(words)}, {_SHAPES[box.kind]}{unvisited}"


def _arrow(arrow: Arrow) -> str:
    words = [f"label={_lines(label_lines(arrow.label))}"]
    if arrow.taken == 0:
        words.append('style=dashed, color="#b3261e", fontcolor="#b3261e"')
    elif arrow.exceptional:
        words.append("style=dotted")
    return ", ".join(words)


def _lines(lines: Sequence[str]) -> str:
    return _quoted("\n".join(lines))


def _quoted(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{"".join(character if character.isprintable() else " " for character in escaped)}"'

"""A flow as a Mermaid drawing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from engine.contracts import frozen
from engine.language.draw_picture import DEADLINE, START, Arrow, Box, Picture

_STYLES: Final = (
    "classDef prompt fill:#fff4d6,stroke:#b8860b,color:#222",
    "classDef task fill:#e3f0ff,stroke:#2b6cb0,color:#222",
    "classDef call fill:#ede3ff,stroke:#6b46c1,color:#222",
    "classDef wait fill:#e6fffa,stroke:#2c7a7b,color:#222",
    "classDef decide fill:#f5f5f5,stroke:#555,color:#222",
    "classDef end_ fill:#e6ffe6,stroke:#2f855a,color:#222",
    "classDef never stroke:#b3261e,stroke-width:3px,stroke-dasharray:7 4",
)
_SHAPES: Final[Mapping[str, tuple[str, str]]] = frozen(
    {
        "prompt": ("{{", "}}"),
        "task": ("[", "]"),
        "call": ("[[", "]]"),
        "wait": ("[/", "/]"),
        "decide": ("{", "}"),
        "end": ("([", "])"),
    }
)


def draw_mermaid(picture: Picture) -> str:
    """Return *picture* as Mermaid text: prompts are hexagons, tasks boxes, decisions diamonds, ends rounded.

    Ways that only faults, timeouts and bounds take are dotted. What calls have inside stands in a frame.
    """
    return "\n".join(["flowchart TD", *_inside(picture, ""), *(f"  {style}" for style in _STYLES)]) + "\n"


def _inside(picture: Picture, prefix: str) -> Iterator[str]:
    begins = [arrow for arrow in picture.arrows if arrow.source == START]
    yield from (f"  {_arrow(arrow, prefix)}" for arrow in begins)
    for box in picture.boxes:
        if box.inner is not None:
            yield f'  subgraph {_id(prefix, box.id)} ["{_text(box.id)}: {_text(box.about)}"]'
            yield from _inside(box.inner, f"{prefix}{box.id}__")
            yield "  end"
        elif box.kind not in {"start", "deadline"}:
            yield f"  {_box(box, prefix)}"
    yield from (f"  {_arrow(arrow, prefix)}" for arrow in picture.arrows if arrow not in begins)


def _id(prefix: str, name: str) -> str:
    return f"n_{prefix}{name}"  # 'end' and a few other words would be keywords of Mermaid's


def _text(words: str) -> str:
    return (
        words.replace("&", "#38;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;").replace("\n", " ")
    )


def _box(box: Box, prefix: str) -> str:
    opens, closes = _SHAPES[box.kind]
    about = f"<br/><small>{_text(box.about)}</small>" if box.about else ""
    style = "end_" if box.kind == "end" else box.kind
    visited = f"<br/><small>visited {box.visits} times</small>" if box.visits is not None else ""
    name = _id(prefix, box.id)
    shape = f'{name}{opens}"{_text(box.id)}{about}{visited}"{closes}:::{style}'
    return f"{shape}\n  class {name} never" if box.visits == 0 else shape


def _arrow(arrow: Arrow, prefix: str) -> str:
    source, target = _id(prefix, arrow.source), _id(prefix, arrow.target)
    if arrow.source == START:
        return f"start_{prefix}((start)) --> {target}"
    if arrow.source == DEADLINE:
        return f"deadline_{prefix}[/deadline/] -.-> {target}"
    line = "-.->" if arrow.exceptional else "-->"
    never = " (never taken)" if arrow.taken == 0 else ""
    return f'{source} {line}|"{_text(arrow.label)}{never}"| {target}'

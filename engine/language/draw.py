"""A graph as a Mermaid drawing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.contracts import format_duration
from engine.language.graph import (
    CallNode,
    DecideNode,
    EndNode,
    Graph,
    LiteralTexts,
    Node,
    PromptNode,
    Target,
    TaskNode,
    WaitNode,
)

_STYLES: Final = (
    "classDef prompt fill:#fff4d6,stroke:#b8860b,color:#222",
    "classDef task fill:#e3f0ff,stroke:#2b6cb0,color:#222",
    "classDef call fill:#ede3ff,stroke:#6b46c1,color:#222",
    "classDef wait fill:#e6fffa,stroke:#2c7a7b,color:#222",
    "classDef decide fill:#f5f5f5,stroke:#555,color:#222",
    "classDef end_ fill:#e6ffe6,stroke:#2f855a,color:#222",
)


def draw_mermaid(graph: Graph) -> str:
    """Return *graph* as Mermaid text: prompts are hexagons, tasks boxes, decisions diamonds, ends rounded.

    Ways that only faults, timeouts and bounds take are dotted.
    """
    lines = ["flowchart TD", f"  start_((start)) --> {_id(graph.start)}"]
    lines += [f"  {_shape(node)}" for node in graph.nodes.values()]
    for node in graph.nodes.values():
        lines += [f"  {_id(node.id)} {arrow} {_id(target.to)}" for arrow, target in _arrows(node)]
    if graph.deadline:
        lines.append(f"  deadline_[/deadline/] -.-> {_id(graph.deadline.to)}")
    return "\n".join([*lines, *(f"  {style}" for style in _STYLES)]) + "\n"


def _id(name: str) -> str:
    return f"n_{name}"  # 'end' and a few other words would be keywords of Mermaid's


def _text(words: str) -> str:
    return (
        words.replace("&", "#38;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;").replace("\n", " ")
    )


def _shape(node: Node) -> str:
    name, label = _id(node.id), _text(node.id)
    match node:
        case PromptNode(texts=texts):
            words = texts.title if isinstance(texts, LiteralTexts) else texts
            return f'{name}{{{{"{label}<br/><small>{_text(words)}</small>"}}}}:::prompt'
        case TaskNode(executor=executor):
            return f'{name}["{label}<br/><small>{_text(executor)}</small>"]:::task'
        case CallNode(flow=flow, major=major):
            return f'{name}[["{label}<br/><small>{_text(flow)}@{major}</small>"]]:::call'
        case WaitNode(signal=signal):
            return f'{name}[/"{label}<br/><small>{_text(signal)}</small>"/]:::wait'
        case DecideNode():
            return f'{name}{{"{label}"}}:::decide'
        case EndNode(outcome=outcome):
            return f'{name}(["{label}<br/><small>{_text(outcome)}</small>"]):::end_'


def _arrows(node: Node) -> Iterator[tuple[str, Target]]:
    for outcome, target in node.routes.items():
        yield f'-->|"{_text(outcome)}"|', target
    if isinstance(node, DecideNode):
        for case in node.cases:
            yield f'-->|"{_text(case.when.source.strip())}"|', case.target
        yield '-->|"else"|', node.otherwise
    if isinstance(node, TaskNode | CallNode):
        for catch in node.catch:
            yield f'-.->|"{_text(", ".join(catch.errors) or "fault")}"|', catch.target
    if node.timeout:
        after = f"after {format_duration(node.timeout.after)}" if node.timeout.after is not None else "at its time"
        yield f'-.->|"{after}"|', node.timeout.to
    if node.max_visits:
        yield f'-.->|"visit {node.max_visits.times + 1}"|', node.max_visits.to

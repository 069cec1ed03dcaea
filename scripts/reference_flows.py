"""The page on the flows that come with Lockhouse: what each takes, how it ends, and a drawing."""

from collections.abc import Iterator, Mapping
from typing import Any

import flow_definitions
from engine.language import Graph, draw_mermaid, load_flows, picture_of
from lockhouse.flows import CONTRACTS

HEAD = """# Flows

The flows that come with Lockhouse. Dotted lines are taken by time: a timeout, a deadline."""


def flows_page() -> str:
    """Return every flow that is shipped, in the order of their names."""
    flows = load_flows(flow_definitions.folder(), contracts=CONTRACTS)
    return "\n\n".join([HEAD, *(part for graph in sorted(flows.flows, key=_name) for part in _flow(graph))])


def _name(graph: Graph) -> str:
    return graph.name


def _flow(graph: Graph) -> Iterator[str]:
    yield f"## {graph.name} {graph.version}"
    yield _table("input", graph.inputs)
    outcomes = "\n".join(
        f"| `{name}` | {', '.join(f'`{field}` {one.type}' for field, one in fields.items())} |"
        for name, fields in graph.outcomes.items()
    )
    yield f"| outcome | fields |\n| --- | --- |\n{outcomes}"
    yield f"```mermaid\n{draw_mermaid(picture_of(graph)).strip()}\n```"


def _table(title: str, fields: Mapping[str, Any]) -> str:
    rows = [f"| `{name}` | {one.type} | {'optional' if one.optional else ''} |" for name, one in fields.items()]
    return "\n".join([f"| {title} | type | |", "| --- | --- | --- |", *rows])

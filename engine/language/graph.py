"""A compiled flow: an immutable graph, complete in itself, with its versioned JSON form and its digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

from engine.contracts import Contract, Declaration, frozen
from engine.language.node_json import (
    declarations_from_json,
    declarations_to_json,
    each,
    frozen_each,
    node_from_json,
    node_to_json,
    signal_from_json,
    signal_to_json,
    value_from_json,
    value_to_json,
)
from engine.language.nodes import (
    ACTION,
    SENDER,
    CallNode,
    Case,
    Catch,
    Deadline,
    DecideNode,
    EndNode,
    LiteralTexts,
    MaxVisits,
    Migration,
    Node,
    Place,
    PromptField,
    PromptNode,
    Retry,
    Say,
    SignalDeclaration,
    Target,
    TaskNode,
    Timeout,
    WaitNode,
)

__all__ = [
    "GRAPH_FORMAT",
    "CallNode",
    "Case",
    "Catch",
    "Deadline",
    "DecideNode",
    "EndNode",
    "Graph",
    "LiteralTexts",
    "MaxVisits",
    "Migration",
    "Node",
    "Place",
    "PromptField",
    "PromptNode",
    "Retry",
    "Say",
    "SignalDeclaration",
    "Target",
    "TaskNode",
    "Timeout",
    "WaitNode",
    "with_digest",
]

GRAPH_FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """One version of one flow, ready to run."""

    name: str
    version: str
    digest: str
    title: str
    kind: str | None
    inputs: Mapping[str, Declaration]
    outcomes: Mapping[str, Mapping[str, Declaration]]
    variables: Mapping[str, Declaration]
    signals: Mapping[str, SignalDeclaration]
    deadline: Deadline | None
    start: str
    nodes: Mapping[str, Node]
    keep: tuple[str, ...] = ()
    migrate: Migration | None = None
    places: Mapping[str, Place] = field(default_factory=lambda: frozen({}), compare=False)

    @property
    def major(self) -> int:
        """Return the first part of ``version``: what a call names."""
        return int(self.version.partition(".")[0])

    def produced(self, node: str, outcome: str) -> Mapping[str, Declaration]:
        """Return what ``steps.NODE`` may hold after *node* was left by *outcome* (for a prompt, by that action)."""
        match self.nodes[node]:
            case TaskNode(contract=contract):
                return contract.outcomes.get(outcome, frozen({}))
            case CallNode(outcomes=outcomes):
                return outcomes.get(outcome, frozen({}))
            case PromptNode(fields=fields, submits=submits):
                taken = {name: asked.declaration for name, asked in fields.items()} if outcome in submits else {}
                return frozen({**taken, "action": ACTION})
            case WaitNode(signal=signal):
                return (
                    frozen({**self.signals[signal].payload, "sender": SENDER}) if outcome == "signalled" else frozen({})
                )
            case DecideNode() | EndNode():
                return frozen({})

    def to_json(self) -> dict[str, Any]:
        """Return the whole graph as JSON with a format number; expressions by their source."""
        return {
            "format": GRAPH_FORMAT,
            "name": self.name,
            "version": self.version,
            "digest": self.digest,
            "title": self.title,
            "kind": self.kind,
            "inputs": declarations_to_json(self.inputs),
            "outcomes": each(self.outcomes, declarations_to_json),
            "variables": declarations_to_json(self.variables),
            "signals": each(self.signals, signal_to_json),
            "deadline": {"at": value_to_json(self.deadline.at), "to": self.deadline.to} if self.deadline else None,
            "start": self.start,
            "nodes": each(self.nodes, node_to_json),
            "keep": list(self.keep),
            "migrate": {"from": self.migrate.from_version, "nodes": dict(self.migrate.nodes)} if self.migrate else None,
            "places": each(self.places, lambda place: [place.file, place.line, place.column]),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Graph:
        """Return what ``to_json`` wrote, without checking it again; ValueError for another format number."""
        if raw.get("format") != GRAPH_FORMAT:
            found = raw.get("format")
            raise ValueError(
                f"this compiled flow has format {found}, and this version reads {GRAPH_FORMAT}: compile it again"
            )
        deadline, migrate = raw["deadline"], raw["migrate"]
        return cls(
            name=raw["name"],
            version=raw["version"],
            digest=raw["digest"],
            title=raw["title"],
            kind=raw["kind"],
            inputs=declarations_from_json(raw["inputs"]),
            outcomes=frozen_each(raw["outcomes"], declarations_from_json),
            variables=declarations_from_json(raw["variables"]),
            signals=frozen_each(raw["signals"], signal_from_json),
            deadline=Deadline(at=value_from_json(deadline["at"]), to=deadline["to"]) if deadline else None,
            start=raw["start"],
            nodes=frozen({name: node_from_json(name, node) for name, node in raw["nodes"].items()}),
            keep=tuple(raw["keep"]),
            migrate=Migration(from_version=migrate["from"], nodes=frozen(migrate["nodes"])) if migrate else None,
            places=frozen_each(raw["places"], lambda place: Place(file=place[0], line=place[1], column=place[2])),
        )


def with_digest(graph: Graph) -> Graph:
    """Return *graph* with the digest of what it means: all but places and the prose of contracts."""
    meant = graph.to_json()
    del meant["digest"], meant["places"]
    for node in meant["nodes"].values():
        if "contract" in node:
            node["contract"] = Contract.from_json(node["contract"]).digest
    canonical = json.dumps(meant, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return replace(graph, digest=sha256(canonical.encode()).hexdigest())

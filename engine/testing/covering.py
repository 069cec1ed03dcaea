"""How much of a flow its tests walk through: nodes, ways and outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.language import EndNode, Graph
from engine.testing.routes import Way, ways
from engine.testing.running import TestResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How often each part of one flow was reached by tests: its own, and those of flows that call it."""

    flow: str
    nodes: Mapping[str, int]
    routes: Mapping[Way, int]
    outcomes: Mapping[str, int]

    @property
    def parts(self) -> Mapping[str, tuple[int, int]]:
        """Return, for nodes, routes and outcomes, how many were reached and how many there are."""
        return {
            name: (sum(count > 0 for count in counts.values()), len(counts))
            for name, counts in (("nodes", self.nodes), ("routes", self.routes), ("outcomes", self.outcomes))
        }

    @property
    def percent(self) -> float:
        """Return the lowest share of the three, from 0 to 100."""
        return min((100 * reached / whole if whole else 100.0) for reached, whole in self.parts.values())

    @property
    def missed(self) -> Sequence[str]:
        """Return what no test reached, in words."""
        return (
            *(f"node {node}" for node, count in self.nodes.items() if not count),
            *(f"route {way}" for way, count in self.routes.items() if not count),
            *(f"outcome {outcome}" for outcome, count in self.outcomes.items() if not count),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON: what ``flow test --json`` prints and ``flow graph --coverage`` reads."""
        return {
            "percent": round(self.percent, 1),
            "nodes": dict(self.nodes),
            "routes": [
                {"node": way.node, "route": way.route, "to": way.to, "taken": count}
                for way, count in self.routes.items()
            ],
            "outcomes": dict(self.outcomes),
        }


def coverage(graph: Graph, results: Iterable[TestResult]) -> Coverage:
    """Return how much of *graph* the tests behind *results* reached.

    A flow that a test mocks was not walked through: its stand-in has other nodes and ways.
    """
    reached: Counter[str] = Counter()
    taken: Counter[Way] = Counter()
    for result in results:
        reached.update(node for digest, node in result.reached if digest == graph.digest)
        taken.update(each.way for each in result.taken if each.digest == graph.digest)
    outcomes = dict.fromkeys(graph.outcomes, 0)
    for node in graph.nodes.values():
        if isinstance(node, EndNode):
            outcomes[node.outcome] += reached[node.id]
    return Coverage(
        flow=graph.name,
        nodes={node: reached[node] for node in graph.nodes},
        routes={way: taken[way] for way in ways(graph)},
        outcomes=outcomes,
    )

"""The flows that the other tests edit are themselves right."""

import json

import pytest

from engine.language import Graph, Source, check_flows, render_diagnostics
from tests.engine.language.samples import CATALOGUE, CONTRACTS, FLOWS


def test_every_sample_checks_without_a_word() -> None:
    sources = [Source(file=name, text=text) for name, text in FLOWS.items()]
    report = check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE)
    assert render_diagnostics(report.diagnostics, FLOWS) == "no problems found\n"
    assert [graph.name for graph in report.flows] == ["login", "notify", "expense"]


@pytest.mark.parametrize("index", range(3))
def test_a_graph_comes_back_from_json_as_it_was(index: int) -> None:
    sources = [Source(file=name, text=text) for name, text in FLOWS.items()]
    graph = check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE).flows[index]
    again = Graph.from_json(json.loads(json.dumps(graph.to_json())))
    assert again == graph
    assert again.places == graph.places
    assert again.to_json() == graph.to_json()

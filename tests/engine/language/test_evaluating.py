"""Values are computed in a scope, and nobody can change the flow through them."""

import json

import pytest

from engine.contracts import frozen
from engine.language import Graph, Literal, Structure, check_flows, compile_expression, evaluate, reads_of

SCOPE = {"inputs": {"a": 1}}
VALUE = Structure(
    frozen({"x": compile_expression("inputs.a"), "y": Structure((Literal([1]), compile_expression("2")))})
)


def test_a_structure_is_computed_part_by_part() -> None:
    assert evaluate(VALUE, SCOPE) == {"x": 1, "y": [[1], 2]}
    assert reads_of(VALUE) == {("inputs", "a")}
    assert reads_of(Literal(1)) == frozenset()


def test_a_literal_is_handed_out_as_a_copy() -> None:
    literal = Literal({"list": [1]})
    evaluate(literal, {})["list"].append(2)
    assert literal.value == {"list": [1]}


FULL = """\
flow: full
version: 1.0.0
language: 1
inputs: {who: id, until: time}
outcomes: {done: {}}
signals:
  called: {from: [a, b], payload: {count: integer}}
start: ask
keep: [inputs.who]
migrate: {from: 0.9.0, nodes: {old: ask}}
nodes:
  ask:
    prompt: {title: Hello, help: Help, fields: {count: Number}, actions: {submit: Go}, show: {who: Who}}
    show: {who: =inputs.who}
    fields: {count: {type: integer, default: 3, min: 1}}
    timeout: {at: =inputs.until, to: over}
    routes: {submit: {to: wait}}
    max_visits: {times: 3, to: {to: over}}
  wait: {wait: called, routes: {signalled: over}}
  over: {end: done}
"""


def test_every_part_of_a_graph_comes_back_from_json() -> None:
    report = check_flows([("full.yaml", FULL)], contracts=())
    assert report.ok
    graph = report.flows[0]
    again = Graph.from_json(json.loads(json.dumps(graph.to_json())))
    assert again == graph
    assert again.migrate == graph.migrate
    assert again.keep == ("inputs.who",)


def test_a_graph_of_another_format_is_refused() -> None:
    raw = check_flows([("full.yaml", FULL)], contracts=()).flows[0].to_json()
    with pytest.raises(ValueError, match="has format 99, and this version reads 1"):
        Graph.from_json({**raw, "format": 99})

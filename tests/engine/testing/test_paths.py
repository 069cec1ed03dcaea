"""Paths that no test takes are found, and for most of them a test is made up that takes them."""

import pytest

from engine.language import FlowSet, Source, check_flows, render_diagnostics
from engine.testing import coverage, draft, named, paths, run_flow_tests, untaken, ways, written
from engine.testing.plain_yaml import yaml_of
from engine.testing.running import TestResult
from tests.engine.testing.flows import CATALOGUE, CONTRACTS, TELL, TRIP, flow_set
from tests.flow_definitions.shipped import shipped

NONE: tuple[TestResult, ...] = ()
# These need values that differ from one visit of a node to the next, or a count that only rounds bring about.
BY_HAND = {
    "ask_password not_me, ask_stop stop, is_sure else, ask_stop stop, is_sure case 1",
    "size case 1, tell told, ask timeout, again else",
}


@pytest.mark.parametrize("flows", [shipped(), flow_set()], ids=["shipped", "samples"])
def test_every_way_is_on_a_path(flows: FlowSet) -> None:
    for name in flows.names:
        graph = flows.latest(name)
        assert {way for path in paths(graph) for way in path} == set(ways(graph))


@pytest.mark.parametrize("flows", [shipped(), flow_set()], ids=["shipped", "samples"])
def test_a_test_is_made_up_for_every_path_but_those_that_need_a_person(flows: FlowSet) -> None:
    left = {
        named(path)
        for name in flows.names
        for path in paths(flows.latest(name))
        if draft(flows.by_digest, flows.latest(name), path) is None
    }

    assert left <= BY_HAND


def test_the_tests_made_up_for_a_flow_pass_and_cover_it_as_far_as_they_can() -> None:
    trip = flow_set().latest("trip")
    drafts = [(named(path), draft(flow_set().by_digest, trip, path)) for path in paths(trip)]
    text = "tests:\n" + "\n".join(written(name, made) for name, made in drafts if made is not None)
    sources = [Source(file="tell.yaml", text=TELL), Source(file="trip.yaml", text=TRIP)]
    beside = [Source(file="trip.tests.yaml", text=text)]

    report = check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE, tests=beside)
    assert report.ok, render_diagnostics(report.diagnostics, {"trip.tests.yaml": text})
    results = run_flow_tests(FlowSet(flows=report.flows, tests=report.tests))

    assert [result.report() for result in results if not result.passed] == []
    assert coverage(trip, results).missed == ("route again.else -> too_late",)
    assert {named(path) for path in untaken(trip, results)} == BY_HAND & {named(path) for path in paths(trip)}


def test_without_tests_no_path_is_taken_and_each_test_takes_its_own() -> None:
    flows = flow_set()
    trip = flows.latest("trip")
    denied = "size case 1, tell told, ask deny"

    assert untaken(trip, NONE) == paths(trip)
    results = run_flow_tests(flows)
    others = [result for result in results if result.test != "the manager says no"]
    assert denied not in {named(path) for path in untaken(trip, results)}
    assert denied in {named(path) for path in untaken(trip, others)}


def test_a_flow_with_very_many_paths_is_looked_at_in_part_and_every_way_all_the_same() -> None:
    nodes = "".join(
        f"  n{number}: {{prompt: {{title: Left}}, submits: [a], routes: {{a: n{number + 1}, b: m{number}}}}}\n"
        f"  m{number}: {{prompt: {{title: Right}}, routes: {{submit: n{number + 1}}}}}\n"
        for number in range(30)
    )
    head = "flow: many\nversion: 1.0.0\nlanguage: 1\noutcomes: {done: {}}\nstart: n0\nnodes:\n"
    text = f"{head}{nodes}  n30: {{end: done}}\n"
    report = check_flows([Source(file="many.yaml", text=text)], contracts=())
    assert report.ok, render_diagnostics(report.diagnostics)
    graph = report.flows[0]

    found = paths(graph)

    assert 200 <= len(found) <= 200 + len(ways(graph))
    assert {way for path in found for way in path} == set(ways(graph))


@pytest.mark.parametrize(
    "text", ["y", "No", "2030-01-01", "1_000", "a: b", "", "=x", "#", "'", '"', "+5m", "ä\n", "-1", "a "]
)
def test_what_is_written_is_read_back(text: str) -> None:
    test = f"tests:\n  t:\n    mocks: {{send: {{fault: {{code: {yaml_of(text)}}}}}}}\n"
    report = check_flows(
        [Source(file="tell.yaml", text=TELL)], contracts=CONTRACTS, tests=[Source(file="tell.tests.yaml", text=test)]
    )

    assert report.tests["tell"][0].mocks["send"] == (("fault", {"code": text}),)

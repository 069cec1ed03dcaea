"""The shipped flows: no complaint, the promised signatures, and tests of their own that notice every change of way."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

import flow_definitions
from engine.language import FlowTest, Graph, PromptNode, check_folder, render_diagnostics
from engine.testing import simulate
from tests.flow_definitions.shipped import CONTRACTS, shipped

NAMES = ("ciba_journey", "device_approval", "login_approval", "notification_dispatch", "sign_in")
TESTS = [(name, test) for name in NAMES for test in shipped().tests[name]]


def test_the_compiler_has_nothing_to_say_about_them() -> None:
    report, _ = check_folder(flow_definitions.folder(), contracts=CONTRACTS)

    assert not report.diagnostics, render_diagnostics(report.diagnostics)
    assert shipped().names == NAMES


@pytest.mark.parametrize(("name", "test"), TESTS, ids=[f"{name}: {test.name}" for name, test in TESTS])
def test_each_test_of_a_flow_passes(name: str, test: FlowTest) -> None:
    result = simulate(shipped().by_digest, shipped().latest(name), test)

    assert result.passed, result.report()


def signature(graph: Graph) -> tuple[set[str], dict[str, set[str]]]:
    return set(graph.inputs), {outcome: set(fields) for outcome, fields in graph.outcomes.items()}


def test_the_signatures_are_those_that_protocols_rely_on() -> None:
    assert signature(shipped().latest("login_approval")) == (
        {"subject", "requester", "binding_message", "permissions", "callback", "correlation", "expires_at"},
        {"approved": {"granted"}, "denied": {"by"}, "expired": set()},
    )
    assert signature(shipped().latest("ciba_journey")) == (
        {
            "subject",
            "message",
            "link",
            "requester",
            "binding_message",
            "permissions",
            "callback",
            "correlation",
            "expires_at",
        },
        {"approved": {"granted"}, "denied": {"by"}, "undeliverable": {"reason"}, "expired": set()},
    )
    assert signature(shipped().latest("notification_dispatch")) == (
        {"recipient", "message", "link", "expires_at"},
        {"sent": {"channel"}, "undeliverable": {"reason"}},
    )
    assert signature(shipped().latest("sign_in")) == (
        {"requester", "binding_message", "permissions", "login_hint", "callback", "correlation", "expires_at"},
        {"approved": {"granted"}, "denied": {"by"}, "expired": set()},
    )
    assert signature(shipped().latest("device_approval")) == (
        {"requester", "binding_message", "permissions", "callback", "correlation", "expires_at"},
        {"approved": {"granted"}, "denied": {"by"}, "expired": set()},
    )


def targets(part: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every place in a graph's JSON that names the node to go to."""
    if isinstance(part, dict):
        if isinstance(part.get("to"), str):
            yield (*path, "to")
        for key, value in part.items():
            yield from targets(value, (*path, key))
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from targets(value, (*path, index))


def changed(graph: Graph, path: tuple[str | int, ...]) -> Graph:
    """Return *graph* with the way at *path* leading to an end where it does not lead."""
    raw = copy.deepcopy(graph.to_json())
    place: Any = raw
    for key in path[:-1]:
        place = place[key]
    elsewhere = ELSEWHERE[graph.name]
    place["to"] = elsewhere[0] if place["to"] != elsewhere[0] else elsewhere[1]
    raw["nodes"]["wrong"] = {**raw["nodes"]["late"], "fields": {}}
    return Graph.from_json(raw)


ELSEWHERE = {
    "ciba_journey": ("late", "not_told"),
    "device_approval": ("late", "refused"),
    "login_approval": ("late", "locked"),
    "notification_dispatch": ("late", "wrong"),
    "sign_in": ("late", "refused"),
}
WAYS = [(name, path) for name in NAMES for path in targets(shipped().latest(name).to_json())]


@pytest.mark.parametrize(("name", "path"), WAYS, ids=[f"{name}: {'.'.join(map(str, path))}" for name, path in WAYS])
def test_no_way_of_a_flow_can_be_changed_without_one_of_its_tests_failing(
    name: str, path: tuple[str | int, ...]
) -> None:
    mutant = changed(shipped().latest(name), path)

    results = [simulate({**shipped().by_digest, mutant.digest: mutant}, mutant, test) for test in shipped().tests[name]]

    assert any(not result.passed for result in results)


def test_a_flow_of_this_size_has_as_many_ways_as_it_should() -> None:
    """The walk above would pass over an empty list as well."""
    assert len(WAYS) >= 20


@pytest.mark.parametrize("name", NAMES)
def test_every_node_is_visited_by_a_test(name: str) -> None:
    graph = shipped().latest(name)

    visited = {node for test in shipped().tests[name] for node in simulate(shipped().by_digest, graph, test).visited}

    assert visited == set(graph.nodes)


def test_a_program_that_submits_every_form_it_finds_denies_nothing() -> None:
    """Whatever a prompt before signing in leads to, only a ticked box ends the request."""
    graph = shipped().latest("login_approval")
    prompts = {name for name, node in graph.nodes.items() if isinstance(node, PromptNode)}

    assert prompts == {"ask_password", "ask_stop", "ask_consent"}
    for before in ("ask_password", "ask_stop"):
        ends = {route.to for route in graph.nodes[before].routes.values()} & {"refused", "not_me", "not_me_unverified"}
        assert not ends
    stop = graph.nodes["ask_stop"]
    assert isinstance(stop, PromptNode)
    assert stop.fields["sure"].default is None, "the box must not be ticked before anybody has seen it"

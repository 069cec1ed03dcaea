"""What tests of flows say: they pass, they fail at the first difference, they cover."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from engine.language import FlowTest
from engine.testing import Coverage, TestResult, coverage, junit_xml, run_flow_tests, simulate, ways
from tests.engine.testing.flows import MOCKED, TRIP_TESTS, flow_set

HEAD = """\
tests:
  t:
    inputs: {traveller: ann, manager: bob, amount: 2000, link: "https://id.example/x", expires_at: +2d}
    mocks: {send: {accepted: {channel: email}}, check_pin: {wrong: {left: 1}}}
"""


def tried(rest: str, head: str = HEAD) -> TestResult:
    """Run one test of the trip."""
    flows = flow_set(head + rest)
    return simulate(flows.by_digest, flows.latest("trip"), flows.tests["trip"][0])


def test_tests_that_walk_through_everything_pass() -> None:
    for result in run_flow_tests(flow_set()):
        assert result.passed, result.report()


def test_a_called_flow_can_be_mocked_by_its_outcome() -> None:
    results = run_flow_tests(flow_set(MOCKED), names=["trip"])

    assert [result.problem for result in results] == [None] * 3
    assert {taken.way.route for result in results for taken in result.taken} >= {"told", "untold", "fault"}


def test_a_mocked_flow_is_not_covered_by_it() -> None:
    flows = flow_set(MOCKED)

    assert coverage(flows.latest("tell"), run_flow_tests(flows, names=["trip"])).outcomes == {"told": 0, "untold": 0}


@pytest.mark.parametrize(
    ("rest", "line", "expected", "happened"),
    [
        ("    script: [{expect: pay}]\n", 5, "'pay'", "the flow stands at 'ask'"),
        ("    script: [{expect: tell/post}]\n", 5, "'tell/post'", "the flow stands at 'ask'"),
        ("    script: [{says: trip.wrong}]\n", 5, "the message 'trip.wrong'", "found none"),
        ("    script:\n      - {shows: {amount: 7}}\n", 6, "'amount' to show 7", "it shows 2000"),
        ("    script: [{sends: []}]\n", 5, "0 messages to be sent", "found 1: {recipient: bob, message: "),
        ("    script: [{sends: [{recipient: ann}]}]\n", 5, "the message {recipient: ann}", "found {recipient: bob"),
        (
            "    script: [{act: allow, refused: too_late}]\n",
            5,
            "'allow' to be refused: too_late",
            "it was refused: inv",
        ),
        ("    script: [{act: deny, refused: [pin]}]\n", 5, "'deny' to be refused: pin", "it was accepted"),
        (
            '    script: [{act: allow, with: {pin: ""}}]\n',
            5,
            "'allow' to be accepted",
            "it was refused: invalid_fields (pin: this must be",
        ),
        (
            "    script: [{answer: {accepted: {channel: x}}}]\n",
            5,
            "a deferred task to answer",
            "the flow stands at 'ask'",
        ),
        ("    sends: []\n", 5, "0 messages to be sent", "found 1"),
        ("    ends: late\n", 5, "the end 'late'", "the flow still stands at 'ask'"),
        (
            "    script: [{act: deny}]\n    ends: late\n",
            6,
            "the end 'late'",
            "found the end 'refused' with {by: manager}",
        ),
        (
            "    script: [{act: deny}]\n    ends: {refused: {by: pin}}\n",
            6,
            "'refused' with {by: pin}",
            "found {by: manag",
        ),
        ("    script: [{act: deny}, {act: deny}]\n", 5, "a prompt for 'deny'", "the flow stands at the end 'refused'"),
    ],
)
def test_a_failure_is_told_at_the_first_difference(rest: str, line: int, expected: str, happened: str) -> None:
    difference = tried(rest).difference

    assert difference is not None
    assert (difference.place.file, difference.place.line) == ("trip.tests.yaml", line)
    assert difference.expected == expected
    assert difference.happened.startswith(happened), difference.happened


def test_the_report_shows_the_way_until_there_step_by_step() -> None:
    steps = '    script:\n      - {expect: ask, act: allow, with: {pin: "1"}}\n      - {expect: reserve}\n'

    shown = (
        '{"traveller": "ann", "manager": "bob", "amount": 2000, "link": "•••", "expires_at": "2030-01-03T12:00:00Z"}'
    )

    assert tried(steps).report().splitlines() == [
        "failed: trip: t",
        "  trip.tests.yaml:7:9",
        "    expected  'reserve'",
        "    happened  the flow stands at 'ask'",
        "  the way until there:",
        f"          +0s  started    size: flow trip, version 1.0.0, inputs {shown}",
        '          +0s  decided    size: case 0, to tell, read {"inputs.amount": 2000}',
        "          +0s  called     tell: flow tell, version 1.0.0",
        '          +0s  task       post: outcome accepted, fields {"channel": "email"}',
        '          +0s  returned   tell: outcome told, fields {"channel": "email"}',
        "    trip.tests.yaml:6  expect ask, act allow",
        "          +0s  answered   ask: action allow, pin •••",
        '          +0s  task       check: outcome wrong, fields {"left": 1}',
        "    trip.tests.yaml:7  expect reserve  <- the first difference",
    ]


def test_a_secret_is_nowhere_in_what_is_told() -> None:
    result = tried('    script: [{expect: ask, act: allow, with: {pin: "pin-4711"}, refused: x}]\n    sends: []\n')

    told = result.report() + str(result.to_json()) + repr(result)

    assert "pin-4711" not in told
    assert "id.example" not in told


def all_of(flow: str) -> Coverage:
    flows = flow_set()
    return coverage(flows.latest(flow), run_flow_tests(flows))


@pytest.mark.parametrize("flow", ["tell", "trip"])
def test_the_tests_of_the_samples_cover_everything(flow: str) -> None:
    assert all_of(flow).missed == ()
    assert all_of(flow).percent == 100


def without(tests: tuple[FlowTest, ...], name: str) -> list[FlowTest]:
    return [test for test in tests if test.name != name]


def test_every_way_is_lost_with_the_only_test_that_takes_it() -> None:
    flows = flow_set()
    graph = flows.latest("trip")
    only = {
        "the manager says no": "ask.deny -> refused",
        "the code is wrong twice": "check.max_visits -> wrong_pin",
        "there is no seat": "reserve.fault: sold_out -> sold_out",
        "telling breaks": "tell.fault -> too_late",
        "the manager is reminded once": "ask.timeout -> again",
        "the money never comes": "pay.timeout -> too_late",
        "the time is over while the message is under way": "deadline -> too_late",
    }
    for name, way in only.items():
        left = [simulate(flows.by_digest, graph, test) for test in without(flows.tests["trip"], name)]
        found = coverage(graph, left)
        assert f"route {way}" in found.missed
        assert found.percent < 100


def test_the_ways_are_those_of_the_graph() -> None:
    assert [str(way) for way in ways(flow_set().latest("tell"))] == [
        "post.accepted -> done",
        "post.refused_by_all -> lost",
        "post.timeout -> lost",
    ]


def test_coverage_is_json_that_a_drawing_can_read() -> None:
    assert all_of("tell").to_json() == {
        "percent": 100.0,
        "nodes": {"post": 13, "done": 8, "lost": 3},
        "routes": [
            {"node": "post", "route": "accepted", "to": "done", "taken": 9},
            {"node": "post", "route": "refused_by_all", "to": "lost", "taken": 2},
            {"node": "post", "route": "timeout", "to": "lost", "taken": 1},
        ],
        "outcomes": {"told": 8, "untold": 3},
    }


def test_junit_tells_what_failed_and_where() -> None:
    flows = flow_set(HEAD.replace("  t:", '  "one \\u0007 <two>":') + "    ends: late\n")
    root = ET.fromstring(junit_xml(run_flow_tests(flows)))

    assert (root.get("tests"), root.get("failures")) == ("5", "1")
    assert [(suite.get("name"), suite.get("failures")) for suite in root] == [("tell", "0"), ("trip", "1")]
    case = root[1][0]
    assert (case.get("classname"), case.get("name"), case.get("line")) == ("trip", "one � <two>", "2")
    assert "expected the end 'late'" in (case[0].get("message") or "")
    assert "the way until there" in (case[0].text or "")


def test_the_tests_are_what_they_are_called() -> None:
    assert len(flow_set(TRIP_TESTS).tests["trip"]) == 13


@pytest.mark.parametrize("length", ["9999999d", "soon", "-PT1H"])
def test_a_promise_of_no_sensible_length_is_told(length: str) -> None:
    flows = flow_set()
    test = replace(flows.tests["tell"][1], mocks={"send": (("deferred", {"for": length}),)})

    result = simulate(flows.by_digest, flows.latest("tell"), test)

    assert "'for'" in (result.problem or "")

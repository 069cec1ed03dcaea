"""A slip in a test of a flow is told with its place and the nearest right name, before anything runs."""

import pytest

from engine.language import Source, check_flows, render_diagnostics
from tests.engine.testing.flows import CATALOGUE, CONTRACTS, TELL, TRIP, TRIP_TESTS
from tests.engine.testing.slips import MARK, SLIPS, Slip

IN_TIME = '    inputs: {traveller: a, manager: b, amount: 1, link: "https://id.example/x", expires_at: +2d}\n'
FLOWS = [Source(file="tell.yaml", text=TELL), Source(file="trip.yaml", text=TRIP)]


@pytest.mark.parametrize("slip", SLIPS, ids=[f"{slip.code}-{index}" for index, slip in enumerate(SLIPS)])
def test_a_slip_gets_its_code_at_its_place(slip: Slip) -> None:
    assert TRIP_TESTS.count(slip.old) == 1, f"the edit must fit one place: {slip.old!r}"
    before, _, after = TRIP_TESTS.replace(slip.old, slip.new).partition(MARK)
    lines, text = before.split("\n"), before + after
    beside = [Source(file="trip.tests.yaml", text=text)]

    found = check_flows(FLOWS, contracts=CONTRACTS, catalogue=CATALOGUE, tests=beside).diagnostics

    shown = render_diagnostics(found, {"trip.tests.yaml": text})
    assert [(one.code, one.line, one.column) for one in found] == [(slip.code, len(lines), len(lines[-1]) + 1)], shown
    assert slip.hint in found[0].hint, shown


def test_tests_of_a_broken_flow_are_not_held_against_it() -> None:
    broken = [FLOWS[0], Source(file="trip.yaml", text=TRIP.replace("task: book", "task: bok"))]
    beside = [Source(file="trip.tests.yaml", text=TRIP_TESTS.replace("expect: pay", "expect: pya"))]

    found = check_flows(broken, contracts=CONTRACTS, catalogue=CATALOGUE, tests=beside).diagnostics

    assert {one.file for one in found} == {"trip.yaml"}


def test_tests_inside_a_flow_are_held_against_it_too() -> None:
    tests = TRIP_TESTS.replace("act: deny", "act: dney")
    found = check_flows(
        [FLOWS[0], Source(file="trip.yaml", text=TRIP + tests)], contracts=CONTRACTS, catalogue=CATALOGUE
    )

    assert [(one.code, one.file) for one in found.diagnostics] == [("LH955", "trip.yaml")]


def test_a_test_of_the_same_name_inside_and_beside_a_flow_is_noticed() -> None:
    own = [FLOWS[0], Source(file="trip.yaml", text=f"{TRIP}tests:\n  it is cancelled:\n{IN_TIME}")]
    beside = [Source(file="trip.tests.yaml", text=f"tests:\n  it is cancelled:\n{IN_TIME}")]

    found = check_flows(own, contracts=CONTRACTS, catalogue=CATALOGUE, tests=beside).diagnostics

    assert [(one.code, one.file, one.line) for one in found] == [("LH958", "trip.tests.yaml", 2)]

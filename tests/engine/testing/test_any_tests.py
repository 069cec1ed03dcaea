"""Whatever stands in a tests file: diagnostics or results, never a traceback."""

import random

import pytest

from engine.language import FlowSet, Source, check_flows
from engine.testing import run_flow_tests
from tests.engine.testing.flows import CATALOGUE, CONTRACTS, TELL, TRIP, TRIP_TESTS

FLOWS = [Source(file="tell.yaml", text=TELL), Source(file="trip.yaml", text=TRIP)]
PIECES = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ", ",
    "null",
    "-1",
    "true",
    "+9999999d",
    "+5m",
    "''",
    '"\\u0000"',
    "=x",
    "1e9",
    "@",
    "a/b",
    "\t",
    "é",
]


def mangled(chance: random.Random) -> str:
    """Return the trip's tests with a few edits."""
    text = TRIP_TESTS
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(text))
        match chance.randrange(4):
            case 0:
                text = text[:start] + text[start + chance.randint(1, 12) :]
            case 1:
                text = text[:start] + chance.choice(PIECES) + text[start:]
            case 2:
                words = text.split(" ")
                at, other = chance.randrange(len(words)), chance.randrange(len(words))
                words[at] = words[other]
                text = " ".join(words)
            case _:
                text = text.replace(
                    chance.choice(["2000", "10", "2d", "x", "r1", "email", "24h"]), chance.choice(PIECES)
                )
    return text


def tried(rounds: int, seed: int) -> int:
    """Check and run *rounds* of mangled tests; return how many of them ran."""
    chance, ran = random.Random(seed), 0
    for _ in range(rounds):
        beside = [Source(file="trip.tests.yaml", text=mangled(chance))]
        report = check_flows(FLOWS, contracts=CONTRACTS, catalogue=CATALOGUE, tests=beside)
        assert len(report.flows) == 2
        for result in run_flow_tests(FlowSet(flows=report.flows, tests=report.tests)):
            assert result.report()
            assert result.to_json()["test"] == result.test
            ran += 1
    return ran


def test_mangled_tests_are_told_or_run() -> None:
    assert tried(40, seed=4711) > 100


@pytest.mark.long
@pytest.mark.timeout(600)
def test_very_many_mangled_tests_are_told_or_run() -> None:
    assert tried(5000, seed=4712) > 10_000

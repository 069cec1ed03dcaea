"""A trace of the simulator is the history of a real execution with the same answers, line by line."""

import pytest

from engine.contracts import Contract
from engine.language import FlowSet, FlowTest
from engine.language.relative import moved_fields
from engine.storage import Database
from engine.testing import simulate
from engine.testing.simulation import NOON
from tests.engine.testing.flows import CONTRACTS, flow_set
from tests.engine.testing.real import Real
from tests.flow_definitions.shipped import CONTRACTS as SHIPPED
from tests.flow_definitions.shipped import shipped

pytestmark = pytest.mark.anyio

Case = tuple[FlowSet, tuple[Contract, ...], str, FlowTest]
SETS = ((shipped(), SHIPPED), (flow_set(), CONTRACTS))
CASES: list[Case] = [
    (flows, contracts, flow, test) for flows, contracts in SETS for flow in flows.names for test in flows.tests[flow]
]


def called(case: Case) -> str:
    return f"{case[2]}: {case[3].name}"


@pytest.mark.parametrize("case", CASES, ids=called)
async def test_a_trace_is_the_history(case: Case, sqlite_database: Database) -> None:
    flows, contracts, flow, test = case
    graph = flows.latest(flow)
    traced = simulate(flows.by_digest, graph, test)
    real = Real(sqlite_database, flows, test, contracts)

    history = await real.run(flow, moved_fields(graph.inputs, test.inputs, NOON), test.script)

    assert traced.passed, traced.report()
    assert traced.history == history


def test_there_is_something_to_compare() -> None:
    """Every kind of line that a history can have is in one of the traces."""
    kinds = {
        entry.kind
        for flows, _, flow, test in CASES
        for entry in simulate(flows.by_digest, flows.latest(flow), test).history
    }

    assert kinds == {
        "answered",
        "called",
        "cancelled",
        "decided",
        "deferred",
        "ended",
        "fault",
        "kept",
        "limit",
        "retry",
        "returned",
        "signalled",
        "started",
        "task",
        "timer",
    }

"""The larger examples: they check without a word, their tests pass, and the tests take every way."""

import jsonschema_rs
import pytest

import flow_definitions
from engine.language import FlowSet, check_folder, declared_contracts, flow_schema, picture_of, render_diagnostics
from engine.language.diagnostics import Findings
from engine.language.draw_layout import lay_out
from engine.language.yaml_reader import read_yaml
from engine.language.yaml_tree import plain_data
from engine.testing import coverage, run_flow_tests
from lockhouse.flows import CONTRACTS
from tests.engine.language.test_drawing import assert_apart
from tests.project.layout import ROOT

EXAMPLES = ROOT / "examples" / "flows"
NAMES = sorted(folder.name for folder in EXAMPLES.iterdir() if folder.is_dir())


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of an example: of its folder and of its flow."""
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="module")
def flows(name: str) -> FlowSet:
    """Return an example's flow, with those that come with Lockhouse."""
    report, catalogue = check_folder([EXAMPLES / name, flow_definitions.folder()], contracts=CONTRACTS)
    assert render_diagnostics(report.diagnostics) == "no problems found\n"
    return FlowSet(flows=report.flows, catalogue=catalogue, tests=report.tests)


def test_the_tests_of_an_example_pass_and_take_every_way(name: str, flows: FlowSet) -> None:
    results = run_flow_tests(flows, names=[name])
    assert results
    assert [result.report() for result in results if not result.passed] == []
    assert coverage(flows.latest(name), results).missed == ()


def test_an_editor_accepts_an_example(name: str) -> None:
    known = declared_contracts([EXAMPLES / name], CONTRACTS, [])
    schema = jsonschema_rs.validator_for(flow_schema(known.values()))
    root = read_yaml((EXAMPLES / name / f"{name}.yaml").read_text(), Findings(name))
    assert root is not None
    assert [error.message for error in schema.iter_errors(plain_data(root))] == []


def test_an_example_can_be_drawn(name: str, flows: FlowSet) -> None:
    assert_apart(lay_out(picture_of(flows.latest(name), calls=flows.by_digest)))


def test_the_list_of_examples_is_complete() -> None:
    listed = (EXAMPLES / "README.md").read_text()
    assert [name for name in NAMES if f"| `{name}` |" not in listed] == []

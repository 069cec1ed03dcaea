"""The JSON Schema accepts what the compiler accepts, and refuses mistakes of shape."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from engine.language import CONSTRUCTS, RULES, SHAPES, flow_schema
from engine.language.diagnostics import Findings
from engine.language.schema_shapes import WORDS
from engine.language.yaml_reader import read_yaml
from engine.language.yaml_tree import plain_data
from lockhouse.flows import CONTRACTS as INSTALLED
from tests.engine.language.corpus import CORPUS, Broken, broken_text
from tests.engine.language.samples import CONTRACTS, FLOWS
from tests.project.layout import ROOT

VALIDATOR = jsonschema_rs.validator_for(flow_schema(CONTRACTS))
SHIPPED = jsonschema_rs.validator_for(flow_schema(INSTALLED))
DEMANDED = ("LH201", "LH202", "LH203", "LH204", "LH205", "LH206", "LH207", "LH208")


def data(text: str) -> Any:
    """Return what a flow's file holds, read as the compiler reads it."""
    root = read_yaml(text, Findings("flow.yaml"))
    assert root is not None
    return plain_data(root)


def shipped_files() -> Iterator[Path]:
    """Yield the flows of this repository that run with the installed executors."""
    yield from sorted(path for path in (ROOT / "flow_definitions").glob("*.yaml") if ".tests." not in path.name)


def test_the_schema_is_a_schema() -> None:
    jsonschema_rs.meta.validate(flow_schema(CONTRACTS))


@pytest.mark.parametrize("name", FLOWS)
def test_every_sample_is_accepted(name: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(data(FLOWS[name]))] == []


@pytest.mark.parametrize("file", list(shipped_files()), ids=lambda file: file.stem)
def test_every_shipped_flow_is_accepted(file: Path) -> None:
    assert [error.message for error in SHIPPED.iter_errors(data(file.read_text()))] == []


@pytest.mark.parametrize(
    "case",
    [case for case in CORPUS if case.code in DEMANDED],
    ids=lambda case: f"{case.code}-{case.line}",
)
def test_a_mistake_of_shape_is_refused_by_the_schema_too(case: Broken) -> None:
    text, _ = broken_text(case)
    assert not VALIDATOR.is_valid(data(text)), text


@pytest.mark.parametrize(
    "case",
    [case for case in CORPUS if RULES[case.code].severity == "warning"],
    ids=lambda case: f"{case.code}-{case.line}",
)
def test_what_the_compiler_only_warns_of_is_accepted(case: Broken) -> None:
    text, _ = broken_text(case)
    assert VALIDATOR.is_valid(data(text)), text


def test_every_shape_of_the_table_is_described_and_has_a_schema() -> None:
    words = {word for construct in CONSTRUCTS for key in construct.keys for word in key.holds}
    plain = {word.removeprefix("list of ").removeprefix("map of ").removeprefix("map of ") for word in words}
    names = {construct.name for construct in CONSTRUCTS}
    assert plain <= {*SHAPES, *names}
    assert set(WORDS) - {"words-or-record"} <= set(SHAPES)

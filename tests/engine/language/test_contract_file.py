"""``executors.yaml``: contracts without Python, with their mistakes placed."""

from pathlib import Path

import pytest

from engine.contracts import Contract
from engine.language import check_folder, render_diagnostics
from engine.language.contract_file import parse_contracts
from engine.language.diagnostics import Findings

GREET = """\
executors:
  greet:
    summary: Says hello.
    effect: transactional
    types: {line: {text: string}}
    inputs: {who: id}
    outcomes: {greeted: {lines: list of line}}
    establishes: {greeted: {lines: consent}}
    requires: {who: authentication}
    takes_key: true
    faults: {hoarse: no voice}
"""
FLOW = """\
flow: hello
version: 1.0.0
language: 1
outcomes: {said: {}}
start: say
nodes:
  say: {task: greet, with: {who: ann}, routes: {greeted: done}}
  done: {end: said}
"""


def parsed(text: str, *known: Contract) -> tuple[list[Contract], list[tuple[str, int, int]]]:
    found = Findings("executors.yaml")
    contracts = parse_contracts(text, {one.name: one for one in known}, found)
    return contracts, [(one.code, one.line, one.column) for one in found.found]


def test_a_contract_in_yaml_is_the_contract_in_python() -> None:
    declared = Contract.declare(
        name="greet",
        summary="Says hello.",
        effect="transactional",
        types={"line": {"text": "string"}},
        inputs={"who": "id"},
        outcomes={"greeted": {"lines": "list of line"}},
        establishes={"greeted": {"lines": "consent"}},
        requires={"who": "authentication"},
        takes_key=True,
        faults={"hoarse": "no voice"},
    )
    assert parsed(GREET) == ([declared], [])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("summary:", "sumary:", [("LH201", 3, 5), ("LH202", 3, 5)]),
        ("effect: transactional", "effect: sometimes", [("LH203", 4, 13)]),
        ("who: id}", "who: idd}", [("LH209", 6, 19)]),
        ("text: string", "text: sting", [("LH209", 5, 13)]),
        ("takes_key: true", "takes_key: 1", [("LH203", 10, 16)]),
        ("{greeted: {lines: consent}}", "{greeted: {line: consent}}", [("LH209", 2, 3)]),
        ("{greeted: {lines: consent}}", "{greeted: {lines: luck}}", [("LH209", 2, 3)]),
        ("executors:", "executers:", [("LH201", 1, 1), ("LH202", 1, 1)]),
    ],
)
def test_a_mistake_has_its_place(old: str, new: str, expected: list[tuple[str, int, int]]) -> None:
    contracts, found = parsed(GREET.replace(old, new, 1))
    assert (contracts, found) == ([], expected)


def test_what_is_no_yaml_declares_nothing() -> None:
    assert parsed("executors: {greet: ")[0] == []
    assert parsed("[]") == ([], [("LH203", 1, 1)])
    assert parsed("executors: {greet: 1}") == ([], [("LH203", 1, 20)])


def test_an_executor_that_is_installed_may_be_declared_as_it_is() -> None:
    (greet,), _ = parsed(GREET)
    assert parsed(GREET, greet) == ([], [])
    assert parsed(GREET.replace("Says hello.", "Greets."), greet) == ([], []), "the prose is the author's"


def test_a_contract_that_is_not_the_installed_one_is_an_error_that_names_each_difference() -> None:
    (greet,), _ = parsed(GREET)
    text = GREET.replace("{who: id}", "{who: string, loud: boolean}").replace("takes_key: true", "idempotent: true")
    found = Findings("executors.yaml")
    assert parse_contracts(text, {"greet": greet}, found) == []
    (one,) = found.found
    assert (one.code, one.line, one.column) == ("LH309", 2, 3)
    for place in (
        "idempotent: declared true, installed false",
        'inputs.loud: declared {"type": "boolean"}, installed nothing',
        'inputs.who.type: declared "string", installed "id"',
        "takes_key: declared false, installed true",
    ):
        assert place in one.message


def test_a_folder_is_checked_against_its_own_contracts(tmp_path: Path) -> None:
    (tmp_path / "hello.yaml").write_text(FLOW)
    without, _ = check_folder(tmp_path, contracts=())
    assert [one.code for one in without.errors] == ["LH301"]

    (tmp_path / "executors.yaml").write_text(GREET.replace("    requires: {who: authentication}\n", ""))
    report, _ = check_folder(tmp_path, contracts=())
    assert render_diagnostics(report.diagnostics) == "no problems found\n"
    assert [graph.name for graph in report.flows] == ["hello"]

    (tmp_path / "executors.yaml").write_text(GREET.replace("who: id}", "who: idd}"))
    broken, _ = check_folder(tmp_path, contracts=())
    assert {one.code for one in broken.errors} == {"LH209", "LH301"}

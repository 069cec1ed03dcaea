"""The list of rules is whole: every code that is given out is in it, and every rule in it has a test."""

import re
from pathlib import Path

from engine import language
from engine.language import RULES, Source, check_flows, rules
from tests.engine.language.corpus import CORPUS
from tests.engine.testing.slips import SLIPS

# Rules that an edit of one sample cannot break: where each has its test.
ELSEWHERE = {
    "LH100": "tests/lockhouse/test_flow_check.py",
    "LH120": "test_any_input",
    "LH319": "test_liveness",
    "LH853": "test_audience",
    "LH101": "test_bytes_that_are_no_text_are_told_with_their_place",
    "LH117": "test_any_input",
    "LH119": "test_any_input",
    "LH309": "test_checking",
    "LH904": "test_catalogue",
    "LH958": "test_slips",
}


def test_every_code_that_is_given_out_is_a_rule() -> None:
    folder = Path(language.__file__).parent
    given_out = {code for file in folder.rglob("*.py") for code in re.findall(r'"(LH\d+)"', file.read_text())}
    assert given_out == set(RULES)
    for code in given_out:
        uses = sum(
            f'"{code}"' in file.read_text() for file in folder.rglob("*.py") if not file.name.startswith("rules")
        )
        assert uses, f"{code} is a rule that nothing gives out"


def test_every_rule_is_broken_by_a_test() -> None:
    of_tests = {slip.code for slip in SLIPS}
    assert {case.code for case in CORPUS} | ELSEWHERE.keys() | of_tests == RULES.keys()


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 120


def test_every_rule_is_explained() -> None:
    names = [rule.name for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule.meaning.endswith(".")
        assert rule.remedy.endswith((".", "…)."))
        assert rule.example
        assert re.fullmatch(r"[a-z0-9-]+", rule.name)
        assert rule.to_json()["code"] == rule.code


def test_bytes_that_are_no_text_are_told_with_their_place() -> None:
    report = check_flows([Source(file="x.yaml", text="flow: ä\nx: ".encode() + b"\xff")], contracts=())
    assert [(found.code, found.line, found.column) for found in report.diagnostics] == [("LH101", 2, 4)]


def test_the_door_exports_what_it_says() -> None:
    assert len(set(language.__all__)) == len(language.__all__)
    assert all(hasattr(language, name) for name in language.__all__)

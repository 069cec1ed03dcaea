"""A pattern that some text could keep busy for ever is refused where it is declared."""

import pytest

from engine.contracts import DeclarationInvalid, check_value, parse_declaration
from engine.contracts.patterns import LONGEST_MATCHED, repeats_a_choice

ENDLESS = [
    r"(a+)+$",
    r"(a*)*",
    r"(a|a)*b",
    r"(a|ab)+",
    r"(a?){40}a{40}",
    r"((a+))+",
    r"(?:x[0-9]+){2,}",
    r"(a{1,9})*",
    r"(a+)+?",
]
QUIET = [
    r"[A-Z]{3}-[0-9]+",
    r"(ab)+",
    r"([0-9]{3}-)*[0-9]",
    r"(red|green)",
    r"(a+)?b",
    r"[(a+)]+",
    r"\(a+\)+",
    r"(?:ab)+",
    r"[]+*]+",
]


@pytest.mark.parametrize("pattern", ENDLESS)
def test_a_repeated_choice_is_refused(pattern: str) -> None:
    with pytest.raises(DeclarationInvalid, match="busy for ever"):
        parse_declaration({"type": "string", "pattern": pattern})


@pytest.mark.parametrize("pattern", QUIET)
def test_other_patterns_are_taken(pattern: str) -> None:
    assert not repeats_a_choice(pattern)
    assert parse_declaration({"type": "string", "pattern": pattern}).pattern == pattern


def test_what_is_matched_is_bounded() -> None:
    declared = parse_declaration({"type": "string", "pattern": "[a-z]*"})
    assert check_value(declared, "a" * LONGEST_MATCHED) == ()
    assert [found.code for found in check_value(declared, "a" * (LONGEST_MATCHED + 1))] == ["max"]

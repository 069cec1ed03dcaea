"""What may be submitted at a prompt: every kind of field, every kind of mistake."""

from typing import Any

import pytest

from engine.execution import Handle, choices, read_answer
from engine.language import PromptField, PromptNode
from tests.engine.execution.flows import NOON, prompt, value

FIELDS: dict[str, Any] = {
    "password": "password",
    "note": {"type": "string", "optional": True},
    "empty": {"type": "string", "min": 0},
    "at": "time",
    "one": "id",
    "many": {"type": "list of id", "optional": True},
}
SCOPE = {"inputs": {"things": ["a", {"name": "b", "required": False}], "number": 3}, "vars": {}, "steps": {}}
GOOD = {"password": Handle("h"), "empty": "", "at": "2030-01-01T12:00:00Z", "one": "a"}
NODE = prompt("ask", {"submit": "x"}, fields=FIELDS, choose={"one": "=inputs.things", "many": "=inputs.things"})


def read(node: PromptNode = NODE, **changed: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    taken, problems = read_answer(node, "submit", {**GOOD, **changed}, SCOPE)
    return taken, [(problem.field, problem.code) for problem in problems]


def test_a_good_answer_is_taken_in_native_form() -> None:
    assert read() == ({"action": "submit", **GOOD, "at": NOON}, [])


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"password": ""}, ("password", "required")),
        ({"at": "noon"}, ("at", "type")),
        ({"one": "c"}, ("one", "choice")),
        ({"many": ["a", "a"]}, ("many", "choice")),
        ({"many": ["a", "c"]}, ("many", "choice")),
        ({"unheard_of": 1}, ("unheard_of", "unknown")),
        ({"note": 7}, ("note", "type")),
        ({"one": Handle("h")}, ("one", "type")),
    ],
)
def test_each_mistake_is_named(changed: dict[str, Any], problem: tuple[str, str]) -> None:
    assert read(**changed)[1] == [problem]


def test_an_optional_text_that_was_left_empty_is_absent() -> None:
    taken, problems = read(note="")
    assert ("note" in taken, problems) == (False, [])


def test_what_is_not_a_list_offers_nothing() -> None:
    asked = NODE.fields["one"]
    assert choices(PromptField(declaration=asked.declaration), SCOPE) is None
    for source in ("=inputs.number", "=inputs.nothing"):
        assert choices(PromptField(declaration=asked.declaration, choose=value(source)), SCOPE) == ()

"""What the history may show."""

from engine.contracts import parse_fields
from engine.execution import MASK, Handle, masked
from engine.execution.masking import seen
from engine.language import Expression, PromptNode, compile_expression
from tests.engine.execution.flows import EXPENSE, LOGIN, end, flow, prompt


def test_secrets_and_what_is_for_other_eyes_are_masked() -> None:
    declared = parse_fields(
        {
            "plain": "string",
            "pin": {"type": "string", "secret": True},
            "private": {"type": "string", "audience": "person"},
            "internal": {"type": "string", "audience": "operators"},
        }
    )
    values = {"plain": "a", "pin": "b", "private": "c", "internal": "d", "handle": Handle("h")}
    assert masked(declared, values) == {"plain": "a", "pin": MASK, "private": MASK, "internal": "d", "handle": MASK}


def test_what_a_decision_read_is_told_path_by_path() -> None:
    scope = {
        "inputs": {"amount": 5},
        "vars": {"reminders": 1},
        "steps": {
            "book": {"reference": "r"},
            "tell": {"channel": "c"},
            "ask": {"why": "w"},
            "heard": {"reference": "x"},
        },
        "execution": {"id": "e"},
    }
    source = (
        "inputs.amount > 1 and vars.reminders < 2 and steps.book.reference == steps.tell.channel"
        " and steps.ask.why == steps.heard.reference and execution.id == 'e' and (inputs.manager | default('')) == ''"
    )
    assert seen(compiled(source), scope, EXPENSE) == {
        "execution.id": "e",
        "inputs.amount": 5,
        "steps.ask.why": "w",
        "steps.book.reference": "r",
        "steps.heard.reference": "x",
        "steps.tell.channel": "c",
        "vars.reminders": 1,
    }


def test_a_secret_that_a_decision_compared_is_masked() -> None:
    node = prompt("ask", {"submit": "done"}, fields={"pin": {"type": "string", "secret": True}})
    assert isinstance(node, PromptNode)
    graph = flow("secretive", node, end("done", "done"))
    read = seen(compiled("steps.ask.pin == '1'"), {"steps": {"ask": {"pin": "1"}}}, graph)
    assert read == {"steps.ask.pin": MASK}
    unknown = seen(compiled("steps.nobody.x == 1"), {"steps": {"nobody": {"x": 1}}}, LOGIN)
    assert unknown == {"steps.nobody.x": 1}


def compiled(source: str) -> Expression:
    return compile_expression(source)

"""What type an expression has, as far as that is known before running."""

import pytest

from engine.contracts import parse_declaration
from engine.language.catalogue import Catalogue
from engine.language.diagnostics import Findings
from engine.language.expression_syntax import parse_term
from engine.language.inference import Inference, assignable
from engine.language.parse_flow import parse_flow
from engine.language.study import Study
from tests.engine.language.samples import CONTRACTS, EXPENSE, NOTIFY


def study() -> Study:
    """Return the sample flow with everything that it refers to."""
    document = parse_flow(EXPENSE, "expense.yaml", Findings("expense.yaml"))
    notify = parse_flow(NOTIFY, "notify.yaml", Findings("notify.yaml"))
    assert document is not None
    assert notify is not None
    contracts = {contract.name: contract for contract in CONTRACTS}
    return Study(document=document, contracts=contracts, callees={"notify@1": notify}, catalogue=Catalogue())


STUDY = study()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1", "integer"),
        ("1.5", "number"),
        ("'a'", "string"),
        ("true", "boolean"),
        ("[1, 2]", "list of integer"),
        ("[1, 'a']", "None"),
        ("[]", "None"),
        ("inputs.amount", "integer"),
        ("inputs.kind", "one of travel, food"),
        ("inputs.person.name", "id"),
        ("inputs['person']['nick']", "string"),
        ("inputs.people[0]", "id"),
        ("inputs.people | first", "id"),
        ("inputs.people | last | upper", "string"),
        ("inputs.people | join(', ')", "string"),
        ("inputs.people | length", "integer"),
        ("inputs.manager[0]", "string"),
        ("inputs.manager | first", "string"),
        ("[inputs.person] | names", "list of id"),
        ("([inputs.person] | first).name", "id"),
        ("vars.reminders + 1", "integer"),
        ("vars.reminders + 0.5", "number"),
        ("-vars.reminders", "integer"),
        ("inputs.manager + 'x'", "string"),
        ("inputs.people + inputs.people", "list of id"),
        ("execution.started_at", "time"),
        ("execution.expires_at - execution.started_at", "duration"),
        ("execution.started_at + (execution.expires_at - execution.started_at)", "time"),
        ("not inputs.amount", "boolean"),
        ("inputs.link is defined", "boolean"),
        ("inputs.amount > 1 and inputs.kind == 'food'", "boolean"),
        ("inputs.manager in inputs.people", "boolean"),
        ("1 if inputs.link is defined else 0.5", "number"),
        ("1 if inputs.link is defined else 'x'", "None"),
        ("inputs.link | default('')", "string"),
        ("inputs.link | default(inputs.link)", "url"),
        ("inputs.link | default(5)", "None"),
        ("steps.ask.why", "string"),
        ("steps.ask.action", "id"),
        ("steps.tell.channel", "string"),
        ("steps.book.reference", "string"),
        ("steps.book.sender", "id"),
        ("steps.pay.receipt", "string"),
    ],
)
def test_the_type_of_an_expression(source: str, expected: str) -> None:
    inference = Inference(STUDY)
    assert str(inference.type_of(parse_term(source))) == expected
    assert inference.mismatches == []


@pytest.mark.parametrize(
    ("source", "target", "fits"),
    [
        ("id", "string", True),
        ("url", "string", True),
        ("string", "id", False),
        ("integer", "number", True),
        ("number", "integer", False),
        ("integer", "string", False),
        ("json", "string", False),
        ("string", "json", True),
        ("time", "string", False),
        ("password", "string", False),
        (["a"], ["a", "b"], True),
        (["a", "c"], ["a", "b"], False),
        (["a"], "string", True),
        (["a"], "id", False),
        ("list of id", "list of string", True),
        ("list of string", "list of id", False),
        ({"a": "id"}, {"a": "string"}, True),
        ({"a": "id"}, {"a": "string", "b": {"type": "id", "optional": True}}, True),
        ({"a": "id"}, {"a": "string", "b": "id"}, False),
        ({"a": "id", "b": "id"}, {"a": "id"}, False),
        ({"a": {"type": "id", "optional": True}}, {"a": "id"}, False),
        ({"a": {"type": "boolean", "default": False}}, {"a": "boolean"}, True),
        ("string", {"a": "id"}, False),
    ],
)
def test_what_may_stand_for_what(source: object, target: object, fits: bool) -> None:
    assert assignable(parse_declaration(source).type, parse_declaration(target).type) is fits

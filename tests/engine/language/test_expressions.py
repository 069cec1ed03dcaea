"""Expressions mean what Jinja2 means by them, and are refused where the language does not have them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined, Undefined, UndefinedError

from engine.language import RULES, ExpressionFailed, ExpressionInvalid, ValueAbsent, compile_expression

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
SCOPE: Mapping[str, Any] = {
    "inputs": {
        "amount": 5,
        "share": 0.5,
        "title": " Tea ",
        "yes": True,
        "people": [{"name": "ann", "age": 3}, {"name": "bo", "age": 4}],
        "tags": ["a", "b"],
        "none_yet": [],
        "person": {"name": "ann", "keys": "shadow", "items": 7},
        "at": NOON,
        "wait": timedelta(minutes=5),
    },
    "vars": {"count": 2},
    "steps": {"check": {"subject": "ann"}, "later": {}},
    "execution": {"id": "e1", "locale": "en"},
}


class ItemsOnly(Environment):
    """Jinja2 with attribute look-up that reads items only."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        try:
            return obj[attribute]
        except (TypeError, LookupError, AttributeError):
            return self.undefined(obj=obj, name=attribute)


def reference() -> Environment:
    """Return the environment that expressions are compared with."""
    environment = ItemsOnly(undefined=StrictUndefined, autoescape=False)
    environment.filters["names"] = lambda people: [person["name"] for person in people]
    return environment


REFERENCE = reference()


def jinja(source: str) -> Any:
    """Return Jinja2's answer, or the error that it gives."""
    try:
        answer = REFERENCE.compile_expression(source, undefined_to_none=False)(**SCOPE)
    except (UndefinedError, TypeError, OverflowError, KeyError, AttributeError) as error:
        return error
    return LookupError("undefined") if _holds_undefined(answer) else answer


def _holds_undefined(answer: Any) -> bool:
    if isinstance(answer, list):
        return any(_holds_undefined(part) for part in answer)
    return isinstance(answer, Undefined)


PATHS = """
inputs.amount inputs.share inputs.title inputs.yes inputs.people inputs.tags inputs.none_yet inputs.person
inputs.person.name inputs.person.keys inputs.person.items inputs.person['name'] inputs.at inputs.wait inputs.absent
inputs.person.absent inputs.amount.absent vars.count steps.check.subject steps.later.subject execution.id
inputs.people[0] inputs.people[9] inputs.people[0].name inputs.tags[-1] inputs.title[0]
"""
paths = st.sampled_from(PATHS.split())
constants = st.sampled_from(["1", "0", "2.5", "'a'", "'ann'", "''", "true", "false", "[]", "[1, 2]", "['a']", '"x"'])


def combine(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return larger expressions made of *inner*."""
    operators = st.sampled_from(["+", "-", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"])
    filters = st.sampled_from(["length", "names", "first", "last", "join", "join(', ')", "lower", "upper", "trim"])
    tests = st.sampled_from(["defined", "undefined", "string", "number", "boolean", "not defined"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, operators, inner),
        st.builds("({} | {})".format, inner, filters),
        st.builds("({} | default({}))".format, inner, inner),
        st.builds("({} is {})".format, inner, tests),
        st.builds("(not {})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("({})[{}]".format, inner, st.sampled_from(["0", "-1", "'name'"])),
        st.builds("({}).name".format, inner),
    )


@settings(max_examples=400, deadline=None)
@given(st.recursive(st.one_of(paths, constants), combine, max_leaves=6))
def test_an_accepted_expression_equals_jinja2s_answer(source: str) -> None:
    try:
        expression = compile_expression(source)
    except ExpressionInvalid:
        return
    expected = jinja(source)
    try:
        found = expression.evaluate(SCOPE)
    except ExpressionFailed:
        return  # stricter than Jinja2 is allowed: different kinds are never compared or added
    assert not isinstance(expected, Exception), f"{source}: Jinja2 says {expected!r}"
    assert found == expected
    assert type(found) is type(expected)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="inputs.vamoe_ []()'\"|+-<>=!,:0123456789{}#%~*/\\ndorif", max_size=60) | st.text(max_size=40))
def test_any_text_is_an_expression_or_refused_with_a_place(source: str) -> None:
    refused: ExpressionInvalid | None = None
    try:
        compile_expression(source)
    except ExpressionInvalid as error:
        refused = error
    assert refused is None or (0 <= refused.at <= len(source) and refused.message and refused.rule in RULES)


@pytest.mark.parametrize(
    "source",
    [
        "inputs.__class__",
        "inputs['__class__']",
        "inputs.title.__len__()",
        "inputs.people.append(1)",
        "''.join(inputs.tags)",
        "_private",
        "range(10)",
        "inputs.x | attr('y')",
        "inputs.x | map('upper')",
        "{'a': 1}",
        "(1, 2)",
        "1 if inputs.yes",
        "1 < 2 < 3",
        "0x1f",
        "1_000",
        "007",
        "1e9",
        "'a' 'b'",
        "inputs.tags[0:1]",
        "inputs.tags[0, 1]",
        "inputs.tags.0",
        "inputs",
        "steps.check",
        "none",
        "True",
        "inputs.amount * 2",
        "inputs.amount ~ 'x'",
        "+1",
        "inputs.amount is divisibleby 3",
        "inputs.amount is divisibleby(3)",
        "inputs.x | default(1, true)",
        "inputs.x | default(value=1)",
        "inputs.x | default(*inputs.tags)",
        "inputs.x | default",
        "inputs.x | join('a', 'b')",
        "'\\x00'",
        "inputs.a\n+ 1",
        "1 }} {{ 2",
        "9" * 5000,
        "(" * 400 + "1" + ")" * 400,
        "not " * 200 + "true",
        "-" * 200 + "1",
        "1 + " * 240 + "1",
    ],
)
def test_what_the_language_does_not_have_is_refused(source: str) -> None:
    with pytest.raises(ExpressionInvalid):
        compile_expression(source)


@pytest.mark.parametrize(
    ("source", "at", "length"),
    [
        ("inputs.a + subject", 11, 7),
        ("inputs.a | lenght", 11, 6),
        ("inputs.a > 1_000", 11, 5),
        ("inputs.a == 'x", 12, 1),
        ("inputs.a >", 10, 1),
        ("inputs.__a", 7, 3),
        ("1 if steps.check else 2", 5, 11),
    ],
)
def test_a_refusal_points_at_the_part(source: str, at: int, length: int) -> None:
    with pytest.raises(ExpressionInvalid) as refused:
        compile_expression(source)
    assert (refused.value.at, refused.value.length) == (at, length)


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("inputs.at + inputs.wait", NOON + timedelta(minutes=5)),
        ("inputs.at - inputs.at", timedelta(0)),
        ("inputs.people | names", ["ann", "bo"]),
        ("steps.never.subject | default('x')", "x"),
        ("steps.never.subject is defined", False),
        ("'a' if inputs.yes else inputs.absent", "a"),
        ("'it\\'s'", "it's"),
    ],
)
def test_values_of_the_language(source: str, answer: object) -> None:
    assert compile_expression(source).evaluate(SCOPE) == answer


@pytest.mark.parametrize(
    "source",
    ["1 == 'a'", "1 == true", "true in [1]", "inputs.yes + 1", "'a' < 1", "inputs.at < 5", "[1] < [2]", "-'a'"],
)
def test_different_kinds_are_never_compared_or_added(source: str) -> None:
    with pytest.raises(ExpressionFailed):
        compile_expression(source).evaluate(SCOPE)


def test_an_absent_value_is_named() -> None:
    with pytest.raises(ValueAbsent, match=r"'inputs\.absent'"):
        compile_expression("inputs.absent + 1").evaluate(SCOPE)


def test_a_result_cannot_grow_without_end() -> None:
    scope = {"vars": {"text": "x" * 40_000}}
    with pytest.raises(ExpressionFailed, match="longer"):
        compile_expression("vars.text + vars.text").evaluate(scope)


def test_errors_never_tell_values() -> None:
    scope = {"inputs": {"secret": "hunter2"}}
    with pytest.raises(ExpressionFailed) as failed:
        compile_expression("inputs.secret + 1").evaluate(scope)
    assert "hunter2" not in str(failed.value)


def test_reads_name_every_path() -> None:
    expression = compile_expression("inputs.a if steps.check.x['y'] is defined else vars.b | default(execution.id)")
    assert expression.reads == {("inputs", "a"), ("steps", "check", "x", "y"), ("vars", "b"), ("execution", "id")}

"""An expression reaches values and nothing else: no attribute of a Python object, whatever is tried."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language import ExpressionFailed, ExpressionInvalid, compile_expression
from tests.engine.proof.formulas import Absent, answer

PAYLOADS = """
inputs.__class__
inputs['__class__']
inputs["__cla" + "ss__"]
inputs['_' + '_class__']
inputs[inputs.attack]
inputs.text[inputs.attack]
inputs.text.__class__.__mro__[1].__subclasses__()
''.__class__
''['__class__']
'' ['__cla' + 'ss__']
(inputs.text | upper).__class__
(inputs.text | upper)['__class__']
[].__class__.__base__
[]['__class__']
(1).__class__
1.__class__
true.__class__
inputs.text | attr('__class__')
inputs | attr(inputs.attack)
inputs.list | map(attribute='__class__')
inputs.list | map('attr', '__class__') | first
inputs.list | first | attr('format')
inputs.text.format(inputs)
inputs.text % inputs
'{0.__class__}'.format(inputs)
'{0.__class__}' | format(inputs)
inputs.text.upper()
inputs.text.upper
inputs.keys
inputs.items()
inputs.record.values
inputs.list.append(1)
inputs.list.append
self
self.__init__
self._TemplateReference__context
config
request.application.__globals__
cycler.__init__.__globals__.os.popen('id').read()
joiner.__init__.__globals__
namespace.__init__
lipsum.__globals__['os']
url_for.__globals__
get_flashed_messages
range(9999999)
dict(a=1)
inputs.text | pprint
inputs.text | safe
inputs.text | tojson
inputs.text | list
inputs.list | groupby('__class__')
inputs.list | sum(attribute='__class__')
inputs.list | join(',', attribute='__class__')
inputs.list | sort(attribute='__class__')
inputs.list | selectattr('__class__')
inputs.record | dictsort
inputs.record | xmlattr
inputs.list | random
inputs.text | string
inputs.text is sameas inputs.text
inputs.text is callable
inputs.text is attr('x')
inputs.text is filter('upper')
execution.__class__
execution['__init__']
steps.__class__
steps.check.__class__
steps['check']['__class__']
steps[inputs.attack]
vars[inputs.attack]
inputs.moment.year
inputs.moment.__class__
inputs.moment['year']
inputs.length.days
inputs.length['days']
{}.__class__
{'a': 1}
(1, 2)
lambda: 1
inputs.text if false
inputs.text[0:1]
inputs.text ~ inputs
inputs.text * 99999
9 ** 99999999
'a' 'b'
loop.index
caller()
varargs
__import__('os')
import os
{% set x = 1 %}
{{ 7 * 7 }}
${7 * 7}
#{7 * 7}
inputs.text | default(inputs.__class__)
inputs.nothing | default('')['__class__']
(inputs.nothing | default(inputs)).__class__
""".strip().split("\n")


class Guarded:
    """A value whose every attribute tells that somebody reached for it."""

    reached: ClassVar[list[str]] = []

    def __getattribute__(self, name: str) -> Any:
        # isinstance() asks for the class of a value; nothing else may.
        if name != "__class__":
            Guarded.reached.append(name)
        return object.__getattribute__(self, name)


class GuardedText(Guarded, str):  # noqa: SLOT000 - Guarded is to have no slots of its own
    """The same, being a text."""


class GuardedRecord(Guarded, dict[str, Any]):
    """The same, being a record."""


class GuardedList(Guarded, list[Any]):
    """The same, being a list."""


MAY = {"upper", "lower", "strip", "join", "get", "items", "__getitem__", "__contains__", "__len__"}


def guarded_scope() -> dict[str, Any]:
    text, record = GuardedText("tea"), GuardedRecord(a=1, items=2, name="ann")
    inputs = GuardedRecord(
        text=text,
        record=record,
        list=GuardedList([record, record]),
        attack="__class__",
        moment=datetime(2030, 1, 1, tzinfo=UTC),
        length=timedelta(1),
    )
    return {"inputs": inputs, "vars": GuardedRecord(count=1), "steps": {"check": GuardedRecord(x=1)}, "execution": {}}


PLAIN = (bool, int, float, str, list, dict)


def leaves(value: Any) -> Iterator[Any]:
    """Yield everything in a value."""
    yield value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from leaves(part)


def reach(source: str) -> object:
    """Return what *source* answers, after checking that it touched nothing but items; None where it is refused."""
    Guarded.reached = []
    try:
        expression = compile_expression(source)
    except ExpressionInvalid:
        return None
    try:
        found = expression.evaluate(guarded_scope())
    except ExpressionFailed:
        return None
    finally:
        assert {*Guarded.reached} <= MAY, f"{source} reached for {Guarded.reached}"
    assert all(isinstance(each, (*PLAIN, datetime, timedelta)) for each in leaves(found)), source
    return found


def test_a_part_that_is_called_like_a_method_is_the_part() -> None:
    assert reach("inputs.record.items") == 2


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_known_attack_is_refused_or_finds_nothing(payload: str) -> None:
    assert reach(payload) is None


WORDS = """
inputs vars steps execution text list record check . [ ] ( ) | ' " 'a' '__class__' "__mro__" __class__ _x ['__class__']
[inputs.attack] .__init__ attr attr('x') map format upper lower first last names join default default(inputs) length
trim and or not in is defined + - == < if else true 0 1 -1 , ~ * {{ }} {% %} \\ \\x5f\\x5f \\u005f\\u005f self cycler
"""
PIECES = st.sampled_from(WORDS.split())


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(PIECES, min_size=1, max_size=9), st.sampled_from(["", " "]))
def test_no_pieces_of_attacks_reach_anything(pieces: list[str], between: str) -> None:
    reach(between.join(pieces))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(max_size=20), st.sampled_from(PAYLOADS))
def test_no_disguise_of_an_attack_reaches_anything(noise: str, payload: str) -> None:
    middle = len(payload) // 2
    for attempt in (noise + payload, payload + noise, payload[:middle] + noise + payload[middle:]):
        reach(attempt)


@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(max_examples=40_000, deadline=None)
@given(st.lists(PIECES | st.text(max_size=3), min_size=1, max_size=14), st.sampled_from(["", " "]))
def test_nothing_at_all_reaches_anything(pieces: list[str], between: str) -> None:
    reach(between.join(pieces))


PATHS = (
    "inputs.text inputs.record.name inputs.record.a inputs.list vars.count inputs.list[0].name inputs.none steps.no.x"
)
WHOLE = st.recursive(
    st.sampled_from([*PATHS.split(), "1", "'a'", "true", "[1, 2]", "2.5"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or", "+", "-", "==", "!=", "<", ">=", "in", "not in"]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        )
        | st.tuples(
            inner, st.sampled_from(["length", "first", "last", "upper", "trim", "names", "join('-')", "default(0)"])
        ).map(lambda parts: f"({parts[0]} | {parts[1]})")
        | st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} if {parts[1]} else {parts[2]})")
        | inner.map(lambda part: f"(not {part})")
        | inner.map(lambda part: f"({part} is defined)")
    ),
    max_leaves=6,
)


def agrees(source: str) -> None:
    """Where an expression is accepted and has a value, it is the value that Jinja2 gives."""
    scope = guarded_scope()
    try:
        found = compile_expression(source).evaluate(scope)
    except (ExpressionInvalid, ExpressionFailed):
        return
    try:
        expected = answer(source, {**scope, "steps": {"check": {}, "no": {}}})
    except Absent:
        pytest.fail(f"{source}: {found!r}, and Jinja2 has no value")
    assert (type(found), found) == (type(expected), expected)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(WHOLE)
def test_an_accepted_expression_has_the_value_that_jinja2_gives(source: str) -> None:
    agrees(source)


@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(max_examples=20_000, deadline=None)
@given(WHOLE)
def test_every_accepted_expression_has_the_value_that_jinja2_gives(source: str) -> None:
    agrees(source)

"""Values fit their declarations or not, and live in two forms."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contracts import (
    check_fields,
    check_value,
    decode_fields,
    decode_value,
    encode_fields,
    encode_value,
    format_duration,
    format_time,
    parse_declaration,
    parse_duration,
    parse_fields,
    parse_time,
    parse_types,
    plain,
)

TYPES = parse_types({"person": {"name": "id", "since": {"type": "time", "optional": True}}})
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("string", ""),
        ("integer", -3),
        ("number", 2),
        ("number", 0.5),
        ("boolean", False),
        ("id", "ann:1"),
        ("url", "https://example.org/x?y=1"),
        ("email", "ann@example.org"),
        ("phone", "+4930123456"),
        ("time", "2030-01-01T12:00:00Z"),
        ("time", NOON),
        ("duration", "PT5M"),
        ("duration", "1h30m"),
        ("duration", timedelta(seconds=1)),
        ("json", {"a": [1, None, "x", NOON]}),
        ("message", {"id": "a.b", "params": {"n": 1}}),
        ("endpoint", "ciba"),
        ("password", "x"),
        (["a", "b"], "b"),
        ("list of person", [{"name": "ann"}]),
        ({"type": "string", "min": 2, "max": 2, "pattern": "[ab]+"}, "ab"),
    ],
)
def test_a_value_that_fits(raw: Any, value: Any) -> None:
    assert check_value(parse_declaration(raw, TYPES), value) == ()


@pytest.mark.parametrize(
    ("raw", "value", "field", "code"),
    [
        ("string", 5, "", "type"),
        ("string", "a\x00b", "", "type"),
        ("string", None, "", "type"),
        ("integer", True, "", "type"),
        ("integer", 1.0, "", "type"),
        ("integer", 2**60, "", "type"),
        ("number", float("nan"), "", "type"),
        ("number", float("inf"), "", "type"),
        ("id", "two words", "", "type"),
        ("id", "", "", "type"),
        ("url", "javascript:alert(1)", "", "type"),
        ("email", "ann", "", "type"),
        ("phone", "030 123", "", "type"),
        ("time", "2030-01-01", "", "type"),
        ("time", "2030-01-01T12:00:00", "", "type"),
        ("time", "2030-13-01T12:00:00Z", "", "type"),
        ("time", NOON.replace(tzinfo=None), "", "type"),
        ("duration", "5 minutes", "", "type"),
        ("duration", "", "", "type"),
        ("json", None, "", "type"),
        ("json", {1: 2}, "", "type"),
        ("json", object(), "", "type"),
        ("message", {"params": {}}, "", "type"),
        ("message", {"id": "a", "more": 1}, "", "type"),
        (["a", "b"], "c", "", "choice"),
        (["a", "b"], ["a"], "", "choice"),
        ("list of id", "ann", "", "type"),
        ("list of id", ["ann", 5], "[1]", "type"),
        ("list of person", [{"name": "ann", "age": 3}], "[0].age", "unknown"),
        ("list of person", [{}], "[0].name", "required"),
        ("person", "ann", "", "type"),
        ({"type": "string", "max": 2}, "abc", "", "max"),
        ({"type": "list of id", "min": 1}, [], "", "min"),
        ({"type": "integer", "max": 2}, 3, "", "max"),
        ({"type": "string", "pattern": "[ab]+"}, "abc", "", "pattern"),
    ],
)
def test_a_value_that_does_not_fit(raw: Any, value: Any, field: str, code: str) -> None:
    problems = check_value(parse_declaration(raw, TYPES), value)
    assert [(problem.field, problem.code) for problem in problems] == [(field, code)]


def test_problems_never_tell_the_value() -> None:
    fields = parse_fields({"pin": {"type": "code", "max": 3}, "kind": ["a", "b"]})
    problems = check_fields(fields, {"pin": "hunter2", "kind": "hunter2", "hunter": 1})
    assert "hunter2" not in repr(problems)


def test_every_problem_is_told_at_once() -> None:
    fields = parse_fields({"a": "id", "b": "integer", "c": {"type": "id", "optional": True}})
    problems = check_fields(fields, {"b": "x", "d": 1})
    assert [(problem.field, problem.code) for problem in problems] == [
        ("d", "unknown"),
        ("a", "required"),
        ("b", "type"),
    ]


def test_times_have_one_spelling_in_state_and_are_aware_outside() -> None:
    fields = parse_fields({"at": "time", "wait": "duration", "people": "list of person"}, TYPES)
    berlin = NOON.astimezone(timezone(timedelta(hours=1)))
    given_values = {"at": berlin, "wait": "1h30m", "people": [{"name": "a", "since": "2030-01-01T13:00:00+01:00"}]}
    state = encode_fields(fields, given_values)
    assert state == {
        "at": "2030-01-01T12:00:00Z",
        "wait": "PT1H30M",
        "people": [{"name": "a", "since": "2030-01-01T12:00:00Z"}],
    }
    assert encode_fields(fields, state) == state
    native = decode_fields(fields, state)
    assert native == {"at": NOON, "wait": timedelta(minutes=90), "people": [{"name": "a", "since": NOON}]}
    assert decode_fields(fields, native) == native


def test_defaults_fill_what_is_absent() -> None:
    fields = parse_fields({"n": {"type": "integer", "default": 0}, "o": {"type": "id", "optional": True}})
    assert encode_fields(fields, {}) == {"n": 0}


def test_anything_that_an_expression_gives_becomes_json() -> None:
    assert plain({"a": (NOON, timedelta(seconds=1))}) == {"a": ["2030-01-01T12:00:00Z", "PT1S"]}
    assert encode_value(parse_declaration("json"), {"a": NOON}) == {"a": "2030-01-01T12:00:00Z"}
    assert decode_value(parse_declaration("json"), {"a": "x"}) == {"a": "x"}


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_comes_back_from_text(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == moment


@given(st.timedeltas(min_value=timedelta(days=-3000), max_value=timedelta(days=3000)))
def test_a_duration_comes_back_from_text(length: timedelta) -> None:
    assert parse_duration(format_duration(length)) == length


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_a_value_error(text: str) -> None:
    for parse in (parse_time, parse_duration):
        try:
            parse(text)
        except ValueError:
            continue


@pytest.mark.parametrize("text", ["P", "PT", "P1", "1", "m", "1m1h", "-5m", "P1DT", "99999999999999999d", "PT5S\n"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)

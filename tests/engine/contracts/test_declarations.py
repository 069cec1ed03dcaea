"""Declarations as people write them."""

from typing import Any

import pytest

from engine.contracts import (
    UNSET,
    Declaration,
    DeclarationInvalid,
    EnumOf,
    ListOf,
    RecordOf,
    Scalar,
    parse_declaration,
    parse_fields,
    parse_types,
)

TYPES = parse_types({"person": {"name": "id", "nick": {"type": "string", "optional": True}}})


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("id", "id"),
        ("list of string", "list of string"),
        ("list of person", "list of person"),
        (["a", "b"], "one of a, b"),
        ({"name": "id", "age": "integer"}, "{name, age}"),
        ({"type": "string", "max": 80}, "string"),
    ],
)
def test_a_type_is_read_and_said_again(raw: Any, written: str) -> None:
    assert str(parse_declaration(raw, TYPES).type) == written


@pytest.mark.parametrize(
    "raw",
    [
        "string",
        "list of list of time",
        ["a"],
        {"name": "id", "parts": {"type": "list of person", "default": []}},
        {"type": "string", "optional": True, "min": 0, "max": 3, "pattern": "[a-z]+", "audience": "person"},
        {"type": "number", "min": 0.5, "default": 1},
        {"type": "boolean", "default": False},
        {"type": "string", "secret": True, "default": ""},
    ],
)
def test_a_declaration_comes_back_from_json_as_it_was(raw: Any) -> None:
    declaration = parse_declaration(raw, TYPES)
    assert Declaration.from_json(declaration.to_json()) == declaration


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("sting", ()),
        (5, ()),
        ([], ()),
        (["a", "a"], (1,)),
        (["a", 1], (1,)),
        ({}, ()),
        ({"type": "string", "maxx": 1}, ("maxx",)),
        ({"type": "string", "max": "1"}, ("max",)),
        ({"type": "string", "max": True}, ("max",)),
        ({"type": "string", "min": 2, "max": 1}, ("min",)),
        ({"type": "string", "optional": "true"}, ("optional",)),
        ({"type": "string", "audience": "everybody"}, ("audience",)),
        ({"type": "string", "pattern": "("}, ("pattern",)),
        ({"type": "boolean", "pattern": "x"}, ("pattern",)),
        ({"type": "time", "min": 1}, ("min",)),
        ({"type": "integer", "default": "one"}, ("default",)),
        ({"type": "password", "default": "x"}, ("default",)),
        ({"name": {"type": "strin"}}, ("name", "type")),
        ({"Name": "string"}, ("Name",)),
        ("list of " * 5000 + "id", ()),
    ],
)
def test_a_wrong_declaration_is_refused_at_its_place(raw: Any, path: tuple[str | int, ...]) -> None:
    with pytest.raises(DeclarationInvalid) as refused:
        parse_declaration(raw, TYPES)
    assert refused.value.path == path


def test_a_misspelt_type_gets_the_nearest_one() -> None:
    with pytest.raises(DeclarationInvalid) as refused:
        parse_fields({"who": "persn"}, TYPES)
    assert refused.value.hint == "did you mean 'person'?"
    assert refused.value.path == ("who",)


def test_a_type_of_the_language_cannot_be_declared_again() -> None:
    with pytest.raises(DeclarationInvalid, match="'string'"):
        parse_types({"string": ["a"]})


def test_nesting_is_bounded() -> None:
    raw: Any = "id"
    for _ in range(50):
        raw = {"a": raw}
    with pytest.raises(DeclarationInvalid, match="deep"):
        parse_declaration(raw)


def test_what_must_be_given_and_what_holds_a_secret() -> None:
    assert parse_declaration("id").required
    assert not parse_declaration({"type": "id", "optional": True}).required
    assert not parse_declaration({"type": "integer", "default": 0}).required
    assert parse_declaration("list of code").held
    assert parse_declaration({"pin": "password"}).held
    assert not parse_declaration({"type": "string", "secret": True}).held
    assert parse_declaration({"type": "string", "secret": True}).takes_secrets
    assert parse_declaration("id").default is UNSET


def test_types_are_equal_by_what_they_hold() -> None:
    assert parse_declaration("person", TYPES).type == RecordOf(TYPES["person"].fields)  # type: ignore[union-attr]  # it is a record
    assert parse_declaration(["a"]).type == EnumOf(("a",))
    assert ListOf(Scalar("id")) != ListOf(Scalar("string"))

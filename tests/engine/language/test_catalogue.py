"""Texts by language and id."""

from datetime import UTC, datetime

import pytest

from engine.contracts import frozen
from engine.language import Catalogue, parse_catalogue
from engine.language.catalogue import parameters
from engine.language.diagnostics import Findings

CATALOGUE = Catalogue(
    languages=frozen(
        {
            "en": frozen(
                {"hello": "Hello {{ name }}", "plain": "Plain", "sum": "{{ 1 + 'a' }}", "deep": "{{ a.b.c }}!"}
            ),
            "de": frozen({"hello": "Hallo {{ name }}"}),
        }
    )
)


@pytest.mark.parametrize(
    ("text_id", "locale", "expected"),
    [
        ("hello", "en", "Hello Ann"),
        ("hello", "de", "Hallo Ann"),
        ("hello", "de-AT", "Hallo Ann"),
        ("hello", "fr", "Hello Ann"),
        ("plain", "de", "Plain"),
        ("gone", "en", None),
    ],
)
def test_a_text_comes_in_the_nearest_language(text_id: str, locale: str, expected: str | None) -> None:
    assert CATALOGUE.text(text_id, locale=locale, params={"name": "Ann"}) == expected


def test_a_person_never_meets_an_error_of_a_text() -> None:
    assert CATALOGUE.text("hello", locale="en") == "Hello "
    assert CATALOGUE.text("deep", locale="en") == "!"
    assert CATALOGUE.text("sum", locale="en") == "{{ 1 + 'a' }}"


def test_a_text_reaches_nothing_but_its_parameters() -> None:
    texts = frozen({"x": "{{ ''.__class__.__mro__ }}", "y": "{{ at.__class__ }}"})
    catalogue = Catalogue(languages=frozen({"en": texts}))
    assert "class" not in str(catalogue.text("x", locale="en")).replace(texts["x"], "")
    assert catalogue.text("y", locale="en", params={"at": datetime(2030, 1, 1, tzinfo=UTC)}) in {"", texts["y"]}


def test_nested_and_dotted_ids_are_one() -> None:
    findings = Findings("en.yaml")
    texts = parse_catalogue("login:\n  wrong: Nope\n  password: {title: Hi}\nlogin.slow: Wait\n", findings)
    assert texts == {"login.wrong": "Nope", "login.password.title": "Hi", "login.slow": "Wait"}
    assert findings.found == []


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("a: {b: x}\na.b: z", "LH105", 2),
        ("a: 5", "LH203", 1),
        ("a: [x]", "LH203", 1),
        ("- a", "LH203", 1),
        ("a: x\nb: '{{ open'", "LH904", 2),
        ("a: '{% if x %}'", "LH904", 1),
        ("", "LH115", 1),
        ("a: no", "LH110", 1),
    ],
)
def test_a_broken_catalogue_is_told_with_its_place(source: str, code: str, line: int) -> None:
    findings = Findings("en.yaml")
    parse_catalogue(source, findings)
    assert [(found.code, found.line) for found in findings.found] == [(code, line)]


def test_the_parameters_of_a_text() -> None:
    assert parameters("{{ a }} {% if b %}{{ c | upper }}{% endif %}") == {"a", "b", "c"}
    assert parameters("plain") == frozenset()

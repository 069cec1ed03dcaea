"""Cutting an expression into Jinja2's tokens, each with its offset, and refusing what no token may be.

Jinja2's nodes carry only lines. We hand its parser tokens whose "line" is their offset plus one, so that its nodes,
and its errors, carry columns.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from jinja2 import Environment, TemplateSyntaxError
from jinja2.lexer import Token

from engine.language.terms import ExpressionInvalid

ENVIRONMENT: Final = Environment(autoescape=False)  # noqa: S701 - parses expressions; renders no markup
LONGEST: Final = 1000
MOST_TOKENS: Final = 200
DEEPEST: Final = 10
BIGGEST: Final = 2**53

_INTEGER: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_DECIMAL: Final = re.compile(r"(0|[1-9][0-9]{0,15})\.[0-9]{1,20}", re.ASCII)
_ESCAPE: Final = re.compile(r"\\(.?)")
_FOREIGN: Final = {
    "~": "join texts with +",
    "*": "only + and - are available",
    "/": "only + and - are available",
    "//": "only + and - are available",
    "%": "only + and - are available",
    "**": "only + and - are available",
    "{": "a record is written in YAML, outside the expression",
    "}": "a record is written in YAML, outside the expression",
    "=": "compare with ==",
    "&&": "write 'and'",
    "!": "write 'not'",
    "&": "write 'and'",
    ";": "an expression is one value",
    ":": "parts of lists cannot be cut out; take one entry with [0], or use a task",
}

Raw = tuple[int, str, str]


def tokens(source: str) -> list[Token]:
    """Return Jinja2's tokens of *source*, offset + 1 as their line; ExpressionInvalid where one is wrong."""
    _check_whole(source)
    raw = list(_raw_tokens(source))
    _check_nesting(raw)
    _check_neighbours(raw)
    return list(ENVIRONMENT.lexer.wrap(iter(raw)))


def _check_whole(source: str) -> None:
    if not source.strip():
        raise ExpressionInvalid("LH231", "there is no expression after the =")
    if len(source) > LONGEST:
        raise ExpressionInvalid(
            "LH239",
            f"this expression is {len(source)} characters long; {LONGEST} are allowed",
            hint="use a decide node",
        )
    if broken := re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]", source):
        raise ExpressionInvalid(
            "LH231",
            "an expression is written in one line",
            at=broken.start(),
            hint="in YAML, '>-' joins lines; line breaks inside quotes are not allowed",
        )


def _raw_tokens(source: str) -> Iterator[Raw]:
    offset = 0
    try:
        for _, kind, text in ENVIRONMENT.lexer.tokeniter(source, None, state="variable"):
            if kind != "whitespace":
                _check_token(kind, text, offset)
                yield offset + 1, kind, text
            offset += len(text)
    except TemplateSyntaxError as error:
        raise _unreadable(source, offset) from error


def _unreadable(source: str, offset: int) -> ExpressionInvalid:
    character = source[offset : offset + 1]
    if character in {"'", '"'}:
        return ExpressionInvalid(
            "LH231", "this text has no closing quote", at=offset, hint=f"add {character} at its end"
        )
    hint = _FOREIGN.get(character, "")
    return ExpressionInvalid("LH231", f"'{character}' has no meaning in an expression", at=offset, hint=hint)


def _check_token(kind: str, text: str, at: int) -> None:
    if kind == "operator" and text in _FOREIGN:
        hint = _FOREIGN[text]
        raise ExpressionInvalid(
            "LH232", f"'{text}' is not available in expressions", at=at, length=len(text), hint=hint
        )
    if kind == "variable_end":
        raise ExpressionInvalid("LH232", f"'{text}' is not available in expressions", at=at, length=len(text))
    if kind == "name":
        _check_name(text, at)
    if (kind == "integer" and not (_INTEGER.fullmatch(text) and int(text) <= BIGGEST)) or (
        kind == "float" and not _DECIMAL.fullmatch(text)
    ):
        raise ExpressionInvalid(
            "LH233",
            f"'{text[:20]}' is not a number here",
            at=at,
            length=len(text),
            hint="numbers are written in plain decimals: 12, 0.5; not 0x1f, 1_000, 1e3 or 007",
        )
    if kind == "string" and (odd := next((e for e in _ESCAPE.finditer(text[1:-1]) if e[1] not in set("\\'\"")), None)):
        raise ExpressionInvalid(
            "LH231",
            f"'{odd[0]}' is not available in a text",
            at=at + 1 + odd.start(),
            length=len(odd[0]),
            hint="write the character itself",
        )


def _check_name(text: str, at: int) -> None:
    if text.startswith("_"):
        raise ExpressionInvalid(
            "LH234",
            f"'{text}' begins with an underscore",
            at=at,
            length=len(text),
            hint="names begin with a small letter",
        )
    if text in {"True", "False"}:
        raise ExpressionInvalid(
            "LH232", f"'{text}' is written in small letters", at=at, length=len(text), hint=f"write {text.lower()}"
        )
    if text in {"none", "None", "null"}:
        raise ExpressionInvalid(
            "LH232",
            f"there is no '{text}' in this language",
            at=at,
            length=len(text),
            hint="ask whether something was given with 'is defined', or replace what is absent by default(…)",
        )
    if not text.isascii():
        raise ExpressionInvalid("LH234", f"'{text}' cannot be a name", at=at, length=len(text))


def _check_nesting(raw: list[Raw]) -> None:
    depth = 0
    for line, kind, text in raw:
        depth += (kind == "operator" and text in "([") - (kind == "operator" and text in ")]")
        if depth > DEEPEST:
            raise ExpressionInvalid("LH239", f"brackets may be nested {DEEPEST} deep at most", at=line - 1)
    for word in ("if", "not", "-"):
        if sum(text == word and kind != "string" for _, kind, text in raw) > DEEPEST:
            raise ExpressionInvalid(
                "LH239", f"'{word}' may be written {DEEPEST} times at most", hint="use a decide node"
            )
    if len(raw) > MOST_TOKENS:
        raise ExpressionInvalid("LH239", f"this expression has more than {MOST_TOKENS} parts", hint="use a decide node")


def _check_neighbours(raw: list[Raw]) -> None:
    for (_, kind, before), (line, following, text) in pairwise(raw):
        if kind == following == "string":
            raise ExpressionInvalid(
                "LH232", "two texts stand next to each other", at=line - 1, length=len(text), hint="join them with +"
            )
        if before == "." and following in {"integer", "float"}:
            raise ExpressionInvalid("LH232", "an entry is chosen by [0]", at=line - 1, length=len(text))

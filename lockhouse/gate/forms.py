"""Read a posted form, and turn its texts into the values that an engine step takes.

A field's name in the page carries its kind (`granted:list`), so that a form can be read without knowing the step
that it belongs to: the same form sent twice gives the same values, also when the step has moved on. The kind only
says how to read the text; whether the value is right is the engine's decision.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

from starlette.requests import Request

__all__ = ["FormRefused", "Kind", "PostedForm", "parse_form", "read_form", "submitted_values"]

Kind = Literal["text", "integer", "number", "boolean", "list", "lines", "time", "json"]

_LIMIT = 64 * 1024
_FIELDS = 1024


class FormRefused(Exception):
    """The body is not a form that our pages send; `status` is the HTTP status of the answer."""

    code = "form_refused"

    def __init__(self, message: str, *, status: int) -> None:
        self.status = status
        super().__init__(message)


@dataclass(frozen=True, slots=True, repr=False)
class PostedForm:
    """The pairs of one form in order. Its repr shows no value: one of them may be a password."""

    pairs: tuple[tuple[str, str], ...]

    def one(self, name: str) -> str:
        """Return the first value of *name*, or an empty text."""
        return next((value for key, value in self.pairs if key == name), "")

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.pairs)


async def read_form(request: Request) -> PostedForm:
    """Return the form in *request*, or raise `FormRefused` (400, 413, 415)."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise FormRefused("expected a form (application/x-www-form-urlencoded)", status=415)
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > _LIMIT:
        raise FormRefused(f"expected at most {_LIMIT} bytes", status=413)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LIMIT:
            raise FormRefused(f"expected at most {_LIMIT} bytes", status=413)
    return parse_form(bytes(body))


def parse_form(body: bytes) -> PostedForm:
    """Return the pairs of *body*; strict UTF-8, no NUL (PostgreSQL takes none), line ends as one newline.

    >>> parse_form(b"a=1&a=2&b=").pairs
    (('a', '1'), ('a', '2'), ('b', ''))
    """
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS, separator="&"
        )
    except ValueError as error:
        raise FormRefused("expected a form in UTF-8", status=400) from error
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise FormRefused("expected a form without NUL characters", status=400)
    return PostedForm(tuple((name, value.replace("\r\n", "\n")) for name, value in pairs))


def submitted_values(form: PostedForm) -> Mapping[str, Any]:
    """Return the step's values in *form* by field name, as JSON.

    An empty text is an absent value, save for booleans (false) and lists (empty): HTML cannot say "absent".

    >>> submitted_values(parse_form(b"n:integer=7&ok:boolean=&ok:boolean=true&tags:list=&why:text=&csrf=x"))
    {'n': 7, 'ok': True, 'tags': []}
    """
    gathered: dict[tuple[str, str], list[str]] = {}
    for key, value in form.pairs:
        name, colon, kind = key.rpartition(":")
        if colon and kind in _READERS:
            gathered.setdefault((name, kind), []).append(value)
    values = {name: _READERS[kind](texts) for (name, kind), texts in gathered.items()}
    return {name: value for name, value in values.items() if value is not None}


def _last(texts: list[str]) -> str | None:
    return texts[-1] or None


def _integer(texts: list[str]) -> int | str | None:
    text = texts[-1].strip()
    # `int` reads "1_000" and "٣" too; what is no plain number goes on as text, and the engine names the problem.
    plain = text.removeprefix("-")
    return int(text) if plain.isascii() and plain.isdigit() and len(plain) <= 30 else text or None


def _number(texts: list[str]) -> int | float | str | None:
    whole = _integer(texts)
    if not isinstance(whole, str):
        return whole
    digits, point, decimals = whole.removeprefix("-").partition(".")
    plain = point and digits.isascii() and digits.isdigit() and decimals.isascii() and decimals.isdigit()
    return float(whole) if plain and len(whole) <= 30 else whole


def _boolean(texts: list[str]) -> bool:
    return "true" in texts


def _list(texts: list[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _lines(texts: list[str]) -> list[str]:
    return [line.strip() for line in texts[-1].split("\n") if line.strip()]


def _time(texts: list[str]) -> str | None:
    # datetime-local sends "2030-01-01T12:00"; the page says that the time is UTC.
    text = texts[-1].strip()
    local = len(text) in {16, 19} and text[10:11] == "T" and text[:4].isdigit()
    return f"{text}{':00' if len(text) == 16 else ''}+00:00" if local else text or None


def _json(texts: list[str]) -> Any:
    try:
        return json.loads(texts[-1]) if texts[-1].strip() else None
    except (ValueError, RecursionError):
        return texts[-1]


_READERS: Mapping[str, Callable[[list[str]], Any]] = {
    "text": _last,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "list": _list,
    "lines": _lines,
    "time": _time,
    "json": _json,
}

"""Reading a body: media type, then size, then strict JSON, then the model. What follows sees checked values only."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from engine.http.problems import Problem

M = TypeVar("M", bound=BaseModel)
MEDIA_TYPE: Final = "application/json"
_WHOLE: Final = 2**53  # beyond it a float no longer tells whole numbers apart
_EXPECTED: Final[Mapping[str, str]] = {
    "missing": "this must be given",
    "extra_forbidden": "no member has this name",
    "string_type": "expected a text",
    "dict_type": "expected an object",
    "string_pattern_mismatch": "this is not written in the form that is expected",
}
_CODES: Final[Mapping[str, str]] = {
    "missing": "required",
    "extra_forbidden": "unknown",
    "string_pattern_mismatch": "pattern",
    "string_too_long": "max",
    "string_too_short": "min",
    "less_than_equal": "max",
    "greater_than_equal": "min",
    "literal_error": "choice",
    "enum": "choice",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one caller may send, and how many may be held back at a time.

    ``body`` is in bytes, ``members`` counts those of one JSON object, ``depth`` how deep objects and lists may nest.
    ``held`` requests and streams may wait in this process, ``held_each`` of them for one execution.
    """

    body: int = 65_536
    members: int = 256
    depth: int = 32
    held: int = 1000
    held_each: int = 4


async def read_model(request: Request, model: type[M], limits: Limits) -> M:
    """Return the body as *model*. An empty body is an empty object, so that what needs no values needs no body."""
    return checked(await read_object(request, limits), model)


async def read_object(request: Request, limits: Limits) -> dict[str, Any]:
    """Return the body's JSON object, or raise the Problem that says what it is instead."""
    _check_type(request)
    body = await _read(request, limits.body)
    found = parse(body, limits) if body else {}
    if not isinstance(found, dict):
        raise Problem(400, "not_an_object", "send a JSON object: {…}")
    return found


def _check_type(request: Request) -> None:
    named = request.headers.getlist("content-type")
    if not named and request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        return
    media, *parameters = ",".join(named).lower().replace(" ", "").replace('"', "").split(";")
    if media != MEDIA_TYPE or any(each not in {"charset=utf-8", ""} for each in parameters):
        raise Problem(415, "unsupported_media_type", f"send Content-Type: {MEDIA_TYPE}, in UTF-8")


async def _read(request: Request, most: int) -> bytes:
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:12]) > most:
        raise _too_long(most)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_long(most)
    return bytes(body)


def _too_long(most: int) -> Problem:
    # What is still to come is not read: the connection ends with the answer.
    text = f"the body may be at most {most} bytes long"
    return Problem(413, "body_too_long", text, headers={"Connection": "close"})


def parse(body: bytes, limits: Limits) -> Any:
    """Return what *body* says in JSON as RFC 8259 has it: UTF-8, no member twice, no NaN, no half character."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise _unreadable("it is not valid UTF-8") from None
    _check_depth(text, limits.depth)
    try:
        found = json.loads(
            text,
            object_pairs_hook=lambda pairs: _object(pairs, limits.members),
            parse_constant=_refuse_constant,
            parse_float=_number,
        )
    except ValueError:  # JSONDecodeError, or an integer of thousands of digits
        raise _unreadable("it is not JSON") from None
    if "\\u" in text:
        _refuse_half_characters(found)
    return found


def _check_depth(text: str, most: int) -> None:
    """Refuse what nests too deep before it is parsed. Brackets in texts count too: no honest body has so many."""
    depth = deepest = 0
    if text.count("[") + text.count("{") <= most:
        return
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    if deepest > most:
        raise _unreadable(f"it nests deeper than {most} levels")


def _object(pairs: list[tuple[str, Any]], most: int) -> dict[str, Any]:
    if len(pairs) > most:
        raise Problem(422, "too_many_members", f"an object may have at most {most} members")
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Problem(400, "duplicate_member", "an object has a member twice; send each once")
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise _unreadable("NaN and Infinity are not JSON")


def _number(text: str) -> float | int:
    """Return a number; one without a fraction is a whole one, however it is written: JSON knows one kind only."""
    value = float(text)
    if not math.isfinite(value):
        raise _unreadable("a number is too big")
    return int(value) if value.is_integer() and abs(value) <= _WHOLE else value


def _refuse_half_characters(found: Any) -> None:
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _unreadable("a text holds half a character") from None


def _unreadable(why: str) -> Problem:
    return Problem(400, "invalid_json", f"the body cannot be read: {why}")


def checked(found: Mapping[str, Any], model: type[M], *, code: str = "invalid_request") -> M:
    """Return *found* as *model*; 422 with each member that does not fit, and never its value."""
    try:
        return model.model_validate(found)
    except ValidationError as error:
        errors = [
            {
                "field": _path(each["loc"]),
                "code": _CODES.get(each["type"], "type"),
                "message": _EXPECTED.get(each["type"], each["msg"]),
                "params": {},
            }
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise Problem(422, code, "correct the members that are named", errors=errors) from None


def _path(place: tuple[int | str, ...]) -> str:
    """Return where a value stands.

    >>> _path(("inputs", "granted", 1))
    'inputs.granted[1]'
    """
    path = ""
    for part in place:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path

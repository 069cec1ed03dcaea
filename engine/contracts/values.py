"""Checking values against declarations, and moving them between the state form and the native form."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from engine.contracts.errors import FieldProblem
from engine.contracts.moments import format_duration, format_time, parse_duration, parse_time
from engine.contracts.patterns import LONGEST_MATCHED
from engine.contracts.types import (
    TEXTUAL,
    UNSET,
    Declaration,
    EnumOf,
    ListOf,
    RecordOf,
    Scalar,
    ScalarName,
    ValueType,
    frozen,
)

_EMAIL: Final = re.compile(r"[^\s@\x00-\x1f]{1,64}@[^\s@\x00-\x1f]{1,255}")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII)
_URL: Final = re.compile(r"https?://[^\s\x00-\x1f]+")
_ID: Final = re.compile(r"[^\s\x00-\x1f\x7f]{1,255}")
_SHAPES: Final[Mapping[ScalarName, re.Pattern[str]]] = {
    "id": _ID,
    "url": _URL,
    "email": _EMAIL,
    "phone": _PHONE,
    "endpoint": _ID,
}
_BIGGEST_INTEGER: Final = 2**53
_DEEPEST_JSON: Final = 32

_READ: Final[Mapping[str, Callable[[str], Any]]] = {"time": parse_time, "duration": parse_duration}
_WORDS: Final[Mapping[ScalarName, str]] = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "id": "an id (a text without spaces)",
    "url": "an address that begins with https:// or http://",
    "email": "an e-mail address",
    "phone": "a phone number like +4930123456",
    "time": "a time like 2030-01-01T12:00:00Z",
    "duration": "a duration like 30s, 5m or PT1H",
    "json": "JSON",
    "message": "a message: {id, params}",
    "endpoint": "the name of a registered endpoint",
    "password": "a text",
    "code": "a text",
}


def check_value(declaration: Declaration, value: Any, *, field: str = "") -> tuple[FieldProblem, ...]:
    """Return what keeps *value*, in either form, from being one that *declaration* allows; nothing where it fits."""
    kind = declaration.type
    # Nearly all values are of a type without parts: each of them is looked at three times in a step.
    fits = kind.__class__ is Scalar and _fits(kind.name, value)
    problems = () if fits else _check_type(kind, value, field)
    return problems or _check_options(declaration, value, field)


def check_fields(
    declarations: Mapping[str, Declaration], values: Mapping[str, Any], *, prefix: str = ""
) -> tuple[FieldProblem, ...]:
    """Return what is wrong with *values*: one missing, one too many, one that does not fit."""
    problems: list[FieldProblem] = []
    if not values.keys() <= declarations.keys():
        problems += [
            FieldProblem(field=f"{prefix}{name}", code="unknown", message="no field has this name")
            for name in values
            if name not in declarations
        ]
    for name, declaration in declarations.items():
        if name in values:
            if found := check_value(declaration, values[name], field=prefix + name):
                problems += found
        elif declaration.required:
            problems.append(FieldProblem(field=f"{prefix}{name}", code="required", message="this must be given"))
    return tuple(problems)


def encode_value(declaration: Declaration, value: Any) -> Any:
    """Return *value*, which fits *declaration*, in the state form: JSON, times and durations in one spelling."""
    return _convert(declaration.type, value, _to_state)


def decode_value(declaration: Declaration, value: Any) -> Any:
    """Return *value*, which fits *declaration*, in the native form that expressions and executors see."""
    kind = declaration.type
    return _to_native(kind.name, value) if kind.__class__ is Scalar else _convert(kind, value, _to_native)


def encode_fields(declarations: Mapping[str, Declaration], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return *values*, which fit *declarations*, in the state form, with defaults filled in."""
    return {
        name: encode_value(declarations[name], value) for name, value in with_defaults(declarations, values).items()
    }


def decode_fields(declarations: Mapping[str, Declaration], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return *values*, which fit *declarations*, in the native form. What is not declared passes unchanged."""
    return {
        name: decode_value(declarations[name], value) if name in declarations else value
        for name, value in values.items()
    }


def with_defaults(declarations: Mapping[str, Declaration], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return *values* with the declared default for every one that is absent."""
    complete = dict(values)
    for name, part in declarations.items():
        if part.default is not UNSET and name not in complete:
            complete[name] = part.default
    return complete


# the two forms


def _convert(value_type: ValueType, value: Any, scalar: Callable[[str, Any], Any]) -> Any:
    match value_type:
        case Scalar(name):
            return scalar(name, value)
        case ListOf(item):
            return [_convert(item, part, scalar) for part in value]
        case RecordOf(fields):
            return {
                name: _convert(fields[name].type, part, scalar) for name, part in with_defaults(fields, value).items()
            }
        case EnumOf():
            return value


def _to_state(name: str, value: Any) -> Any:
    if name == "time":
        return format_time(value if isinstance(value, datetime) else parse_time(value))
    if name == "duration":
        return format_duration(value if isinstance(value, timedelta) else parse_duration(value))
    return plain(value) if name in {"json", "message"} else value


def _to_native(name: str, value: Any) -> Any:
    read = _READ.get(name)
    return value if read is None or not isinstance(value, str) else read(value)


def plain(value: Any) -> Any:
    """Return *value* as JSON: what an expression may have put into a ``json`` or a message's parameters."""
    match value:
        case datetime():
            return format_time(value)
        case timedelta():
            return format_duration(value)
        case Mapping():
            return {str(key): plain(part) for key, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
        case _:
            return value


# what fits


def _problem(field: str, code: str, message: str, **params: Any) -> tuple[FieldProblem, ...]:
    return (FieldProblem(field=field, code=code, message=message, params=frozen(params)),)


def _check_type(value_type: ValueType, value: Any, field: str) -> tuple[FieldProblem, ...]:
    match value_type:
        case Scalar(name):
            return () if _fits(name, value) else _problem(field, "type", f"expected {_WORDS[name]}", type=name)
        case EnumOf(values):
            fits = isinstance(value, str) and value in values
            known = list(values)
            return () if fits else _problem(field, "choice", f"expected {value_type}", choices=known)
        case ListOf(item):
            return _check_list(value_type, item, value, field)
        case RecordOf(fields):
            if isinstance(value, Mapping):
                return check_fields(fields, value, prefix=f"{field}." if field else "")
            return _problem(field, "type", f"expected {{{', '.join(fields)}}}", type="record")


def _check_list(value_type: ValueType, item: ValueType, value: Any, field: str) -> tuple[FieldProblem, ...]:
    if not isinstance(value, list | tuple):
        return _problem(field, "type", f"expected a {value_type}", type="list")
    return tuple(found for index, part in enumerate(value) for found in _check_type(item, part, f"{field}[{index}]"))


def _fits(name: ScalarName, value: Any) -> bool:
    if name in TEXTUAL:
        return isinstance(value, str) and "\x00" not in value and _fits_text(name, value)
    return _FITS[name](value)


def _fits_text(name: ScalarName, value: str) -> bool:
    shape = _SHAPES.get(name)
    return shape is None or bool(shape.fullmatch(value))


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _BIGGEST_INTEGER


def _is_number(value: Any) -> bool:
    return _is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def _is_time(value: Any) -> bool:
    return value.tzinfo is not None if isinstance(value, datetime) else _reads(parse_time, value)


def _is_duration(value: Any) -> bool:
    return isinstance(value, timedelta) or _reads(parse_duration, value)


def _reads(parse: Callable[[str], Any], value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse(value)
    except ValueError:
        return False
    return True


def _is_message(value: Any) -> bool:
    if not isinstance(value, Mapping) or not isinstance(value.get("id"), str) or not value.keys() <= {"id", "params"}:
        return False
    return isinstance(value.get("params", {}), Mapping) and _is_json(value.get("params", {}))


def _is_json(value: Any, depth: int = 0) -> bool:
    if depth > _DEEPEST_JSON:
        return False
    if value.__class__ is str:  # nearly all that messages carry
        return "\x00" not in value
    match value:
        case Mapping():
            return all(_is_key(key) and _is_json(part, depth + 1) for key, part in value.items())
        case list() | tuple():
            return all(_is_json(part, depth + 1) for part in value)
        case None:
            return depth > 0  # null is not a value of the language, but JSON from outside may carry it inside
        case _:
            return _is_key(value) or isinstance(value, bool | timedelta) or _is_time(value) or _is_number(value)


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and "\x00" not in value


_FITS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "integer": _is_integer,
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "time": _is_time,
    "duration": _is_duration,
    "json": _is_json,
    "message": _is_message,
}


def _check_options(declaration: Declaration, value: Any, field: str) -> tuple[FieldProblem, ...]:
    if declaration.min is None and declaration.max is None and declaration.pattern is None:
        return ()
    size = len(value) if isinstance(value, str | list | tuple) else value
    unit = " characters" if isinstance(value, str) else " entries" if isinstance(value, list | tuple) else ""
    if declaration.min is not None and size < declaration.min:
        return _problem(field, "min", f"expected at least {declaration.min}{unit}", min=declaration.min)
    if declaration.max is not None and size > declaration.max:
        return _problem(field, "max", f"expected at most {declaration.max}{unit}", max=declaration.max)
    if declaration.pattern is not None and size > LONGEST_MATCHED:
        return _problem(field, "max", f"expected at most {LONGEST_MATCHED} characters", max=LONGEST_MATCHED)
    if declaration.pattern is not None and not re.fullmatch(declaration.pattern, value):
        return _problem(
            field, "pattern", "this is not written in the form that is expected", pattern=declaration.pattern
        )
    return ()

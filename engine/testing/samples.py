"""A value of every type: what a test skeleton is filled with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.contracts import Declaration, EnumOf, ListOf, RecordOf, Scalar, ValueType, check_value

LATER: Final = "+7d"
_LITERAL: Final = re.compile(r"'([^']*)'|(?<![\w.])(\d+(?:\.\d+)?)")


def sample_fields(declared: Mapping[str, Declaration]) -> dict[str, Any]:
    """Return a value for each of *declared* that must be given."""
    return {name: sample(name, part) for name, part in declared.items() if part.required}


def sample(name: str, declared: Declaration) -> Any:
    """Return a value that fits *declared*, as far as it can be made up: a pattern cannot.

    >>> sample("amount", Declaration(type=Scalar("integer"), min=5))
    5
    """
    value = _sample(name, declared.type)
    if isinstance(value, str) and isinstance(declared.type, Scalar):
        value = (
            value * (int(declared.min or 0) // max(len(value), 1) + 1) if len(value) < (declared.min or 0) else value
        )
        return value[: int(declared.max)] if declared.max is not None else value
    if isinstance(value, list) and declared.min is not None:
        return value * max(int(declared.min), 1)
    if isinstance(value, int) and not isinstance(value, bool):
        low = value if declared.min is None else max(value, declared.min)
        return low if declared.max is None else min(low, declared.max)
    return value


def candidates(name: str, declared: Declaration, sources: str) -> list[Any]:
    """Return values worth trying where expressions like *sources* look at this one; first the plain sample."""
    literals = [text or number for text, number in _LITERAL.findall(sources)]
    tried = [sample(name, declared), *_more(declared.type, literals)]
    fitting = [value for value in tried if not check_value(declared, value)]
    return [value for place, value in enumerate(fitting) if value not in fitting[:place]] or tried[:1]


def _more(value_type: ValueType, literals: list[str]) -> Iterator[Any]:
    numbers = [float(text) for text in literals if re.fullmatch(r"\d+(\.\d+)?", text)]
    match value_type:
        case Scalar("boolean"):
            yield from (True, False)
        case Scalar("integer" | "number"):
            yield from (int(number) + step for number in numbers for step in (1, 0, -1))
        case EnumOf(values):
            yield from values
        case ListOf(item):
            yield from ([text] for text in literals if not check_value(Declaration(type=item), text))
            yield list(literals)
            yield []
        case Scalar():
            yield from literals
        case RecordOf():
            return


_SAMPLES: Final[Mapping[str, Any]] = {
    "string": "text",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "url": "https://example.com/x",
    "email": "ann@example.com",
    "phone": "+4930123456",
    "time": LATER,
    "duration": "1h",
    "json": "anything",
    "message": {"id": "some.message"},
    "password": "a password",
    "code": "123456",
}


def _sample(name: str, value_type: ValueType) -> Any:
    match value_type:
        case Scalar(scalar):
            return _SAMPLES.get(scalar, name)  # an id or an endpoint is called like what it is for
        case EnumOf(values):
            return values[0]
        case ListOf(item):
            return [_sample(name, item)]
        case RecordOf(fields):
            return sample_fields(fields)

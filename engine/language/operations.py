"""What the operators, filters and tests of expressions do: strictly, on values of one kind, never on undefined ones."""

import math
import operator
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from engine.language.values import ExpressionFailed, ValueAbsent

LONGEST_RESULT: Final = 65_536


class Absent:
    """What a look-up gives where nothing is: only ``default`` and the tests ``defined``, ``undefined`` accept it."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path


def present(value: Any) -> Any:
    """Return *value*; ValueAbsent where it is absent."""
    if value.__class__ is Absent:
        raise ValueAbsent(value.path)
    return value


_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (bool, "boolean"),  # before number: Python's bool is an int
    (str, "text"),
    ((int, float), "number"),
    (datetime, "time"),
    (timedelta, "duration"),
    ((list, tuple), "list"),
    (Mapping, "record"),
)


# Nearly every value is of one of these classes itself: looking it up is many times as fast as asking one by one.
_EXACT: Final[Mapping[type, str]] = {
    bool: "boolean",
    str: "text",
    int: "number",
    float: "number",
    datetime: "time",
    timedelta: "duration",
    list: "list",
    tuple: "list",
    dict: "record",
}
_ORDERED: Final = frozenset({"text", "number", "time", "duration"})


def kind(value: Any) -> str:
    """Return what *value* is, in the language's words."""
    exact = _EXACT.get(value.__class__)
    if exact is not None:
        return exact
    return next((word for types, word in _KINDS if isinstance(value, types)), "unknown value")


def _mismatch(what: str, *values: Any) -> ExpressionFailed:
    return ExpressionFailed(f"{what} does not work on {' and '.join(kind(value) for value in values)}")


def part(of: Any, name: str, path: str) -> Any:
    """Return the part *name* of a record, or Absent."""
    if present(of).__class__ is not dict and not isinstance(of, Mapping):
        raise ExpressionFailed(f"'{path}': only a record has named parts, and this is a {kind(of)}")
    return of[name] if name in of else Absent(path)


def item(of: Any, index: Any) -> Any:
    """Return one entry of a list, text or record, or Absent."""
    present(of)
    present(index)
    if isinstance(of, Mapping):
        if not isinstance(index, str):
            raise _mismatch("choosing a part", of, index)
        return of[index] if index in of else Absent(f"[{index}]")
    if not isinstance(of, list | tuple | str) or isinstance(index, bool) or not isinstance(index, int):
        raise _mismatch("choosing an entry", of, index)
    return of[index] if -len(of) <= index < len(of) else Absent(f"[{index}]")


def equal(left: Any, right: Any) -> bool:
    """Return whether both are the same; comparing different kinds is a mistake, not an answer."""
    if left.__class__ is not right.__class__ and kind(present(left)) != kind(present(right)):
        raise _mismatch("comparing", left, right)
    if left.__class__ is Absent:
        raise ValueAbsent(left.path)
    return bool(left == right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def run(left: Any, right: Any) -> bool:
        if left.__class__ is right.__class__ is int:
            return compare(left, right)
        if (both := kind(present(left))) != kind(present(right)) or both not in _ORDERED:
            raise _mismatch("ordering", left, right)
        return compare(left, right)

    return run


def contains(wanted: Any, among: Any) -> bool:
    """Return whether *wanted* is an entry of a list, a piece of a text or the name of a record's part."""
    present(wanted)
    match present(among):
        case list() | tuple():
            return any(equal(wanted, entry) for entry in among)
        case str() | Mapping() if isinstance(wanted, str):
            return wanted in among
        case _:
            raise _mismatch("'in'", wanted, among)


def add(left: Any, right: Any) -> Any:
    """Return the sum of numbers, durations, a time and a duration; texts and lists put together."""
    kinds = (kind(present(left)), kind(present(right)))
    if kinds not in {
        ("number", "number"),
        ("text", "text"),
        ("list", "list"),
        ("time", "duration"),
        ("duration", "time"),
        ("duration", "duration"),
    }:
        raise _mismatch("+", left, right)
    return _bounded(lambda: [*left, *right] if kinds[0] == "list" else left + right)


def subtract(left: Any, right: Any) -> Any:
    """Return the difference of numbers, durations, times, or a time less a duration."""
    kinds = (kind(present(left)), kind(present(right)))
    if kinds not in {("number", "number"), ("time", "duration"), ("time", "time"), ("duration", "duration")}:
        raise _mismatch("-", left, right)
    return _bounded(lambda: left - right)


def negate(value: Any) -> Any:
    """Return a number or duration with the other sign."""
    if kind(present(value)) not in {"number", "duration"}:
        raise _mismatch("-", value)
    return -value


def _bounded(compute: Callable[[], Any]) -> Any:
    try:
        result = compute()
    except OverflowError as error:
        raise ExpressionFailed("the result is too large or too far away") from error
    if isinstance(result, str | list) and len(result) > LONGEST_RESULT:
        raise ExpressionFailed(f"the result is longer than {LONGEST_RESULT}")
    if isinstance(result, float) and not math.isfinite(result):
        raise ExpressionFailed("the result is too large")
    return result


OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "add": add,
    "sub": subtract,
    "eq": equal,
    "ne": lambda left, right: not equal(left, right),
    "lt": _ordered(operator.lt),
    "lteq": _ordered(operator.le),
    "gt": _ordered(operator.gt),
    "gteq": _ordered(operator.ge),
    "in": contains,
    "notin": lambda wanted, among: not contains(wanted, among),
}


def _sized(name: str, value: Any) -> Any:
    if not isinstance(present(value), str | list | tuple):
        raise _mismatch(f"the filter '{name}'", value)
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(present(value), str):
        raise _mismatch(f"the filter '{name}'", value)
    return str(value)


def _length(value: Any) -> int:
    if isinstance(present(value), Mapping):
        return len(value)
    return len(_sized("length", value))


def _names(value: Any) -> list[str]:
    if not isinstance(present(value), list | tuple):
        raise _mismatch("the filter 'names'", value)
    for entry in value:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
            raise ExpressionFailed("the filter 'names' works on a list of records that have a text 'name'")
    return [entry["name"] for entry in value]


def joined(value: Any, separator: Any = "") -> str:
    """Return the texts of a list put together."""
    if not isinstance(present(value), list | tuple) or not all(isinstance(entry, str) for entry in value):
        raise ExpressionFailed("the filter 'join' works on a list of texts")
    if not isinstance(present(separator), str):
        raise _mismatch("the filter 'join'", separator)
    return str(_bounded(lambda: separator.join(value)))


def _end(name: str, index: int) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        entries = _sized(name, value)
        return entries[index] if entries else Absent(f"| {name}")

    return run


FILTERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "length": _length,
    "names": _names,
    "first": _end("first", 0),
    "last": _end("last", -1),
    "lower": lambda value: _text("lower", value).lower(),
    "upper": lambda value: _text("upper", value).upper(),
    "trim": lambda value: _text("trim", value).strip(),
}


def _is_number(value: Any) -> bool:
    # Jinja2 calls true and false numbers; rather than agree or differ, we do not answer.
    if kind(present(value)) == "boolean":
        raise _mismatch("the test 'number'", value)
    return kind(value) == "number"


TESTS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "defined": lambda value: value.__class__ is not Absent,
    "undefined": lambda value: value.__class__ is Absent,
    "string": lambda value: kind(present(value)) == "text",
    "number": _is_number,
    "boolean": lambda value: kind(present(value)) == "boolean",
}

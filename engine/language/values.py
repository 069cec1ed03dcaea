"""What a flow may write where a value is wanted: a literal, an expression, or lists and records of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.contracts import FlowError
from engine.language.terms import Term

Scope = Mapping[str, Any]
_CANNOT_CHANGE: Final = frozenset({str, int, bool, float})


class ExpressionFailed(FlowError):
    """An expression met a value that it cannot work with. The message names types and paths, never values."""

    code = "expression_failed"


class ValueAbsent(ExpressionFailed):
    """An expression read something that is not there: an optional not given, a step not taken."""

    code = "value_absent"

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"'{path}' has no value here: give it one, or write '{path} | default(...)'")


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the flow itself: JSON."""

    value: Any


@dataclass(frozen=True, slots=True)
class Expression:
    """A computation over ``inputs``, ``vars``, ``steps`` and ``execution``, made by ``compile_expression``.

    ``reads`` holds every path that it may look at, like ``("steps", "check", "subject")``. Two expressions are equal
    when their sources are.
    """

    source: str
    reads: frozenset[tuple[str, ...]] = field(compare=False, repr=False)
    term: Term = field(compare=False, repr=False)
    run: Callable[[Scope], Any] = field(compare=False, repr=False)

    def evaluate(self, scope: Scope) -> Any:
        """Return its value in *scope*; ValueAbsent or ExpressionFailed where it has none."""
        return self.run(scope)


@dataclass(frozen=True, slots=True)
class Structure:
    """A list or a record whose parts are values: ``{amount: =inputs.amount, currency: EUR}``."""

    parts: Mapping[str, Value] | tuple[Value, ...]


Value = Literal | Expression | Structure


def evaluate(value: Value, scope: Scope) -> Any:
    """Return what *value* is in *scope*; a fresh copy, so that no receiver can change the flow."""
    match value:
        case Expression():
            return value.run(scope)
        case Literal(constant):
            return _copied(constant)
        case Structure(parts) if isinstance(parts, tuple):
            return [evaluate(part, scope) for part in parts]
        case Structure(parts):
            return {name: evaluate(part, scope) for name, part in named(parts)}


def reads_of(value: Value) -> frozenset[tuple[str, ...]]:
    """Return every path that *value* may look at."""
    match value:
        case Literal():
            return frozenset()
        case Expression(reads=reads):
            return reads
        case Structure():
            return frozenset().union(*(reads_of(part) for part in parts_of(value)))


def parts_of(structure: Structure) -> tuple[Value, ...]:
    """Return the parts of *structure*, in order."""
    return structure.parts if isinstance(structure.parts, tuple) else tuple(structure.parts.values())


def named(parts: Mapping[str, Value] | tuple[Value, ...]) -> Iterator[tuple[str, Value]]:
    """Return the named parts of a record; nothing for a list."""
    if isinstance(parts, Mapping):
        yield from parts.items()


def _copied(constant: Any) -> Any:
    if constant.__class__ in _CANNOT_CHANGE:
        return constant
    match constant:
        case Mapping():
            return {name: _copied(part) for name, part in constant.items()}
        case list() | tuple():
            return [_copied(part) for part in constant]
        case _:
            return constant

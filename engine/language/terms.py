"""The parts of an expression, after Jinja2's parser and the whitelist: what remains of its grammar.

``at`` is the offset of the part in the expression's source, counted in characters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from typing import Literal as OneOf

from engine.contracts import AuthorError

ROOTS: Final = ("inputs", "vars", "steps", "execution")
FILTERS: Final = ("default", "length", "names", "first", "last", "join", "lower", "upper", "trim")
TESTS: Final = ("defined", "undefined", "string", "number", "boolean")
EXECUTION_NAMES: Final = ("id", "started_at", "expires_at", "locale")

Operator = OneOf["and", "or", "add", "sub", "eq", "ne", "lt", "lteq", "gt", "gteq", "in", "notin"]


class ExpressionInvalid(AuthorError):
    """An expression says something that the language does not have. ``at`` and ``length`` tell where in its source."""

    code = "expression_invalid"

    def __init__(self, rule: str, message: str, *, at: int = 0, length: int = 1, hint: str = "") -> None:
        self.rule, self.message, self.at, self.length, self.hint = rule, message, at, length, hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Constant:
    """A text, number or truth value."""

    value: Any
    at: int


@dataclass(frozen=True, slots=True)
class Read:
    """A path that begins at one of the four roots, like ``steps.check.subject``."""

    path: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Part:
    """A named part of a computed record: ``(inputs.people | first).name``."""

    of: Term
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Item:
    """An entry chosen by a number or a name that is computed: ``inputs.people[0]``."""

    of: Term
    index: Term
    at: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A list written out."""

    items: tuple[Term, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Opposite:
    """``not x``."""

    of: Term
    at: int


@dataclass(frozen=True, slots=True)
class Negative:
    """``-x``."""

    of: Term
    at: int


@dataclass(frozen=True, slots=True)
class Operation:
    """Two values and what joins them."""

    operator: Operator
    left: Term
    right: Term
    at: int


@dataclass(frozen=True, slots=True)
class Choice:
    """``then if test else otherwise``."""

    test: Term
    then: Term
    otherwise: Term
    at: int


@dataclass(frozen=True, slots=True)
class Filtered:
    """``x | name`` or ``x | name(argument)``."""

    of: Term
    name: str
    argument: Term | None
    at: int


@dataclass(frozen=True, slots=True)
class Tested:
    """``x is name``."""

    of: Term
    name: str
    at: int


Term = Constant | Read | Part | Item | Listed | Opposite | Negative | Operation | Choice | Filtered | Tested


def children(term: Term) -> tuple[Term, ...]:  # noqa: PLR0911 - one line for each kind of term
    """Return the parts of *term* that are terms themselves."""
    match term:
        case Constant() | Read():
            return ()
        case Part(of=of) | Opposite(of=of) | Negative(of=of) | Tested(of=of):
            return (of,)
        case Item(of=of, index=index):
            return (of, index)
        case Listed(items=items):
            return items
        case Operation(left=left, right=right):
            return (left, right)
        case Choice(test=test, then=then, otherwise=otherwise):
            return (test, then, otherwise)
        case Filtered(of=of, argument=argument):
            return (of,) if argument is None else (of, argument)


def reads(term: Term) -> tuple[Read, ...]:
    """Return every read in *term*, in order."""
    if isinstance(term, Read):
        return (term,)
    return tuple(found for child in children(term) for found in reads(child))

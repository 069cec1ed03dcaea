"""What type an expression has, as far as that can be known, and where its parts do not go together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from engine.contracts import Declaration, EnumOf, ListOf, RecordOf, Scalar, ValueType
from engine.language.study import Study
from engine.language.terms import (
    Choice,
    Constant,
    Filtered,
    Item,
    Listed,
    Negative,
    Operation,
    Opposite,
    Part,
    Read,
    Term,
    Tested,
)

STRING: Final = Scalar("string")
INTEGER: Final = Scalar("integer")
NUMBER: Final = Scalar("number")
BOOL: Final = Scalar("boolean")
TIME: Final = Scalar("time")
DURATION: Final = Scalar("duration")
_EXECUTION: Final = {"id": Scalar("id"), "locale": Scalar("id"), "started_at": TIME, "expires_at": TIME}
_TEXTUAL: Final = frozenset({"string", "id", "url", "email", "phone", "endpoint"})
_SCALAR_KINDS: Final = {"integer": "number", "number": "number", "message": "record"}
_SUMS: Final = {("time", "duration"): TIME, ("duration", "time"): TIME, ("duration", "duration"): DURATION}
_DIFFERENCES: Final = {("time", "duration"): TIME, ("time", "time"): DURATION, ("duration", "duration"): DURATION}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Two things that do not go together, at an offset of the expression."""

    at: int
    message: str
    hint: str = ""


def kind_of(value_type: ValueType | None) -> str | None:
    """Return the kind of a type's values, or None where it is not known before running."""
    match value_type:
        case None | Scalar("json"):
            return None
        case Scalar(name):
            return _SCALAR_KINDS.get(name, "text" if name in _TEXTUAL else name)
        case EnumOf():
            return "text"
        case ListOf():
            return "list"
        case RecordOf():
            return "record"


def assignable(source: ValueType | None, target: ValueType) -> bool:
    """Return whether every value of *source* may stand where *target* is wanted (an unknown type: yes)."""
    if source is None or source == target or target == Scalar("json"):
        return True
    match source, target:
        case Scalar(given), Scalar(wanted):
            return (given in _TEXTUAL and wanted == "string") or (given, wanted) == ("integer", "number")
        case EnumOf(values), _:
            return target == STRING or (isinstance(target, EnumOf) and set(values) <= set(target.values))
        case ListOf(given_item), ListOf(wanted_item):
            return assignable(given_item, wanted_item)
        case RecordOf(given_parts), RecordOf(wanted_parts):
            return given_parts.keys() <= wanted_parts.keys() and all(
                _part_fits(given_parts.get(name), part) for name, part in wanted_parts.items()
            )
        case _:
            return False


def _part_fits(given: Declaration | None, wanted: Declaration) -> bool:
    if given is None:
        return not wanted.required
    return (given.required or given.default is not wanted.default or not wanted.required) and assignable(
        given.type, wanted.type
    )


def declared_along(study: Study, path: tuple[str, ...]) -> Iterator[Declaration]:
    """Yield the declarations that a path goes through, from its root on, as far as they are known and agree."""
    document = study.document
    declared: Declaration | None = None
    if path[0] == "inputs":
        declared = document.inputs.get(path[1])
    elif path[0] == "vars":
        declared = document.variables.get(path[1])
    elif path[0] == "execution" and path[1] in _EXECUTION:
        declared = Declaration(type=_EXECUTION[path[1]])
    elif path[0] == "steps" and path[1] in document.nodes:
        options = (study.produced(path[1]) or {}).get(path[2], ())
        declared = options[0] if options and all(option.type == options[0].type for option in options) else None
    rest = path[3:] if path[0] == "steps" else path[2:]
    while declared is not None:
        yield declared
        if not rest or not isinstance(declared.type, RecordOf):
            return
        declared, rest = declared.type.fields.get(rest[0]), rest[1:]


def type_of_path(study: Study, path: tuple[str, ...]) -> ValueType | None:
    """Return the type of the value at *path*, where it is known."""
    along = list(declared_along(study, path))
    wanted = len(path) - (2 if path[0] == "steps" else 1)
    if len(along) != wanted or (study.document.broken and _mentions_json(along[-1].type)):
        return None  # a declaration that could not be read stands as json, and nothing must follow from it
    return along[-1].type


def _mentions_json(value_type: ValueType) -> bool:
    if isinstance(value_type, ListOf):
        return _mentions_json(value_type.item)
    return value_type == Scalar("json")


class Inference:
    """Infers the types of one expression's terms; notes what does not go together."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.mismatches: list[Mismatch] = []

    def type_of(self, term: Term) -> ValueType | None:  # noqa: C901, PLR0911 - one line for each kind of term
        """Return the type of *term*, or None where it is not known before running."""
        match term:
            case Constant(value=value):
                return _type_of_constant(value)
            case Read(path=path):
                return type_of_path(self.study, path)
            case Part(of=of, name=name):
                whole = self.type_of(of)
                part = whole.fields.get(name) if isinstance(whole, RecordOf) else None
                return part.type if part else None
            case Item(of=of, index=index):
                self.type_of(index)
                whole = self.type_of(of)
                return whole.item if isinstance(whole, ListOf) else STRING if kind_of(whole) == "text" else None
            case Listed(items=items):
                types = [self.type_of(item) for item in items]
                return (
                    ListOf(first)
                    if types and (first := types[0]) is not None and all(t == first for t in types)
                    else None
                )
            case Opposite(of=of):
                self.type_of(of)
                return BOOL
            case Negative(of=of):
                return self._negative(of)
            case Operation():
                return self._operation(term)
            case Choice(test=test, then=then, otherwise=otherwise):
                self.type_of(test)
                return _common(self.type_of(then), self.type_of(otherwise))
            case Filtered():
                return self._filtered(term)
            case Tested(of=of):
                self.type_of(of)
                return BOOL

    def _note(self, term: Term, message: str, hint: str = "") -> None:
        self.mismatches.append(Mismatch(term.at, message, hint))

    def _negative(self, of: Term) -> ValueType | None:
        inner = self.type_of(of)
        if kind_of(inner) not in {None, "number", "duration"}:
            self._note(of, f"- does not work on {inner}")
            return None
        return inner

    def _operation(self, term: Operation) -> ValueType | None:
        left, right = self.type_of(term.left), self.type_of(term.right)
        if term.operator in {"and", "or"}:
            return _common(left, right)
        kinds = (kind_of(left), kind_of(right))
        if term.operator in {"add", "sub"}:
            return self._sum(term, left, right)
        if term.operator in {"in", "notin"}:
            self._check_membership(term, left, right)
        elif None not in kinds and kinds[0] != kinds[1]:
            self._note(term, f"{left} and {right} are never compared", "compare values of one type")
        elif term.operator not in {"eq", "ne"} and kinds[0] in {"boolean", "list", "record"}:
            self._note(term, f"values of type {left} have no order")
        else:
            self._check_word(term.left, right)
            self._check_word(term.right, left)
        return BOOL

    def _check_word(self, side: Term, other: ValueType | None) -> None:
        if isinstance(other, EnumOf) and isinstance(side, Constant) and side.value not in other.values:
            self._note(side, f"this is never '{side.value}'", f"it is one of {', '.join(other.values)}")

    def _check_membership(self, term: Operation, left: ValueType | None, right: ValueType | None) -> None:
        if kind_of(right) not in {None, "list", "text", "record"}:
            self._note(term, f"'in' looks into lists and texts, not into {right}")
        elif isinstance(right, ListOf) and None not in {kind_of(left), kind_of(right.item)}:
            if kind_of(left) != kind_of(right.item):
                self._note(term, f"a {right} never has {left} in it", "compare values of one type")
        elif kind_of(right) in {"text", "record"} and kind_of(left) not in {None, "text"}:
            self._note(term, f"{right} never has {left} in it")

    def _sum(self, term: Operation, left: ValueType | None, right: ValueType | None) -> ValueType | None:
        kinds = (kind_of(left), kind_of(right))
        if kinds[0] is None or kinds[1] is None:
            return None
        if kinds == ("number", "number"):
            return INTEGER if left == right == INTEGER else NUMBER
        known = (_SUMS if term.operator == "add" else _DIFFERENCES).get((kinds[0], kinds[1]))
        if known is not None:
            return known
        if term.operator == "add" and kinds in {("text", "text"), ("list", "list")}:
            return STRING if kinds[0] == "text" else _common(left, right)
        sign = "+" if term.operator == "add" else "-"
        self._note(term, f"{sign} does not work on {left} and {right}")
        return None

    def _filtered(self, term: Filtered) -> ValueType | None:
        inner = self.type_of(term.of)
        argument = self.type_of(term.argument) if term.argument is not None else None
        return _FILTERED[term.name](self, term, inner, argument)

    def _default(self, _term: Filtered, inner: ValueType | None, argument: ValueType | None) -> ValueType | None:
        return None if inner is None else inner if assignable(argument, inner) else _common(inner, argument)

    def _length(self, term: Filtered, inner: ValueType | None, _argument: ValueType | None) -> ValueType | None:
        if kind_of(inner) not in {None, "text", "list", "record"}:
            self._note(term, f"{inner} has no length")
        return INTEGER

    def _names(self, term: Filtered, inner: ValueType | None, _argument: ValueType | None) -> ValueType | None:
        if inner is None or inner == Scalar("json"):
            return None
        part = inner.item.fields.get("name") if isinstance(inner, ListOf) and isinstance(inner.item, RecordOf) else None
        if part is None or kind_of(part.type) != "text":
            self._note(term, f"'names' works on a list of records with a text 'name', not on {inner}")
            return None
        return ListOf(part.type)

    def _end(self, term: Filtered, inner: ValueType | None, _argument: ValueType | None) -> ValueType | None:
        if isinstance(inner, ListOf):
            return inner.item
        if kind_of(inner) not in {None, "text"}:
            self._note(term, f"'{term.name}' works on lists and texts, not on {inner}")
        return STRING if kind_of(inner) == "text" else None

    def _join(self, term: Filtered, inner: ValueType | None, _argument: ValueType | None) -> ValueType | None:
        item = inner.item if isinstance(inner, ListOf) else inner
        if kind_of(item) not in {None, "text"} or kind_of(inner) not in {None, "list"}:
            self._note(term, f"'join' works on a list of texts, not on {inner}")
        return STRING

    def _lettered(self, term: Filtered, inner: ValueType | None, _argument: ValueType | None) -> ValueType | None:
        if kind_of(inner) not in {None, "text"}:
            self._note(term, f"'{term.name}' works on texts, not on {inner}")
        return STRING


_Filter = Callable[[Inference, Filtered, ValueType | None, ValueType | None], ValueType | None]
_FILTERED: Final[dict[str, _Filter]] = {
    "default": Inference._default,  # noqa: SLF001 - the table of this class's own filters
    "length": Inference._length,  # noqa: SLF001
    "names": Inference._names,  # noqa: SLF001
    "first": Inference._end,  # noqa: SLF001
    "last": Inference._end,  # noqa: SLF001
    "join": Inference._join,  # noqa: SLF001
    "lower": Inference._lettered,  # noqa: SLF001
    "upper": Inference._lettered,  # noqa: SLF001
    "trim": Inference._lettered,  # noqa: SLF001
}


def _type_of_constant(value: object) -> ValueType:
    match value:
        case bool():
            return BOOL
        case int():
            return INTEGER
        case float():
            return NUMBER
        case _:
            return STRING


def _common(left: ValueType | None, right: ValueType | None) -> ValueType | None:
    if left is None or right is None:
        return None
    if assignable(left, right):
        return right
    return left if assignable(right, left) else None

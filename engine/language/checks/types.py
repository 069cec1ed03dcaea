"""Values of the wrong type, as far as that is known before running."""

from __future__ import annotations

from collections.abc import Iterator

from engine.contracts import Declaration, ListOf, RecordOf, Scalar, ValueType, check_value
from engine.language.diagnostics import Diagnostic, nearest
from engine.language.inference import Inference, assignable, kind_of
from engine.language.study import IDS, PlacedValue, Study
from engine.language.terms import Choice, Constant, Filtered, Listed, Term
from engine.language.values import Expression, Literal, Structure, Value
from engine.language.yaml_tree import Path

_LONGEST_SHOWN = 40
_CONVERT = (
    "read another value, or change a declaration; "
    "only id, url, email, phone and endpoint turn into a string, and an integer into a number"
)


def check_types(study: Study) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every value that cannot be of the type that is wanted."""
    for placed in study.values:
        yield from _operands(study, placed.path, placed.value)
        match placed.role:
            case "choose":
                yield from _choose(study, placed)
            case "when":
                yield from _condition(study, placed)
            case "sender":
                yield from _sender(study, placed)
            case _ if placed.expected is not None:
                yield from _fits(study, placed.path, placed.value, placed.expected)
            case _:
                pass


def _operands(study: Study, path: Path, value: Value) -> Iterator[Diagnostic]:
    if isinstance(value, Expression):
        inference = Inference(study)
        inference.type_of(value.term)
        for wrong in inference.mismatches:
            span = study.document.spots.inside(path, wrong.at, 1)
            yield study.report("LH605", span, wrong.message, hint=wrong.hint)
    elif isinstance(value, Structure):
        for key, part in _parts(value):
            yield from _operands(study, (*path, key), part)


def _parts(value: Structure) -> list[tuple[str | int, Value]]:
    parts = value.parts
    return [*enumerate(parts)] if isinstance(parts, tuple) else [*parts.items()]


def _fits(study: Study, path: Path, value: Value, wanted: Declaration) -> Iterator[Diagnostic]:
    match value:
        case Literal(constant):
            for problem in check_value(wanted, constant)[:1]:
                where = f"{problem.field.lstrip('.')}: " if problem.field else ""
                shown = "" if where or wanted.takes_secrets else _shown(constant)
                message = f"{where}{problem.message}" + (f", found {shown}" if shown else "")
                yield study.report("LH601", study.document.spots.value(*path), message)
        case Expression(term=term):
            yield from _term_fits(study, path, term, wanted)
        case Structure():
            yield from _structure_fits(study, path, value, wanted)


def _shown(constant: object) -> str:
    match constant:
        case bool():
            return str(constant).lower()
        case str() if len(constant) <= _LONGEST_SHOWN:
            return f"'{constant}'"
        case int() | float():
            return str(constant)
        case _:
            return ""


def _term_fits(study: Study, path: Path, term: Term, wanted: Declaration) -> Iterator[Diagnostic]:
    match term:
        case Choice(then=then, otherwise=otherwise):
            yield from _term_fits(study, path, then, wanted)
            yield from _term_fits(study, path, otherwise, wanted)
        case Filtered(of=of, name="default", argument=argument) if argument is not None:
            yield from _term_fits(study, path, of, wanted)
            yield from _term_fits(study, path, argument, wanted)
        case Listed(items=items) if isinstance(wanted.type, ListOf):
            for item in items:
                yield from _term_fits(study, path, item, Declaration(type=wanted.type.item))
        case Constant(value=constant, at=at):
            for problem in check_value(wanted, constant)[:1]:
                length = len(str(constant)) + 2 * isinstance(constant, str)
                yield study.report("LH601", study.document.spots.inside(path, at, length), problem.message)
        case _:
            given = Inference(study).type_of(term)
            if given is not None and not assignable(given, wanted.type):
                message = f"this is of type {given}, and {wanted.type} is wanted here"
                yield study.report("LH602", study.document.spots.value(*path), message, hint=_CONVERT)


def _structure_fits(study: Study, path: Path, value: Structure, wanted: Declaration) -> Iterator[Diagnostic]:
    span = study.document.spots.value(*path)
    match wanted.type:
        case Scalar("json"):
            return
        case Scalar("message") if isinstance(value.parts, dict) or not isinstance(value.parts, tuple):
            yield from _message_fits(study, path, value)
        case ListOf(item) if isinstance(value.parts, tuple):
            for index, part in enumerate(value.parts):
                yield from _fits(study, (*path, index), part, Declaration(type=item))
        case RecordOf(fields) if not isinstance(value.parts, tuple):
            for key, part in value.parts.items():
                if key not in fields:
                    key_span = study.document.spots.key(*path, key)
                    yield study.report(
                        "LH601", key_span, f"{wanted.type} has no part '{key}'", hint=nearest(key, fields)
                    )
                else:
                    yield from _fits(study, (*path, key), part, fields[key])
            missing = [key for key, part in fields.items() if part.required and key not in value.parts]
            if missing:
                yield study.report("LH601", span, f"the part '{missing[0]}' ({fields[missing[0]].type}) is missing")
        case _:
            found = "a list" if isinstance(value.parts, tuple) else "a record"
            yield study.report("LH602", span, f"this is {found}, and {wanted.type} is wanted here")


def _message_fits(study: Study, path: Path, value: Structure) -> Iterator[Diagnostic]:
    for key, part in _parts(value):
        if key == "id":
            yield from _fits(study, (*path, key), part, Declaration(type=Scalar("string")))
        elif key != "params":
            span = study.document.spots.key(*path, key)
            yield study.report("LH601", span, f"a message has no part '{key}'", hint="a message is {id, params}")
    if "id" not in dict(_parts(value)):
        yield study.report("LH601", study.document.spots.value(*path), "the message has no 'id'", hint="add id: TEXT")


def _condition(study: Study, placed: PlacedValue) -> Iterator[Diagnostic]:
    if isinstance(placed.value, Expression):
        given = Inference(study).type_of(placed.value.term)
        if kind_of(given) not in {None, "boolean"}:
            span = study.document.spots.value(*placed.path)
            message = f"a condition is true or false, and this is {given}"
            yield study.report("LH603", span, message, hint="compare it with something")


def _sender(study: Study, placed: PlacedValue) -> Iterator[Diagnostic]:
    if isinstance(placed.value, Expression):
        given = Inference(study).type_of(placed.value.term)
        wanted = IDS if isinstance(given, ListOf) else Declaration(type=Scalar("id"))
    else:
        several = isinstance(placed.value, Structure) or isinstance(placed.value.value, list)
        wanted = IDS if several else Declaration(type=Scalar("id"))
    yield from _fits(study, placed.path, placed.value, wanted)


def _choose(study: Study, placed: PlacedValue) -> Iterator[Diagnostic]:
    span = study.document.spots.value(*placed.path)
    if placed.expected is None:
        return
    field = placed.expected.type
    wanted = field.item if isinstance(field, ListOf) else field
    if isinstance(placed.value, Literal):
        if not isinstance(placed.value.value, list):
            yield study.report("LH604", span, "people choose from a list", hint="write [a, b], or =inputs.NAME")
            return
        names = [entry.get("name") if isinstance(entry, dict) else entry for entry in placed.value.value]
        if any(check_value(Declaration(type=wanted), name) for name in names):
            yield study.report("LH604", span, f"each choice, or its 'name', must be {wanted}")
        return
    given = Inference(study).type_of(placed.value.term) if isinstance(placed.value, Expression) else None
    if given is None:
        return
    named = _name_type(given)
    if named is None:
        yield study.report("LH604", span, f"people choose from texts, or records with a text 'name', not from {given}")
    elif not assignable(named, wanted):
        yield study.report("LH604", span, f"the choices are {named}, and the field is {field}")


def _name_type(given: ValueType) -> ValueType | None:
    if not isinstance(given, ListOf):
        return None
    item = given.item
    if isinstance(item, RecordOf):
        part = item.fields.get("name")
        item = part.type if part else Scalar("boolean")
    return item if kind_of(item) == "text" else None

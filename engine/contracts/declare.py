"""From a declaration as people write it to a ``Declaration``: the same syntax in flows and in contracts.

``subject: id``, ``{type: string, max: 80}``, ``by: [person, lockout]`` (an enum), ``list of permission`` (a name of
``types``), ``{name: id, title: string}`` (a record in place: a mapping without ``type``).
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from engine.contracts.errors import DeclarationInvalid
from engine.contracts.patterns import repeats_a_choice
from engine.contracts.types import (
    AUDIENCES,
    SCALARS,
    UNSET,
    Declaration,
    EnumOf,
    ListOf,
    RecordOf,
    Scalar,
    ValueType,
    frozen,
)
from engine.contracts.values import check_value, encode_value

NAME: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
OPTIONS: Final = ("type", "optional", "default", "secret", "audience", "min", "max", "pattern")
_DEPTH: Final = 8
_MOST_PARTS: Final = 500
_DEEPEST_TYPE: Final = 12

Path = tuple[str | int, ...]
Types = Mapping[str, ValueType]


def parse_types(raw: Mapping[str, Any], before: Types | None = None) -> Types:
    """Return the named types that *raw* declares, with those *before*; each may use those before it."""
    known: dict[str, ValueType] = dict(before or {})
    for name, part in raw.items():
        _check_name(name, (name,))
        if name in SCALARS:
            raise DeclarationInvalid(f"'{name}' is a type of the language and cannot be declared again", path=(name,))
        parsed = parse_declaration(part, known, path=(name,)).type
        known[name] = RecordOf(parsed.fields, name) if isinstance(parsed, RecordOf) else parsed
    return frozen(known)


def parse_fields(raw: Mapping[str, Any], types: Types | None = None, *, path: Path = ()) -> Mapping[str, Declaration]:
    """Return the declarations of *raw*, name by name."""
    if not isinstance(raw, Mapping):
        raise DeclarationInvalid("expected names with their types, like {subject: id}", path=path)
    for name in raw:
        _check_name(name, (*path, name))
    return frozen({name: parse_declaration(part, types, path=(*path, name)) for name, part in raw.items()})


def parse_declaration(raw: Any, types: Types | None = None, *, path: Path = ()) -> Declaration:
    """Return the declaration that *raw* writes; DeclarationInvalid, with the path to the fault, where it is none.

    >>> parse_declaration({"type": "string", "max": 80}).max
    80
    """
    if len(path) > _DEPTH:
        raise DeclarationInvalid(
            f"a declaration may be nested {_DEPTH} deep at most: name a part in 'types'", path=path
        )
    if not (isinstance(raw, Mapping) and "type" in raw):
        return Declaration(type=_parse_type(raw, types or {}, path))
    for option in raw:
        if option not in OPTIONS:
            near = get_close_matches(str(option), OPTIONS, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"options are {', '.join(OPTIONS)}"
            raise DeclarationInvalid(f"unknown option '{option}'", path=(*path, option), hint=hint, at_key=True)
    declared = Declaration(
        type=_parse_type(raw["type"], types or {}, (*path, "type")),
        optional=_flag(raw, "optional", path),
        secret=_flag(raw, "secret", path),
        audience=_audience(raw, path),
        min=_bound(raw, "min", path),
        max=_bound(raw, "max", path),
        pattern=_pattern(raw, path),
    )
    _check_options(declared, path)
    return _with_default(declared, raw, path)


def _parse_type(raw: Any, types: Types, path: Path) -> ValueType:
    match raw:
        case str():
            return _named_type(raw, types, path)
        case list() | tuple():
            return _enum(raw, path)
        case Mapping() if raw:
            return RecordOf(parse_fields(raw, types, path=path))
        case _:
            raise DeclarationInvalid(
                "expected a type: a name like 'string', a list of words, or the parts of a record", path=path
            )


def _named_type(text: str, types: Types, path: Path) -> ValueType:
    if text.startswith("list of "):
        if text.count("list of ") > _DEPTH:
            raise DeclarationInvalid(f"lists may be nested {_DEPTH} deep at most", path=path)
        return ListOf(_named_type(text.removeprefix("list of ").strip(), types, path))
    if text in types:
        return _measured(types[text], path)
    if text in SCALARS:
        return Scalar(text)
    known = [*types, *SCALARS]
    near = get_close_matches(text, known, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"types are {', '.join(known)} and 'list of' one of them"
    raise DeclarationInvalid(f"there is no type '{text}'", path=path, hint=hint)


def _measured(value_type: ValueType, path: Path) -> ValueType:
    """Return *value_type*, unless types that are made of types have grown beyond measure."""
    waiting, parts = [(value_type, 1)], 0
    while waiting:
        inner, depth = waiting.pop()
        parts += 1
        if parts > _MOST_PARTS or depth > _DEEPEST_TYPE:
            what = (
                f"has more than {_MOST_PARTS} parts"
                if parts > _MOST_PARTS
                else f"is nested more than {_DEEPEST_TYPE} deep"
            )
            raise DeclarationInvalid(f"this type {what}", path=path, hint="make it smaller; 'json' holds anything")
        if isinstance(inner, ListOf):
            waiting.append((inner.item, depth + 1))
        elif isinstance(inner, RecordOf):
            waiting.extend((part.type, depth + 1) for part in inner.fields.values())
    return value_type


def _enum(raw: list[Any] | tuple[Any, ...], path: Path) -> EnumOf:
    if not raw:
        raise DeclarationInvalid("a list of words needs at least one word", path=path)
    for index, word in enumerate(raw):
        if not isinstance(word, str) or not word:
            raise DeclarationInvalid("each of the words must be a text", path=(*path, index), hint='write it as "…"')
        if word in raw[:index]:
            raise DeclarationInvalid(f"'{word}' is listed twice", path=(*path, index))
    return EnumOf(tuple(raw))


def _check_name(name: Any, path: Path) -> None:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        hint = "names are small letters, digits and _, beginning with a letter"
        raise DeclarationInvalid(f"'{name}' cannot be a name", path=path, hint=hint, at_key=True)


def _flag(raw: Mapping[str, Any], option: str, path: Path) -> bool:
    flag = raw.get(option, False)
    if not isinstance(flag, bool):
        raise DeclarationInvalid(f"'{option}' is true or false", path=(*path, option))
    return flag


def _audience(raw: Mapping[str, Any], path: Path) -> str | None:
    audience = raw.get("audience")
    if audience is not None and audience not in AUDIENCES:
        raise DeclarationInvalid(f"'audience' is one of {', '.join(AUDIENCES)}", path=(*path, "audience"))
    return audience


def _bound(raw: Mapping[str, Any], option: str, path: Path) -> int | float | None:
    bound = raw.get(option)
    if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int | float)):
        raise DeclarationInvalid(f"'{option}' is a number", path=(*path, option))
    return bound


def _pattern(raw: Mapping[str, Any], path: Path) -> str | None:
    pattern = raw.get("pattern")
    if pattern is None:
        return None
    try:
        re.compile(pattern)
    except (re.error, TypeError, OverflowError, RecursionError) as error:
        raise DeclarationInvalid(
            "'pattern' is not a regular expression", path=(*path, "pattern"), hint=str(error)
        ) from error
    if repeats_a_choice(pattern):
        raise DeclarationInvalid(
            "some texts would keep this pattern busy for ever: it repeats a group that may match in several ways",
            path=(*path, "pattern"),
            hint="repeat single characters or classes, like [a-z0-9]+, or write the group out",
        )
    return str(pattern)


def _check_options(declared: Declaration, path: Path) -> None:
    sized = declared.min is not None or declared.max is not None
    measurable = isinstance(declared.type, ListOf) or (
        isinstance(declared.type, Scalar)
        and declared.type.name not in {"boolean", "time", "duration", "json", "message"}
    )
    if sized and not measurable:
        option = "min" if declared.min is not None else "max"
        raise DeclarationInvalid(f"'{option}' makes no sense for {declared.type}", path=(*path, option))
    if declared.min is not None and declared.max is not None and declared.min > declared.max:
        raise DeclarationInvalid("'min' is greater than 'max': no value would fit", path=(*path, "min"))
    textual = isinstance(declared.type, Scalar) and declared.type.name in {
        "string",
        "id",
        "url",
        "email",
        "phone",
        "code",
    }
    if declared.pattern is not None and not textual:
        raise DeclarationInvalid(f"'pattern' makes no sense for {declared.type}", path=(*path, "pattern"))


def _with_default(declared: Declaration, raw: Mapping[str, Any], path: Path) -> Declaration:
    default = raw.get("default", UNSET)
    if default is UNSET:
        return declared
    if declared.held:
        raise DeclarationInvalid(f"a {declared.type} cannot have a default", path=(*path, "default"))
    if problems := check_value(declared, default):
        raise DeclarationInvalid(f"the default does not fit: {problems[0].message}", path=(*path, "default"))
    return Declaration(
        type=declared.type,
        optional=declared.optional,
        default=encode_value(declared, default),
        secret=declared.secret,
        audience=declared.audience,
        min=declared.min,
        max=declared.max,
        pattern=declared.pattern,
    )

"""The types of values that flows and executors exchange, and the forms in which such values live.

A value has two forms: the *state form* is JSON and nothing else (times and durations are ISO 8601 text); the
*native form* is what expressions and executors see (aware ``datetime`` and ``timedelta``). ``check`` takes either,
``encode`` gives the first, ``decode`` the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar, cast

K = TypeVar("K")
V = TypeVar("V")

ScalarName = Literal[
    "string",
    "integer",
    "number",
    "boolean",
    "id",
    "url",
    "email",
    "phone",
    "time",
    "duration",
    "json",
    "message",
    "endpoint",
    "password",
    "code",
]
SCALARS: Final[tuple[ScalarName, ...]] = (
    "string",
    "integer",
    "number",
    "boolean",
    "id",
    "url",
    "email",
    "phone",
    "time",
    "duration",
    "json",
    "message",
    "endpoint",
    "password",
    "code",
)
TEXTUAL: Final = frozenset({"string", "id", "url", "email", "phone", "endpoint", "password", "code"})
HELD: Final = frozenset({"password", "code"})
AUDIENCES: Final = ("initiator", "person", "approvers", "operators", "nobody")


class Unset:
    """The one value of this class, ``UNSET``, says that nothing was given: ``None`` is not a value of the language."""

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()


def frozen(mapping: Mapping[K, V]) -> Mapping[K, V]:
    """Return a read-only copy of *mapping*."""
    return MappingProxyType(dict(mapping))


@dataclass(frozen=True, slots=True)
class Scalar:
    """One of the types that have no parts."""

    name: ScalarName

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ListOf:
    """Any number of values of one type, in order."""

    item: ValueType

    def __str__(self) -> str:
        return f"list of {self.item}"


@dataclass(frozen=True, slots=True)
class EnumOf:
    """One of a few words."""

    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"one of {', '.join(self.values)}"


@dataclass(frozen=True, slots=True)
class RecordOf:
    """Named parts, each with a declaration of its own. ``name`` is its name among ``types``, if it has one."""

    fields: Mapping[str, Declaration]
    name: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.name or "{" + ", ".join(self.fields) + "}"


ValueType = Scalar | ListOf | EnumOf | RecordOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One input, field, variable or part: its type and the options that narrow it."""

    type: ValueType
    optional: bool = False
    default: Any = UNSET
    secret: bool = False
    audience: str | None = None
    min: int | float | None = None
    max: int | float | None = None
    pattern: str | None = None

    @property
    def held(self) -> bool:
        """Return whether its value is kept in memory only, from the submit to the one task that takes it."""
        return holds_secret(self.type)

    @property
    def takes_secrets(self) -> bool:
        """Return whether a secret may be handed to it."""
        return self.secret or self.held

    @property
    def required(self) -> bool:
        """Return whether it must be given: it is not optional and has no default."""
        return not self.optional and self.default is UNSET

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as JSON, from which ``Declaration.from_json`` makes an equal one."""
        shown: dict[str, Any] = {"type": type_to_json(self.type)}
        if self.default is not UNSET:
            shown["default"] = self.default
        for option in ("optional", "secret", "audience", "min", "max", "pattern"):
            if (chosen := getattr(self, option)) not in (None, False) or (chosen == 0 and chosen is not False):
                shown[option] = chosen
        return shown

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Declaration:
        """Return what ``to_json`` wrote."""
        return cls(**{**raw, "type": type_from_json(raw["type"])})


def holds_secret(value_type: ValueType) -> bool:
    """Return whether a value of *value_type* has a password or a code in it."""
    match value_type:
        case Scalar(name):
            return name in HELD
        case ListOf(item):
            return holds_secret(item)
        case RecordOf(fields):
            return any(part.held for part in fields.values())
        case EnumOf():
            return False


def type_to_json(value_type: ValueType) -> Any:
    """Return *value_type* as JSON."""
    match value_type:
        case Scalar(name):
            return name
        case ListOf(item):
            return {"list": type_to_json(item)}
        case EnumOf(values):
            return {"enum": list(values)}
        case RecordOf(fields, name):
            return {"record": {key: part.to_json() for key, part in fields.items()}, "name": name}


def type_from_json(raw: Any) -> ValueType:
    """Return the type that ``type_to_json`` wrote."""
    match raw:
        case str():
            return Scalar(cast("ScalarName", raw))  # written by type_to_json, which had one
        case {"list": item}:
            return ListOf(type_from_json(item))
        case {"enum": values}:
            return EnumOf(tuple(values))
        case {"record": fields, "name": name}:
            return RecordOf(frozen({key: Declaration.from_json(part) for key, part in fields.items()}), name)
        case _:
            raise ValueError("this is not a type that a compiled flow holds: was it written by another version?")

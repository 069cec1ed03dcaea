"""What each shape of the key table is in JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.contracts import frozen
from engine.contracts.types import AUDIENCES, SCALARS

Json = dict[str, Any]

_WORD: Final = "[a-z][a-z0-9_]*"
_NAME: Final = "^[a-z][a-z0-9_]{0,63}$"
_SHORT: Final = r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$"
_ISO: Final = r"^P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d{1,6})?S)?)?$"
# Keys that name what the author chose freely, where others are names of the language.
_FREE: Final = frozenset({"test", "data", "answers"})

EXPRESSION: Final[Mapping[str, Any]] = frozen({"type": "string", "pattern": "^="})

WORDS: Final[Mapping[str, Mapping[str, Any]]] = frozen(
    {
        "name": {"type": "string", "pattern": _NAME},
        "version": {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5})){2}$"},
        "language": {"const": 1},
        "text": {"type": "string"},
        "text id": {"type": "string"},
        "node": {"type": "string", "pattern": _NAME},
        "executor": {"type": "string"},
        "flow reference": {"type": "string", "pattern": f"^{_WORD}@(0|[1-9][0-9]{{0,5}})$"},
        "signal name": {"type": "string", "pattern": _NAME},
        "outcome": {"type": "string", "pattern": _NAME},
        "path": {"type": "string", "pattern": rf"^((inputs|vars)\.{_WORD}|steps\.{_WORD}\.{_WORD})$"},
        "fault": {"type": "string", "pattern": _NAME},
        "visits": {"type": "integer", "minimum": 1, "maximum": 10_000},
        "attempts": {"type": "integer", "minimum": 2, "maximum": 100},
        "factor": {"type": "number", "minimum": 1, "maximum": 100},
        "number": {"type": "number"},
        "flag": {"type": "boolean"},
        "duration": {"type": "string", "anyOf": [{"pattern": _SHORT}, {"pattern": _ISO}]},
        "pattern": {"type": "string", "format": "regex"},
        "effect": {"enum": ["transactional", "external"]},
        "early": {"enum": ["keep", "refuse"]},
        "jitter": {"enum": ["full", "none"]},
        "audience": {"enum": list(AUDIENCES)},
        "value": {"type": ["string", "number", "boolean", "array", "object"]},
        "condition": dict(EXPRESSION),
        "data": {"type": ["string", "number", "boolean", "array", "object"]},
        "type": {
            "type": ["string", "array", "object"],
            "examples": list(SCALARS),  # what editors offer
            "if": {"type": "string"},
            "then": {"anyOf": [{"enum": list(SCALARS)}, {"pattern": f"^(list of +)*{_WORD}$"}]},
            "else": {"$ref": "#/definitions/words-or-record"},
        },
        "answer": {"type": ["string", "object"], "maxProperties": 1, "minProperties": 1},
        "answers": {
            "type": ["string", "object", "array"],
            "if": {"type": "array"},
            "then": {"items": {"$ref": "#/definitions/answer"}},
            "else": {"$ref": "#/definitions/answer"},
        },
        "words-or-record": {
            "if": {"type": "array"},
            "then": {"items": {"type": "string", "minLength": 1}, "minItems": 1, "uniqueItems": True},
            "else": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": f"^{_WORD}$"},
                "additionalProperties": {"$ref": "#/definitions/declaration"},
            },
        },
        "fields": {
            "type": "object",
            "propertyNames": {"pattern": _NAME},
            "additionalProperties": {"$ref": "#/definitions/declaration"},
        },
    }
)


def reference(name: str) -> Json:
    """Return a reference to a definition."""
    return {"$ref": f"#/definitions/{name.replace(' ', '-')}"}


def shape(holds: tuple[str, ...]) -> Json:
    """Return what a key may hold: one shape, or a text in short where the long form has keys or entries."""
    if len(holds) == 1:
        return _one(holds[0])
    short, long = holds
    kind = "array" if long.startswith("list of ") else "object"
    return {"type": ["string", kind], "if": {"type": kind}, "then": _one(long), "else": _one(short)}


def _one(word: str) -> Json:
    for prefix, made in _COLLECTIONS.items():
        if word.startswith(prefix):
            return made(word.removeprefix(prefix))
    return reference(word)


def _map(word: str) -> Json:
    keys = {} if word in _FREE else {"propertyNames": {"pattern": _NAME}}
    return {"type": "object", **keys, "additionalProperties": _part(word)}


def _list(word: str) -> Json:
    return {"type": "array", "items": _part(word)}


def _part(word: str) -> Json:
    return shape(_PARTS.get(word, (word,)))


_COLLECTIONS: Final[Mapping[str, Callable[[str], Json]]] = {"map of ": _map, "list of ": _list}
# A route may be written short everywhere: the name alone.
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {"target": ("node", "target")}

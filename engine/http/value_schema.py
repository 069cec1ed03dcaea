"""What a declaration allows, as JSON Schema 2020-12: the same declaration that checks the value at run time."""

from collections.abc import Mapping
from typing import Any, Final

from engine.contracts import UNSET, Declaration, EnumOf, ListOf, RecordOf, Scalar, ValueType

_NO_NUL: Final = r"^[^\u0000]*$"
_JSON_PART: Final = {"anyOf": [{"$ref": "#/components/schemas/JsonValue"}, {"type": "null"}]}
_JSON_OBJECT: Final = {
    "type": "object",
    "propertyNames": {"pattern": _NO_NUL},
    "additionalProperties": _JSON_PART,
}
_BIGGEST: Final = 2**53
# What declarations refer to, by the name that it has in the document.
SHARED_SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "JsonValue": {
        "description": "JSON, but not null at the top",
        "anyOf": [
            {"type": "string", "pattern": _NO_NUL},
            {"type": "number", "minimum": -_BIGGEST, "maximum": _BIGGEST},
            {"type": "boolean"},
            {"type": "array", "items": _JSON_PART},
            _JSON_OBJECT,
        ],
    }
}
_SCALARS: Final[Mapping[str, Mapping[str, Any]]] = {
    "string": {"type": "string", "pattern": _NO_NUL},
    "password": {"type": "string", "format": "password", "pattern": _NO_NUL},
    "code": {"type": "string", "pattern": _NO_NUL},
    "id": {"type": "string", "pattern": r"^[!-~\u00a1-\u1fff]{1,255}$"},
    "endpoint": {"type": "string", "pattern": r"^[!-~\u00a1-\u1fff]{1,255}$"},
    "url": {"type": "string", "pattern": r"^https?://[!-~]+$"},
    "email": {"type": "string", "pattern": r"^[!-?A-~]{1,64}@[!-?A-~]{1,255}$"},
    "phone": {"type": "string", "pattern": r"^\+[1-9][0-9]{5,14}$"},
    "integer": {"type": "integer", "minimum": -_BIGGEST, "maximum": _BIGGEST},
    "number": {"type": "number", "minimum": -_BIGGEST, "maximum": _BIGGEST},
    "boolean": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
    "duration": {"type": "string", "pattern": r"^[1-9][0-9]{0,5}(ms|s|m|h|d)$"},
    "json": {"$ref": "#/components/schemas/JsonValue"},
    "message": {
        "type": "object",
        "properties": {"id": {"type": "string", "pattern": _NO_NUL}, "params": _JSON_OBJECT},
        "required": ["id"],
        "additionalProperties": False,
    },
}


def fields_schema(declarations: Mapping[str, Declaration]) -> dict[str, Any]:
    """Return the schema of an object with these fields and no others.

    Where words alone cannot say what is allowed, the schema allows less than the check does.
    """
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: declaration_schema(declared) for name, declared in declarations.items()},
        "additionalProperties": False,
    }
    if required := [name for name, declared in declarations.items() if declared.required]:
        schema["required"] = required
    return schema


def declaration_schema(declared: Declaration) -> dict[str, Any]:
    """Return the schema of one value."""
    schema = _type_schema(declared.type)
    kind = schema.get("type")
    low, high = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}.get(
        str(kind), ("minimum", "maximum")
    )
    if declared.min is not None:
        schema[low] = declared.min
    if declared.max is not None:
        schema[high] = declared.max
    if declared.pattern is not None:
        schema["pattern"] = f"^(?:{declared.pattern})$"
    if declared.default is not UNSET:
        schema["default"] = declared.default
    return schema


def _type_schema(value_type: ValueType) -> dict[str, Any]:
    match value_type:
        case Scalar(name):
            return dict(_SCALARS[name])
        case ListOf(item):
            return {"type": "array", "items": _type_schema(item)}
        case EnumOf(values):
            return {"type": "string", "enum": list(values)}
        case RecordOf(fields):
            return fields_schema(fields)

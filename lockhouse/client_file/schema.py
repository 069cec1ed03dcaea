"""The JSON Schema of files of clients, for editors: made from the table of fields."""

from collections.abc import Sequence
from typing import Any

from lockhouse.client_fields import FIELDS, LIMITS, ClientField

__all__ = ["client_file_schema"]


def client_file_schema() -> dict[str, Any]:
    """Return the schema: what an editor needs to complete keys and to underline what cannot be."""
    reference = {
        "description": "Where its secret is looked up: it never stands in this file.",
        "oneOf": [
            {"type": "object", "properties": {name: {"type": "string"}}, "required": [name], **_CLOSED}
            for name in ("env", "file")
        ],
    }
    client = {
        "type": "object",
        "properties": {**_properties(FIELDS), "secret": reference, "limits": _object(_properties(LIMITS))},
        **_CLOSED,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Clients of a Lockhouse server",
        "type": "object",
        "properties": {
            "owner": {
                "type": "string",
                "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$",
                "description": "Tells the clients of this file from those of others; clients, if left out.",
            },
            "clients": {"type": "object", "additionalProperties": client, "description": "Clients by their ids."},
        },
        "required": ["clients"],
        **_CLOSED,
    }


_CLOSED = {"additionalProperties": False}
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "flag": {"type": "boolean"},
    "count": {"type": "integer"},
    "seconds": {"type": "integer"},
    "file": {"type": "string"},
}


def _properties(fields: Sequence[ClientField]) -> dict[str, Any]:
    return {field.key: _property(field) for field in fields}


def _property(field: ClientField) -> dict[str, Any]:
    shape = {**_TYPES[field.kind], "description": field.says}
    if field.choices and field.kind == "texts":
        shape["items"] = {"type": "string", "enum": list(field.choices)}
    elif field.choices:
        shape["enum"] = list(field.choices)
    if field.kind in {"count", "seconds"}:
        shape |= {"minimum": field.low, **({} if field.high is None else {"maximum": field.high})}
    return shape


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **_CLOSED}

"""JSON as bytes, the way states and histories are stored."""

import json
from typing import Any

from pydantic_core import from_json, to_json


def encode(value: Any) -> bytes:
    """Return *value*, which is JSON, as its shortest text in UTF-8."""
    try:
        return to_json(value)  # five times as fast as the standard library's, which each step would call three times
    except ValueError:  # half a surrogate pair, or lists in lists by the hundred: what the other one can write
        return json.dumps(value, separators=(",", ":")).encode()


def decode(text: bytes) -> Any:
    """Return what ``encode`` was given."""
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)

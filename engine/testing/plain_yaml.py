"""Writing data as YAML that the language's strict reader takes back unchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from engine.testing.telling import span

_PLAIN: Final = re.compile(r"[A-Za-z+][A-Za-z0-9_+.]*( [A-Za-z0-9_]+)*", re.ASCII)
# What YAML tools read as something else where it stands without quotes.
_TAKEN: Final = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false", "null"})


def yaml_of(value: Any) -> str:
    """Return *value* on one line.

    >>> yaml_of({"act": "submit", "with": {"password": "y", "tries": [1, "two"]}, "advance": timedelta(hours=2)})
    '{act: submit, with: {password: "y", tries: [1, two]}, advance: 2h}'
    """
    match value:
        case str():
            return value if _PLAIN.fullmatch(value) and value.lower() not in _TAKEN else _quoted(value)
        case timedelta():
            return span(value)
        case Mapping():
            return "{" + ", ".join(f"{yaml_of(key)}: {yaml_of(part)}" for key, part in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(yaml_of(part) for part in value) + "]"
        case _:
            return json.dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

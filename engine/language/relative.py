"""Times that a test writes as ``+5m`` or ``-1h``: from now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.contracts import Declaration, ListOf, RecordOf, Scalar, ValueType, parse_duration


def moved_fields(declared: Mapping[str, Declaration], values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return *values* with times like ``+5m`` counted from *now*; one that is no duration stays as it is."""
    return {
        name: _moved(declared[name].type, value, now) if name in declared else value for name, value in values.items()
    }


def _moved(value_type: ValueType, value: Any, now: datetime) -> Any:
    match value_type:
        case Scalar("time") if isinstance(value, str) and value.startswith(("+", "-")):
            return _counted(value, now)
        case ListOf(item) if isinstance(value, list | tuple):
            return [_moved(item, part, now) for part in value]
        case RecordOf(fields) if isinstance(value, Mapping):
            return moved_fields(fields, value, now)
        case _:
            return value


def _counted(text: str, now: datetime) -> Any:
    try:
        span = parse_duration(text[1:])
        return now + span if text.startswith("+") else now - span
    except (ValueError, OverflowError):
        return text

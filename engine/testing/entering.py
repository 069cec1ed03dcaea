"""Values as a person types them: by type, one line each."""

from __future__ import annotations

import json
from typing import Any, Final

from engine.contracts import Declaration, ListOf, RecordOf, Scalar, check_value
from engine.language.diagnostics import Findings
from engine.language.relative import moved_fields
from engine.language.yaml_reader import read_yaml
from engine.language.yaml_tree import YamlMap, plain_data
from engine.testing.simulation import NOON

_TRUTH: Final = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}


class NotAValue(ValueError):
    """What was typed does not fit; the message says why."""


def entered(name: str, declared: Declaration, text: str) -> Any:
    """Return the value that *text* stands for; NotAValue where it does not fit *declared*.

    >>> entered("amounts", Declaration(type=ListOf(Scalar("integer"))), "1, 2")
    [1, 2]
    """
    value = _read(declared, text.strip())
    moved = moved_fields({name: declared}, {name: value}, NOON)[name]
    if problems := check_value(declared, moved, field=name):
        raise NotAValue("; ".join(problem.message for problem in problems))
    return value


def entered_fields(text: str) -> dict[str, Any]:
    """Return the fields that *text* has: JSON, or YAML as flows are written; NotAValue where it has none."""
    findings = Findings("inputs")
    root = read_yaml(text, findings)
    if findings.found:
        first = findings.found[0]
        raise NotAValue(f"line {first.line}, column {first.column}: {first.message}")
    if not isinstance(root, YamlMap):
        raise NotAValue("expected names with values, like {amount: 5}")
    return {entry.key: plain_data(entry.value) for entry in root.entries}


def _read(declared: Declaration, text: str) -> Any:
    match declared.type:
        case Scalar("boolean"):
            return _TRUTH.get(text.lower(), text)
        case Scalar("integer" | "number"):
            return _number(text)
        case Scalar("json" | "message") | RecordOf():
            return _structure(text)
        case ListOf() if text.startswith(("[", "{")):
            return _structure(text if text.startswith("[") else f"[{text}]")
        case ListOf(item):
            return [_read(Declaration(type=item), part.strip()) for part in text.split(",") if part.strip()]
        case _:
            return text


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text


def _structure(text: str) -> Any:
    """Return *text* as data: JSON or YAML in brackets, and as a text where it is neither."""
    try:
        return json.loads(text)
    except ValueError:
        return entered_fields(f"value: {text}")["value"] if text.startswith(("[", "{")) else text

"""Diagnostics as SARIF 2.1.0: what code hosts and editors show beside the lines of a change."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from engine.language.diagnostics import Diagnostic, Related
from engine.language.rules import RULES

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_log(diagnostics: Iterable[Diagnostic], *, version: str) -> dict[str, Any]:
    """Return *diagnostics* as one SARIF run of ``lockhouse flow check`` in this *version*."""
    found = list(diagnostics)
    codes = sorted({one.code for one in found})
    places = {code: index for index, code in enumerate(codes)}
    driver = {"name": "lockhouse flow check", "semanticVersion": version, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, places[one.code]) for one in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    rule = RULES[code]
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": rule.meaning},
        "help": {"text": f"{rule.remedy}\n\nFor example:\n{rule.example}"},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"tags": [rule.family]},
    }


def _result(found: Diagnostic, index: int) -> dict[str, Any]:
    words = f"{found.message}; {found.hint}" if found.hint else found.message
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": found.severity,
        "message": {"text": words},
        "locations": [{"physicalLocation": _place(found.file, found.line, found.column, found.end_column)}],
    }
    if found.related:
        result["relatedLocations"] = [_related(place) for place in found.related]
    return result


def _related(place: Related) -> dict[str, Any]:
    return {"physicalLocation": _place(place.file, place.line, place.column), "message": {"text": place.message}}


def _place(file: str, line: int, column: int, end_column: int | None = None) -> dict[str, Any]:
    region = {"startLine": line, "startColumn": column}
    if end_column is not None:
        region["endColumn"] = end_column
    return {"artifactLocation": {"uri": quote(PurePath(file).as_posix())}, "region": region}

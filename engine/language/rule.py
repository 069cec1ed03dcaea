"""One rule of the flow language: what it means, an example that breaks it, and the remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from typing import Literal as OneOf

Family = OneOf[
    "yaml",
    "shape",
    "names",
    "outcomes",
    "graph",
    "types",
    "data",
    "secrets",
    "security",
    "calls",
    "texts",
    "limits",
    "tests",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. ``example`` is a piece of a flow that breaks it."""

    code: str
    name: str
    family: Family
    meaning: str
    example: str
    remedy: str
    severity: OneOf["error", "warning"] = "error"

    def to_json(self) -> dict[str, Any]:
        """Return the rule as JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def rule(  # noqa: PLR0917 - the table below reads like one
    code: str, name: str, family: Family, meaning: str, example: str, remedy: str, *, warns: bool = False
) -> tuple[str, Rule]:
    """Return a rule beside its code: one line of a table."""
    severity: OneOf["error", "warning"] = "warning" if warns else "error"
    return code, Rule(
        code=code, name=name, family=family, meaning=meaning, example=example, remedy=remedy, severity=severity
    )

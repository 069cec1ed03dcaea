"""What the compiler says about a flow: one value for each thing that is wrong, with its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from heapq import nlargest
from typing import Any, Final
from typing import Literal as OneOf

from engine.contracts import AuthorError
from engine.language.rules import RULES

Severity = OneOf["error", "warning"]
# Of one file that cannot even be read; what is said after that many helps nobody.
MOST_OF_A_FILE: Final = 200
_MOST_COMPARED: Final = 40


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a file: lines and columns count from one, the end is the column after the last character."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Another place that has to do with it."""

    file: str
    line: int
    column: int
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"file": self.file, "line": self.line, "column": self.column, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One thing that is wrong (or, as a warning, strange) in one file, with a stable ``code``."""

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    end_column: int
    message: str
    hint: str = ""
    related: tuple[Related, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, with the name of its rule."""
        return {
            "code": self.code,
            "rule": RULES[self.code].name,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_column": self.end_column,
            "message": self.message,
            "hint": self.hint,
            "related": [place.to_json() for place in self.related],
        }


class FlowsInvalid(AuthorError):
    """Flows were to be loaded that do not check. ``diagnostics`` says what is wrong with them."""

    code = "flows_invalid"

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        lines = [f"{d.file}:{d.line}:{d.column}: {d.code} {d.message}" for d in self.diagnostics]
        super().__init__("the flows do not check:\n" + "\n".join(lines))


class Findings:
    """Collects the diagnostics of one file. The one mutable thing while a file is read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Diagnostic] = []

    def add(
        self, code: str, span: Span, message: str, *, hint: str = "", related: Iterable[tuple[Span, str]] = ()
    ) -> None:
        """Note that the rule *code* is broken at *span*."""
        if len(self.found) < MOST_OF_A_FILE:
            self.found.append(diagnostic(code, self.file, span, message, hint=hint, related=related))


def diagnostic(
    code: str, file: str, span: Span, message: str, *, hint: str = "", related: Iterable[tuple[Span, str]] = ()
) -> Diagnostic:
    """Return the diagnostic that the rule *code* is broken at *span* of *file*."""
    end = span.end_column if span.end_line == span.line else span.column + 1
    return Diagnostic(
        code=code,
        severity=RULES[code].severity,
        file=file,
        line=span.line,
        column=span.column,
        end_column=max(end, span.column + 1),
        message=message,
        hint=hint or "",
        related=tuple(Related(file=file, line=s.line, column=s.column, message=words) for s, words in related),
    )


def closest(name: str, known: Sequence[str]) -> str | None:
    """Return the one of *known* that *name* was probably meant to be, if there is one."""
    among = known if len(known) <= _MOST_COMPARED else nlargest(_MOST_COMPARED, known, key=partial(_alike, name))
    return next(iter(get_close_matches(name, among, 1)), None)


def _alike(name: str, other: str) -> int:
    """Return a rough measure that costs little: how much of the beginning and of the end is the same."""
    return _beginning(name, other) + _beginning(name[::-1], other[::-1]) - abs(len(name) - len(other))


def _beginning(left: str, right: str) -> int:
    """Return how many characters two texts begin with alike."""
    return next((at for at, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), len(left))


def nearest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return a hint that names the nearest of *known*, or lists them.

    >>> nearest("consnet", ["consent", "password_auth"])
    "did you mean 'consent'?"
    """
    sorted_names = sorted(known)
    if (near := closest(name, sorted_names)) is not None:
        return f"did you mean '{near}'?"
    if otherwise:
        return otherwise
    return f"known: {', '.join(sorted_names)}" if sorted_names else ""

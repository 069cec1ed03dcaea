"""Diagnostics for people: the place, the line, a caret, the reason and the remedy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from engine.language.diagnostics import Diagnostic

_RED: Final = "\x1b[1;31m"
_YELLOW: Final = "\x1b[1;33m"
_BLUE: Final = "\x1b[1;34m"
_BOLD: Final = "\x1b[1m"
_CYAN: Final = "\x1b[36m"
_PLAIN: Final = "\x1b[0m"
_WIDEST: Final = 160


def render_diagnostics(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, str | bytes] | None = None, *, color: bool = False
) -> str:
    """Return *diagnostics* as text. *sources* are the files' contents by name; without them no lines are shown.

    The text holds nothing that could move a terminal's cursor: control characters of the file are replaced.
    """
    listed = list(diagnostics)
    lines = {file: _lines(source) for file, source in (sources or {}).items()}
    blocks = ["\n".join(_block(found, lines.get(found.file, []), color=color)) for found in listed]
    return "\n\n".join([*blocks, summary(listed)]) + "\n"


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """Return how many errors and warnings there are, in words."""
    errors = sum(found.severity == "error" for found in diagnostics)
    warnings = len(diagnostics) - errors
    words = [
        f"{count} {word}{'s' if count > 1 else ''}"
        for count, word in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    return " and ".join(words) if words else "no problems found"


def diagnostics_json(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Return *diagnostics* as JSON."""
    return [found.to_json() for found in diagnostics]


def _lines(source: str | bytes) -> list[str]:
    text = source.decode("utf-8", errors="replace") if isinstance(source, bytes) else source
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _painted(text: str, paint: str, *, color: bool) -> str:
    return f"{paint}{text}{_PLAIN}" if color else text


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "·" for character in text.replace("\t", " "))


def _block(found: Diagnostic, lines: Sequence[str], *, color: bool) -> Iterable[str]:
    paint = _RED if found.severity == "error" else _YELLOW
    yield (
        f"{_painted(f'{found.severity}[{found.code}]', paint, color=color)}"
        f"{_painted(f': {_printable(found.message)}', _BOLD, color=color)}"
    )
    gutter = " " * len(str(found.line))
    bar = _painted("|", _BLUE, color=color)
    yield f"{gutter}{_painted('-->', _BLUE, color=color)} {found.file}:{found.line}:{found.column}"
    if found.line <= len(lines):
        shown, start = _window(lines[found.line - 1], found.column)
        length = max(1, min(found.end_column - found.column, len(shown) - (found.column - 1 - start)))
        number = _painted(str(found.line), _BLUE, color=color)
        caret = " " * (found.column - 1 - start) + _painted("^" * length, paint, color=color)
        yield f"{gutter} {bar}"
        yield f"{number} {bar} {_printable(shown)}"
        yield f"{gutter} {bar} {caret}"
    mark = f"{gutter} {_painted('=', _BLUE, color=color)}"
    if found.hint:
        yield f"{mark} {_painted('help:', _CYAN, color=color)} {_printable(found.hint)}"
    for place in found.related:
        yield f"{mark} {place.file}:{place.line}:{place.column}: {_printable(place.message)}"


def _window(line: str, column: int) -> tuple[str, int]:
    """Return the part of a long line around *column*, and where it begins."""
    if len(line) <= _WIDEST:
        return line, 0
    start = max(0, min(column - _WIDEST // 2, len(line) - _WIDEST))
    return line[start : start + _WIDEST], start

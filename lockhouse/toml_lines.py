"""Finds on which line of a TOML text each key stands; `tomllib` parses, but forgets where.

It reads line by line and understands tables, dotted keys and quoted keys. What stands inside an inline table
or a multi-line value is found by the line of the key above it.
"""

import re
from collections.abc import Mapping

__all__ = ["line_of", "lines_by_path"]

_TABLE = re.compile(r"^\s*\[\[?\s*(?P<name>[^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(
    r"""^\s*(?P<name>(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def lines_by_path(text: str) -> Mapping[tuple[str, ...], int]:
    r"""Return the line (from 1) of every table and key.

    >>> lines_by_path('issuer = "x"\n[mail]\nport = 25\n')[("mail", "port")]
    3
    """
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            table = _parts(header["name"])
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_parts(key["name"])), number)
    return lines


def line_of(lines: Mapping[tuple[str, ...], int], path: tuple[str, ...]) -> int:
    """Return the line of *path* or of the nearest thing above it that has one."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    # A dotted key (mail.port = 25) is the first line of its table; a model-wide mistake has no line of its own.
    inside = [line for known, line in lines.items() if known[: len(path)] == path]
    return min(inside, default=1)


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(name))

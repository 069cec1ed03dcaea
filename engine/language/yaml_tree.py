"""A YAML file as a tree in which every key and value knows its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.language.diagnostics import Span

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class YamlScalar:
    """A text, number or truth value. ``raw`` is what the file has, quotes included."""

    span: Span
    value: str | int | float | bool
    raw: str

    @property
    def quoted(self) -> bool:
        """Return whether it stands in quotes or in a block of its own."""
        return self.raw[:1] in {'"', "'", "|", ">"}


@dataclass(frozen=True, slots=True)
class YamlList:
    """Entries in order."""

    span: Span
    items: tuple[YamlNode, ...]


@dataclass(frozen=True, slots=True)
class YamlEntry:
    """A key and what it holds."""

    key: str
    key_span: Span
    value: YamlNode


@dataclass(frozen=True)
class YamlMap:
    """Keys with what they hold, in order; of a doubled key the first."""

    span: Span
    entries: tuple[YamlEntry, ...]

    @cached_property
    def _by_key(self) -> dict[str, YamlEntry]:
        return {entry.key: entry for entry in self.entries}

    def entry(self, key: str) -> YamlEntry | None:
        """Return the entry of *key*, if it is there."""
        return self._by_key.get(key)

    def get(self, key: str) -> YamlNode | None:
        """Return what *key* holds, if it is there."""
        found = self.entry(key)
        return found.value if found else None


@dataclass(frozen=True, slots=True)
class YamlBad:
    """Something that was reported already; whoever meets it says no more about it."""

    span: Span


YamlNode = YamlScalar | YamlList | YamlMap | YamlBad


def plain_data(node: YamlNode) -> Any:
    """Return *node* as plain Python data."""
    match node:
        case YamlScalar(value=value):
            return value
        case YamlList(items=items):
            return [plain_data(item) for item in items]
        case YamlMap(entries=entries):
            return {entry.key: plain_data(entry.value) for entry in entries}
        case YamlBad():
            return None


def has_bad(node: YamlNode) -> bool:
    """Return whether something in *node* was reported already."""
    match node:
        case YamlBad():
            return True
        case YamlList(items=items):
            return any(has_bad(item) for item in items)
        case YamlMap(entries=entries):
            return any(has_bad(entry.value) for entry in entries)
        case YamlScalar():
            return False


@dataclass(frozen=True, slots=True)
class Spots:
    """Finds the places of keys and values by path; where a path is not all there, its nearest ancestor."""

    root: YamlNode

    def value(self, *path: str | int) -> Span:
        """Return where the value at *path* stands."""
        node, entry = self._walk(path)
        if entry is not None and isinstance(node, YamlMap | YamlList) and node.span.line != entry.key_span.line:
            return entry.key_span
        return node.span

    def key(self, *path: str | int) -> Span:
        """Return where the key that *path* ends with stands."""
        node, entry = self._walk(path)
        return entry.key_span if entry is not None else node.span

    def target(self, *path: str | int) -> Span:
        """Return where the name of a node stands that may be written short (``x``) or long (``{to: x}``)."""
        node, _ = self._walk(path)
        to = node.get("to") if isinstance(node, YamlMap) else None
        return to.span if to is not None else self.value(*path)

    def inside(self, path: Path, at: int, length: int) -> Span:
        """Return where the characters from *at* of the expression at *path* stand (counted after its ``=``)."""
        node, _ = self._walk(path)
        return expression_span(node, at, length)

    def _walk(self, path: Path) -> tuple[YamlNode, YamlEntry | None]:
        node, entry = self.root, None
        for step in path:
            following: YamlNode | None = None
            if isinstance(node, YamlMap) and isinstance(step, str):
                found = node.entry(step)
                following, entry = (found.value, found) if found else (None, entry)
            elif isinstance(node, YamlList) and isinstance(step, int) and step < len(node.items):
                following = node.items[step]
                entry = None
            if following is None:
                break
            node = following
        return node, entry


def expression_span(node: YamlNode, at: int, length: int) -> Span:
    """Return where the characters from *at* of the expression that *node* holds stand (counted after its ``=``)."""
    if not isinstance(node, YamlScalar) or node.span.line != node.span.end_line:
        return node.span
    start, end = _column_in_raw(node.raw, at + 1), _column_in_raw(node.raw, at + 1 + length)
    if start is None:
        return node.span
    last = node.span.column + (end if end is not None else start + 1)
    return Span(node.span.line, node.span.column + start, node.span.line, last)


def _column_in_raw(raw: str, index: int) -> int | None:
    """Return where character *index* of a scalar's value stands in its *raw* form, or None where that is unclear."""
    quote = raw[:1]
    if quote not in {'"', "'"}:
        return index if quote not in {"|", ">"} else None
    for value_index, raw_index in enumerate(_raw_positions(raw, quote)):
        if value_index == index:
            return raw_index
    return None


def _raw_positions(raw: str, quote: str) -> Iterator[int]:
    position = 1
    while position < len(raw):
        yield position
        pair = raw[position : position + 2]
        doubled = pair == "''" if quote == "'" else pair[:1] == "\\"
        if doubled and quote == '"' and pair not in {'\\"', "\\\\", "\\/"}:
            return  # another escape: its length varies, and no expression needs one
        position += 2 if doubled else 1

"""Reading the shapes that every part of a flow is made of: keys, names, texts, numbers, durations, declarations."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import Final

from engine.contracts import Declaration, DeclarationInvalid, Scalar, ValueType, parse_declaration, parse_duration
from engine.language.diagnostics import Findings, Span, nearest
from engine.language.key import Construct
from engine.language.yaml_tree import (
    Spots,
    YamlBad,
    YamlEntry,
    YamlList,
    YamlMap,
    YamlNode,
    YamlScalar,
    has_bad,
    plain_data,
)

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_NAMING: Final = "names are small letters, digits and _, begin with a letter and have 64 characters at most"
UNKNOWN: Final = Declaration(type=Scalar("json"), default="")  # fits everything, so that nothing follows from it
_LONGEST: Final = timedelta(days=3660)


def describe(node: YamlNode) -> str:
    """Return what *node* is, for "expected …, found …"."""
    match node:
        case YamlMap():
            return "keys with values"
        case YamlList():
            return "a list"
        case YamlScalar(value=bool()):
            return "true or false"
        case YamlScalar(value=str()):
            return "a text"
        case YamlScalar():
            return "a number"
        case YamlBad():
            return "nothing usable"


class Reading:
    """Reads pieces of one file; notes what is wrong and gives None for it."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def _wrong_shape(self, node: YamlNode, expected: str) -> None:
        if not isinstance(node, YamlBad):
            start = Span(node.span.line, node.span.column, node.span.end_line, node.span.end_column)
            self.findings.add("LH203", start, f"expected {expected}, found {describe(node)}")

    def map(self, node: YamlNode, what: str) -> YamlMap | None:
        """Return *node* where it has keys."""
        if isinstance(node, YamlMap):
            return node
        self._wrong_shape(node, what)
        return None

    def keys(
        self, node: YamlNode, what: str, allowed: Collection[str], required: Collection[str] = ()
    ) -> YamlMap | None:
        """Return *node* where it has keys; keys beside *allowed*, or missing ones of *required*, are noted."""
        found = self.map(node, what)
        if found is None:
            return None
        for entry in found.entries:
            if entry.key not in allowed:
                hint = nearest(entry.key, allowed, f"keys here are {', '.join(allowed)}")
                self.findings.add("LH201", entry.key_span, f"unknown key '{entry.key}'", hint=hint)
        for key in required:
            if found.entry(key) is None:
                start = Span(node.span.line, node.span.column, node.span.line, node.span.column + 1)
                self.findings.add("LH202", start, f"the key '{key}' is missing here", hint=f"add '{key}: …'")
        return found

    def construct(self, node: YamlNode, construct: Construct) -> YamlMap | None:
        """Return *node* where it has keys; those that *construct* does not know, or lacks, are noted."""
        return self.keys(node, construct.form, construct.names, construct.required)

    def named(self, node: YamlNode | None, what: str) -> Iterator[YamlEntry]:
        """Yield the entries of a map from names; a key that is no name is noted and left out."""
        if node is None:
            return
        found = self.map(node, f"names with {what}, like {{name: …}}")
        for entry in found.entries if found else ():
            if self.is_name(entry.key, entry.key_span):
                yield entry

    def is_name(self, name: str, span: Span) -> bool:
        """Return whether *name* may be one; note where it may not."""
        if NAME.fullmatch(name):
            return True
        better = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:64]
        hint = f"write '{better}'" if NAME.fullmatch(better) else _NAMING
        self.findings.add("LH204", span, f"'{name[:80]}' cannot be a name here: {_NAMING}", hint=hint)
        return False

    def text(self, node: YamlNode | None, what: str) -> str | None:
        """Return the text that *node* holds."""
        if node is None:
            return None
        if isinstance(node, YamlScalar) and isinstance(node.value, str):
            return node.value
        self._wrong_shape(node, what)
        return None

    def name(self, node: YamlNode | None, what: str) -> str | None:
        """Return the name that *node* holds."""
        text = self.text(node, what)
        return text if text is not None and node is not None and self.is_name(text, node.span) else None

    def names(self, node: YamlNode | None, what: str) -> tuple[str, ...] | None:
        """Return the names that a list holds."""
        if node is None:
            return None
        if not isinstance(node, YamlList):
            self._wrong_shape(node, f"a list of {what}, like [a, b]")
            return None
        read = [self.name(item, what) for item in node.items]
        return tuple(name for name in read if name is not None)

    def integer(self, node: YamlNode | None, what: str, least: int, most: int) -> int | None:
        """Return the whole number that *node* holds, where it lies between *least* and *most*."""
        if node is None:
            return None
        if not isinstance(node, YamlScalar) or isinstance(node.value, bool) or not isinstance(node.value, int):
            self._wrong_shape(node, f"{what}, a whole number")
            return None
        if not least <= node.value <= most:
            self.findings.add("LH208", node.span, f"{what} lies between {least} and {most}")
            return None
        return node.value

    def number(self, node: YamlNode | None, what: str, least: float, most: float) -> float | None:
        """Return the number that *node* holds, where it lies between *least* and *most*."""
        if node is None:
            return None
        if not isinstance(node, YamlScalar) or isinstance(node.value, bool | str):
            self._wrong_shape(node, f"{what}, a number")
            return None
        if not least <= node.value <= most:
            self.findings.add("LH208", node.span, f"{what} lies between {least:g} and {most:g}")
            return None
        return float(node.value)

    def word(self, node: YamlNode | None, what: str, words: Collection[str]) -> str | None:
        """Return the one of *words* that *node* holds."""
        text = self.text(node, f"one of {', '.join(words)}")
        if text is None or node is None:
            return None
        if text not in words:
            self.findings.add("LH203", node.span, f"{what} is one of {', '.join(words)}", hint=nearest(text, words))
            return None
        return text

    def duration(self, node: YamlNode | None) -> timedelta | None:
        """Return the length of time that *node* holds."""
        text = self.text(node, "a duration like 30s, 5m or 24h")
        if text is None or node is None:
            return None
        try:
            length = parse_duration(text)
        except ValueError:
            hint = "write 500ms, 30s, 5m, 1h30m, 24h or 2d"
            self.findings.add("LH206", node.span, f"'{text[:40]}' is not a duration", hint=hint)
            return None
        if not timedelta(0) <= length <= _LONGEST:
            self.findings.add("LH208", node.span, "a duration lies between 0s and ten years")
            return None
        return length

    def declaration(
        self, node: YamlNode, types: Mapping[str, ValueType], *, key: Span | None = None
    ) -> Declaration | None:
        """Return the declaration that *node* writes."""
        if has_bad(node):
            return None
        try:
            return parse_declaration(plain_data(node), types)
        except DeclarationInvalid as error:
            spots = Spots(node)
            span = spots.key(*error.path) if error.at_key else spots.value(*error.path)
            self.findings.add("LH209", span if error.path or key is None else node.span, error.message, hint=error.hint)
            return None

    def declarations(self, node: YamlNode | None, types: Mapping[str, ValueType]) -> dict[str, Declaration]:
        """Return the declarations of a map from names; a broken one is noted, and its name still counts."""
        entries = list(self.named(node, "their types"))
        return {entry.key: self.declaration(entry.value, types) or UNKNOWN for entry in entries}

"""From the bytes of a file to a tree of values with places, by PyYAML's events; every fault is a diagnostic.

Working on events, before anything is composed, we see anchors, aliases, tags and doubled keys, which a composed
document no longer shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, cast

import yaml
from yaml import events
from yaml.error import Mark, MarkedYAMLError, YAMLError

from engine.language.diagnostics import Findings, Span
from engine.language.yaml_scalars import Refusal, resolve
from engine.language.yaml_tree import YamlBad, YamlEntry, YamlList, YamlMap, YamlNode, YamlScalar

LARGEST: Final = 1024 * 1024
DEEPEST: Final = 24
MOST_VALUES: Final = 60_000
_MOST_ODD_LINES: Final = 20
_LONGEST_EXPLAINED: Final = 64 * 1024
# PyYAML's binding to libyaml is twenty times as fast as its own parser, and gives the same events and marks. Where it
# refuses a text of ordinary size, the slower one says why, in words that do not depend on how PyYAML was built.
_FAST: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_ODD_CHARACTER: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")
_BARE_EXPRESSION: Final = re.compile(r"(?:^\s*|[:,\[{-]\s+|[\[{,])(=[^\s=].*)")
_STANDARD_TAG: Final = "tag:yaml.org,2002:"
_NEXT_CHARACTER: Final = re.compile(r"\s*(\S)")
_NEEDS_QUOTES: Final = re.compile(r"[,\[\]{}#:?'\"]")
_QUOTES: Final = "within braces and brackets, a text with ? : , # or brackets in it stands in quotes"
_PROBLEMS: Final = (
    ("mapping values are not allowed", "a ':' cannot stand here", "is a quote missing, or the line indented wrongly?"),
    ("could not find expected ':'", "a ':' is missing after this key", "write 'key: value'"),
    (
        "expected <block end>",
        "this line is indented in a way that fits nothing above it",
        "compare it with the lines above",
    ),
    ("did not find expected", "this cannot stand here", "is a bracket, a comma or a quote missing?"),
    ("expected ',' or '}'", "a ',' or '}' is missing before this", _QUOTES),
    ("expected ',' or ']'", "a ',' or ']' is missing before this", _QUOTES),
    ("found unexpected end of stream", "the file ends inside a quoted text", "add the closing quote"),
    ("cannot start any token", "a text cannot begin with this character", "write the text in quotes"),
    (
        "found unknown escape character",
        "this escape is not known",
        "write \\\\ for one backslash, or use single quotes",
    ),
    ("expected the node content", "a value is missing here", ""),
    ("block sequence entries are not allowed", "a list entry '- ' cannot stand here", "begin it on a line of its own"),
)


class _Stop(Exception):
    """Reading cannot go on; what is wrong was noted."""


def read_yaml(source: str | bytes, findings: Findings) -> YamlNode | None:
    """Return the one document of *source*, or None where nothing can be made of it; what is wrong is in *findings*."""
    text = _decode(source, findings)
    if text is None or not _characters_fit(text, findings):
        return None
    return _Reader(text, findings).read()


def _decode(source: str | bytes, findings: Findings) -> str | None:
    if len(source) > LARGEST:
        _note(findings, "LH117", 1, 1, f"the file has more than {LARGEST} bytes, which is the most", "divide the flow")
        return None
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    try:
        return source.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = source[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        _note(findings, "LH101", line, column, "this is not UTF-8 text", "save the file as UTF-8")
        return None


def _note(findings: Findings, code: str, line: int, column: int, message: str, hint: str = "") -> None:  # noqa: PLR0917 - as they are read
    findings.add(code, Span(line, column, line, column + 1), message, hint=hint)


def _characters_fit(text: str, findings: Findings) -> bool:
    odd_lines = 0
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        if odd_lines == _MOST_ODD_LINES:
            break
        odd, tab = _ODD_CHARACTER.search(line), line.find("\t")
        odd_lines += odd is not None or tab >= 0
        if odd:
            shown = f"U+{ord(odd[0]):04X}"
            hint = "delete it; inside double quotes it can be written as an escape"
            _note(
                findings, "LH102", number, odd.start() + 1, f"the invisible character {shown} cannot stand here", hint
            )
        if tab >= 0:
            _note(
                findings, "LH103", number, tab + 1, "there is a tab here", "use spaces; in a text in quotes, write \\t"
            )
    return odd_lines == 0


def _mark(mark: object) -> Mark:
    # PyYAML types marks as optional; every event of its own parser carries both.
    return cast("Mark", mark)


def _span(first: events.Event, last: events.Event | None = None) -> Span:
    start, end = _mark(first.start_mark), _mark((last or first).end_mark)
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


class _Reader:
    """Builds the tree of one text."""

    def __init__(self, text: str, findings: Findings) -> None:
        self.text = text
        self.findings = findings
        self.count = 0
        self.events: Iterator[events.Event] = iter(())

    def read(self, loader: type = _FAST) -> YamlNode | None:
        self.events = yaml.parse(self.text, Loader=loader)
        before = len(self.findings.found)
        try:
            return self._document()
        except YAMLError as error:
            if loader is not yaml.SafeLoader and len(self.text) <= _LONGEST_EXPLAINED:
                del self.findings.found[before:]
                return _Reader(self.text, self.findings).read(yaml.SafeLoader)
            self._refused(error)
        except (ValueError, IndexError, OverflowError):
            # PyYAML's scanner itself breaks on a few texts, for example an escape that names no character.
            _note(self.findings, "LH104", 1, 1, "this is not YAML", "look at escapes that begin with \\")
        except _Stop:
            pass
        return None

    def _refused(self, error: YAMLError) -> None:
        if isinstance(error, MarkedYAMLError):
            self._syntax(error)
        else:
            _note(self.findings, "LH104", 1, 1, f"this is not YAML: {str(error).splitlines()[0]}")

    def _document(self) -> YamlNode | None:
        root: YamlNode | None = None
        for event in self.events:
            match event:
                case events.DocumentStartEvent(explicit=True) if root is not None or event.version or event.tags:
                    self._refuse_document(event)
                case events.AliasEvent() | events.ScalarEvent() | events.CollectionStartEvent():
                    root = self._node(event, 0, in_flow=False)
                case _:
                    pass
        if root is None:
            _note(self.findings, "LH115", 1, 1, "the file is empty", "a flow begins with 'flow: NAME'")
        return root

    def _refuse_document(self, event: events.DocumentStartEvent) -> None:
        message = "a file holds one flow" if not (event.version or event.tags) else "directives (%) are not allowed"
        self.findings.add("LH115", _span(event), message, hint="begin a new file")
        raise _Stop

    def _node(self, event: events.Event, depth: int, *, in_flow: bool, is_key: bool = False) -> YamlNode:
        span = _span(event)
        self._limit(depth, span)
        if isinstance(event, events.AliasEvent):
            self.findings.add("LH107", span, f"'*{event.anchor}' repeats a value from elsewhere", hint="write it out")
            return YamlBad(span)
        self._refuse_properties(event, span)
        match event:
            case events.ScalarEvent():
                return self._scalar(event, span, in_flow=in_flow, is_key=is_key)
            case events.SequenceStartEvent():
                return self._list(event, depth)
            case events.MappingStartEvent():
                return self._map(event, depth)
            case _:
                return YamlBad(span)

    def _limit(self, depth: int, span: Span) -> None:
        self.count += 1
        if depth > DEEPEST:
            self.findings.add("LH118", span, f"values are nested more than {DEEPEST} deep", hint="flatten it")
            raise _Stop
        if self.count > MOST_VALUES:
            self.findings.add("LH119", span, f"the file has more than {MOST_VALUES} values", hint="divide the flow")
            raise _Stop

    def _refuse_properties(self, event: events.Event, span: Span) -> None:
        start = Span(span.line, span.column, span.line, span.column + 1)
        if (anchor := getattr(event, "anchor", None)) is not None:
            self.findings.add(
                "LH106", start, f"'&{anchor}' marks a value for repetition", hint="delete it; write values out"
            )
        if (tag := getattr(event, "tag", None)) is not None:
            shown = tag.replace(_STANDARD_TAG, "!!")
            hint = "delete it; quotes make a text"
            self.findings.add("LH109", start, f"'{shown}' changes how a value is read", hint=hint)

    def _scalar(self, event: events.ScalarEvent, span: Span, *, in_flow: bool, is_key: bool) -> YamlNode:
        raw = self.text[_mark(event.start_mark).index : _mark(event.end_mark).index]
        if odd := _UNSTORABLE.search(event.value):
            self.findings.add("LH102", span, f"a text cannot hold the character U+{ord(odd[0]):04X}", hint="delete it")
            return YamlBad(span)
        if event.style or event.tag is not None:  # libyaml calls the plain style ''
            return YamlScalar(span, event.value, raw)
        if event.value.startswith("="):
            return self._bare_expression(event.value, span, raw, in_flow=in_flow)
        meaning = resolve(event.value)
        if isinstance(meaning, Refusal):
            self.findings.add(meaning.code, span, meaning.message, hint=meaning.hint)
            # A key keeps its name, so that what refers to it finds it.
            return YamlScalar(span, event.value, raw) if is_key and event.value else YamlBad(span)
        return YamlScalar(span, meaning, raw)

    def _bare_expression(self, value: str, span: Span, raw: str, *, in_flow: bool) -> YamlNode:
        if in_flow and (odd := _NEEDS_QUOTES.search(value)):
            self._quotes_missing(span, odd[0])
            return YamlBad(span)
        return YamlScalar(span, value, raw)

    def _quotes_missing(self, span: Span, character: str) -> None:
        self.findings.add(
            "LH112",
            span,
            f"an expression with {character} in it must stand in double quotes here",
            hint='write "=…"; inside it, texts stand in single quotes',
        )

    def _list(self, event: events.SequenceStartEvent, depth: int) -> YamlNode:
        items: list[YamlNode] = []
        for following in self.events:
            if isinstance(following, events.SequenceEndEvent):
                return YamlList(_span(event, following), tuple(items))
            items.append(self._node(following, depth + 1, in_flow=bool(event.flow_style)))
        raise _Stop

    def _map(self, event: events.MappingStartEvent, depth: int) -> YamlNode:
        entries: dict[str, YamlEntry] = {}
        in_flow = bool(event.flow_style)
        for following in self.events:
            if isinstance(following, events.MappingEndEvent):
                return YamlMap(_span(event, following), tuple(entries.values()))
            self._refuse_cut_expression(following, entries, in_flow=in_flow)
            key, key_span = self._key(following, depth)
            value = self._node(next(self.events), depth + 1, in_flow=in_flow)
            if key is None:
                continue
            if key in entries:
                first = entries[key].key_span
                words = [(first, "it is here first")]
                self.findings.add(
                    "LH105", key_span, f"'{key}' is written twice", hint="keep one of them", related=words
                )
            else:
                entries[key] = YamlEntry(key, key_span, value)
        raise _Stop

    def _refuse_cut_expression(self, event: events.Event, entries: dict[str, YamlEntry], *, in_flow: bool) -> None:
        """Report `{a: =x | f(1, 2)}`, where YAML takes the comma for the end of the value."""
        if not in_flow or not entries or not isinstance(event, events.ScalarEvent):
            return
        before = entries[next(reversed(entries))].value
        follows = _NEXT_CHARACTER.match(self.text, _mark(event.end_mark).index)
        if (
            follows
            and follows[1] in {",", "}"}
            and isinstance(before, YamlScalar)
            and not before.quoted
            and before.raw[:1] == "="
        ):
            self._quotes_missing(before.span, "a comma")
            raise _Stop

    def _key(self, event: events.Event, depth: int) -> tuple[str | None, Span]:
        if _is_merge(event):
            self.findings.add("LH108", _span(event), "'<<' copies keys from elsewhere", hint="write the keys out")
            return None, _span(event)
        node = self._node(event, depth + 1, in_flow=False, is_key=True)
        if isinstance(node, YamlScalar) and isinstance(node.value, str):
            return node.value, node.span
        if not isinstance(node, YamlBad):
            self.findings.add("LH116", node.span, "a key must be a text", hint="names are small letters, digits and _")
        return None, node.span

    def _syntax(self, error: MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if expression := self._expression_before(line, column):
            self._quotes_missing(expression, "these characters")
            return
        problem = error.problem or ""
        known = next(((words, hint) for part, words, hint in _PROBLEMS if part in problem), None)
        words, hint = known or (f"this is not YAML: {problem}", "")
        _note(self.findings, "LH104", line, column, words, hint)

    def _expression_before(self, line: int, column: int) -> Span | None:
        lines = self.text.split("\n")
        shown = lines[line - 1] if line <= len(lines) else ""
        found = _BARE_EXPRESSION.search(shown)
        if not found or found.start(1) >= column:
            return None
        return Span(line, found.start(1) + 1, line, max(column, found.start(1) + 2))


def _is_merge(event: events.Event) -> bool:
    return isinstance(event, events.ScalarEvent) and not event.style and event.value == "<<"

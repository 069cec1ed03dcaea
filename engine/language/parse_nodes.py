"""Reading one node: which of the six kinds it is, and its keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from engine.contracts import ValueType, frozen
from engine.language.document import BrokenDraft, CallDraft, NodeDraft, TaskDraft
from engine.language.graph import DecideNode, EndNode, LiteralTexts, PromptField, PromptNode, WaitNode
from engine.language.keys import NODES, TEXTS
from engine.language.parse_values import (
    read_cases,
    read_catch,
    read_max_visits,
    read_retry,
    read_target,
    read_targets,
    read_timeout,
    read_value,
    read_values,
)
from engine.language.reading import NAME, Reading
from engine.language.yaml_tree import Path, YamlEntry, YamlList, YamlMap, YamlNode, YamlScalar, has_bad

KINDS: Final = tuple(kind.name for kind in NODES)
_CONSTRUCTS: Final = {kind.name: kind for kind in NODES}
RESERVED_FIELDS: Final = ("action", "sender")
_CALL: Final = re.compile(r"([a-z][a-z0-9_]*)@([1-9][0-9]{0,5}|0)", re.ASCII)

Types = Mapping[str, ValueType]


def read_node(reading: Reading, entry: YamlEntry, types: Types) -> NodeDraft:
    """Return the node of *entry*; a BrokenDraft where its shape is wrong."""
    node = reading.map(entry.value, "a node, like {prompt: …, routes: …}")
    kind = _kind(reading, entry, node) if node is not None else None
    if node is None or kind is None:
        return _broken(entry)
    reading.keys(node, "a node", _CONSTRUCTS[kind].names)  # what is missing, its reader says better
    before = len(reading.findings.found)
    draft = _READERS[kind](reading, entry.key, node, types)
    whole = len(reading.findings.found) == before and not has_bad(node)
    return draft if draft is not None and whole else _broken(entry)


def _broken(entry: YamlEntry) -> BrokenDraft:
    ways = tuple(_ways(entry.value, ()))
    ends = isinstance(entry.value, YamlMap) and entry.value.entry("end") is not None
    return BrokenDraft(id=entry.key, ways=ways, whole=(bool(ways) or ends) and not has_bad(entry.value))


def _ways(node: YamlNode, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the names of nodes that a broken node leads to, as far as they can be made out, with their places."""
    if isinstance(node, YamlList):
        for index, item in enumerate(node.items):
            yield from _ways(item, (*path, index))
    for entry in node.entries if isinstance(node, YamlMap) else ():
        leads = entry.key in {"to", "else"} or path == ("routes",)
        if leads and isinstance(entry.value, YamlScalar) and NAME.fullmatch(str(entry.value.value)):
            yield (path if entry.key == "to" else (*path, entry.key)), str(entry.value.value)
        elif entry.key in {"routes", "decide", "catch", "timeout", "max_visits", "else"} or path[:1] == ("routes",):
            yield from _ways(entry.value, (*path, entry.key))


def _kind(reading: Reading, entry: YamlEntry, node: YamlMap) -> str | None:
    kinds = [kind for kind in KINDS if node.entry(kind)]
    if len(kinds) == 1:
        return kinds[0]
    if not kinds:
        message = f"node '{entry.key}' does not say what it does"
        reading.findings.add("LH205", entry.key_span, message, hint=f"give it one of {', '.join(KINDS)}")
        return None
    second = [part for part in node.entries if part.key in kinds][1]
    message = f"a node has one kind, and '{entry.key}' has {' and '.join(kinds)}"
    reading.findings.add("LH205", second.key_span, message, hint="make two nodes of it")
    return None


def _common(reading: Reading, node: YamlMap) -> dict[str, Any]:
    return {
        "timeout": read_timeout(reading, node.get("timeout")),
        "max_visits": read_max_visits(reading, node.get("max_visits")),
        "routes": read_targets(reading, node.get("routes")),
    }


def _read_task(reading: Reading, name: str, node: YamlMap, _types: Types) -> NodeDraft | None:
    executor = reading.text(node.get("task"), "the name of an executor")
    arguments = read_values(reading, node.get("with"), "values")
    retry, catch = read_retry(reading, node.get("retry")), read_catch(reading, node.get("catch"))
    common = _common(reading, node)
    if executor is None:
        return None
    return TaskDraft(id=name, executor=executor, arguments=arguments, retry=retry, catch=catch, **common)


def _read_prompt(reading: Reading, name: str, node: YamlMap, types: Types) -> NodeDraft | None:
    texts = _read_texts(reading, node.get("prompt"))
    fields = {
        part.key: _read_field(reading, part, types) for part in reading.named(node.get("fields"), "the types of fields")
    }
    submits = reading.names(node.get("submits"), "actions")
    common = _common(reading, node)
    if texts is None:
        return None
    return PromptNode(
        id=name,
        texts=texts,
        show=read_values(reading, node.get("show"), "values"),
        fields=frozen({key: field for key, field in fields.items() if field is not None}),
        submits=submits if submits is not None else ("submit",),
        by=read_value(reading, node.get("by")),
        **common,
    )


def _read_texts(reading: Reading, node: YamlNode | None) -> str | LiteralTexts | None:
    if not isinstance(node, YamlMap):
        return reading.text(node, "the id of its texts, or {title: …}")
    reading.construct(node, TEXTS)
    title, help_text = reading.text(node.get("title"), "a text"), reading.text(node.get("help"), "a text")
    labels = {part: _read_labels(reading, node.get(part)) for part in ("fields", "actions", "show")}
    return LiteralTexts(title=title, help=help_text, **labels) if title is not None else None


def _read_labels(reading: Reading, node: YamlNode | None) -> Mapping[str, str]:
    read = {entry.key: reading.text(entry.value, "a text") for entry in reading.named(node, "texts")}
    return frozen({key: text for key, text in read.items() if text is not None})


def _read_field(reading: Reading, entry: YamlEntry, types: Types) -> PromptField | None:
    if entry.key in RESERVED_FIELDS:
        message = f"'{entry.key}' is a field that the engine itself sets"
        reading.findings.add("LH210", entry.key_span, message, hint="choose another name")
        return None
    if not isinstance(entry.value, YamlMap) or (
        entry.value.entry("choose") is None and entry.value.entry("default") is None
    ):
        declaration = reading.declaration(entry.value, types)
        return PromptField(declaration=declaration) if declaration is not None else None
    if entry.value.entry("type") is None:
        reading.findings.add("LH202", entry.key_span, f"the field '{entry.key}' has no 'type'", hint="add 'type: …'")
        return None
    own = tuple(part for part in entry.value.entries if part.key not in {"choose", "default"})
    declaration = reading.declaration(YamlMap(entry.value.span, own), types)
    choose, default = (read_value(reading, entry.value.get(key)) for key in ("choose", "default"))
    return PromptField(declaration=declaration, choose=choose, default=default) if declaration is not None else None


def _read_decide(reading: Reading, name: str, node: YamlMap, _types: Types) -> NodeDraft | None:
    decide, otherwise_node = node.entry("decide"), node.get("else")
    cases = read_cases(reading, decide.value) if decide else None
    visits = read_max_visits(reading, node.get("max_visits"))
    if otherwise_node is None and decide is not None:
        hint = "add 'else: NODE'"
        reading.findings.add(
            "LH406", decide.key_span, f"'{name}' does not say what happens when no case holds", hint=hint
        )
    otherwise = read_target(reading, otherwise_node)
    if cases is None or otherwise is None:
        return None
    return DecideNode(id=name, cases=cases, otherwise=otherwise, max_visits=visits)


def _read_call(reading: Reading, name: str, node: YamlMap, _types: Types) -> NodeDraft | None:
    called = node.get("call")
    text = reading.text(called, "a flow and its major version, like notification_dispatch@1")
    arguments, common = read_values(reading, node.get("with"), "values"), _common(reading, node)
    if text is None or called is None:
        return None
    match = _CALL.fullmatch(text)
    if match is None:
        hint = f"write '{text}@1'" if NAME.fullmatch(text) else "write the flow's name, @ and its major version"
        reading.findings.add("LH211", called.span, f"'{text[:80]}' does not say which version of which flow", hint=hint)
        return None
    return CallDraft(id=name, flow=match[1], major=int(match[2]), arguments=arguments, **common)


def _read_wait(reading: Reading, name: str, node: YamlMap, _types: Types) -> NodeDraft | None:
    signal, common = reading.text(node.get("wait"), "the name of a signal"), _common(reading, node)
    return WaitNode(id=name, signal=signal, **common) if signal is not None else None


def _read_end(reading: Reading, name: str, node: YamlMap, _types: Types) -> NodeDraft | None:
    outcome = reading.text(node.get("end"), "the name of an outcome")
    fields = read_values(reading, node.get("with"), "values")
    return EndNode(id=name, outcome=outcome, fields=fields) if outcome is not None else None


_READERS: Final[Mapping[str, Callable[[Reading, str, YamlMap, Types], NodeDraft | None]]] = {
    "task": _read_task,
    "prompt": _read_prompt,
    "decide": _read_decide,
    "call": _read_call,
    "wait": _read_wait,
    "end": _read_end,
}

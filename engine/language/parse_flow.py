"""Reading a whole flow file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from engine.contracts import Declaration, DeclarationInvalid, ValueType, frozen, parse_types
from engine.language.diagnostics import Findings
from engine.language.document import FlowDocument
from engine.language.flow_tests import FlowTest
from engine.language.graph import Deadline, Migration, SignalDeclaration
from engine.language.keys import DEADLINE, FLOW, MIGRATE, SIGNAL
from engine.language.parse_nodes import RESERVED_FIELDS, read_node
from engine.language.parse_tests import read_tests
from engine.language.parse_values import read_value
from engine.language.reading import UNKNOWN, Reading
from engine.language.yaml_reader import read_yaml
from engine.language.yaml_tree import Spots, YamlList, YamlMap, YamlNode, has_bad, plain_data

_VERSION: Final = re.compile(r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})", re.ASCII)
_KEPT: Final = re.compile(r"(inputs|vars)\.[a-z][a-z0-9_]*|steps\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", re.ASCII)
_RESERVED_OUTCOMES: Final = ("fault", "cancelled")

MOST_NODES: Final = 2000

Types = Mapping[str, ValueType]
Declarations = Mapping[str, Declaration]


def parse_flow(source: str | bytes, file: str, findings: Findings) -> FlowDocument | None:
    """Return the flow that *source* writes, or None where not even its outline can be made out."""
    root = read_yaml(source, findings)
    if root is None:
        return None
    reading = Reading(findings)
    top = reading.construct(root, FLOW)
    return _read_flow(reading, top, file) if top is not None and not _too_many(reading, top) else None


def _too_many(reading: Reading, top: YamlMap) -> bool:
    nodes = top.get("nodes")
    if not isinstance(nodes, YamlMap) or len(nodes.entries) <= MOST_NODES:
        return False
    span, count = nodes.entries[MOST_NODES].key_span, len(nodes.entries)
    message = f"the flow has {count} nodes; {MOST_NODES} are allowed"
    reading.findings.add("LH120", span, message, hint="divide the flow by 'call'")
    return True


def _read_flow(reading: Reading, top: YamlMap, file: str) -> FlowDocument:
    name = reading.name(top.get("flow"), "the flow's name")
    version = _read_version(reading, top)
    types = _read_types(reading, top.get("types"))
    nodes_node, start = top.get("nodes"), reading.text(top.get("start"), "the name of a node")
    nodes = {entry.key: read_node(reading, entry, types) for entry in reading.named(nodes_node, "nodes")}
    return FlowDocument(
        file=file,
        name=name or "",
        version=version or "0.0.0",
        title=reading.text(top.get("title"), "a text") or name or "",
        kind=reading.name(top.get("type"), "a word like authentication"),
        types=types,
        inputs=frozen(reading.declarations(top.get("inputs"), types)),
        outcomes=_read_outcomes(reading, top.get("outcomes"), types),
        variables=frozen(reading.declarations(top.get("vars"), types)),
        signals=_read_signals(reading, top.get("signals"), types),
        deadline=_read_deadline(reading, top.get("deadline")),
        start=start or "",
        nodes=frozen(nodes),
        keep=_read_keep(reading, top.get("keep")),
        migrate=_read_migration(reading, top.get("migrate")),
        tests=_read_own_tests(reading, top.get("tests"), file),
        spots=Spots(top),
        broken=bool(reading.findings.found) or has_bad(top),
    )


def _read_version(reading: Reading, top: YamlMap) -> str | None:
    language, version = top.get("language"), top.get("version")
    if language is not None and plain_data(language) != 1:
        reading.findings.add("LH207", language.span, "this version reads language 1", hint="write 'language: 1'")
    if version is None:
        return None
    text = plain_data(version)
    if isinstance(text, str) and _VERSION.fullmatch(text):
        return text
    if not has_bad(version):
        reading.findings.add("LH207", version.span, "a version has three numbers", hint="write 1.0.0")
    return None


def _read_types(reading: Reading, node: YamlNode | None) -> Types:
    known: dict[str, ValueType] = {}
    for entry in reading.named(node, "types"):
        known[entry.key] = UNKNOWN.type
        if has_bad(entry.value):
            continue
        try:
            known.update(parse_types({entry.key: plain_data(entry.value)}, _before(known, entry.key)))
        except DeclarationInvalid as error:
            spots, inner = Spots(entry.value), error.path[1:]
            span = spots.key(*inner) if error.at_key else spots.value(*inner)
            reading.findings.add("LH209", span if inner else entry.key_span, error.message, hint=error.hint)
    return frozen(known)


def _before(known: Types, name: str) -> Types:
    return {other: known[other] for other in known if other != name}


def _read_outcomes(reading: Reading, node: YamlNode | None, types: Types) -> Mapping[str, Declarations]:
    outcomes: dict[str, Declarations] = {}
    for entry in reading.named(node, "the fields of outcomes"):
        if entry.key in _RESERVED_OUTCOMES:
            message = f"every flow has the outcome '{entry.key}' already"
            reading.findings.add("LH210", entry.key_span, message, hint="choose another name")
        outcomes[entry.key] = frozen(reading.declarations(entry.value, types))
    return frozen(outcomes)


def _read_signals(reading: Reading, node: YamlNode | None, types: Types) -> Mapping[str, SignalDeclaration]:
    read = {entry.key: _read_signal(reading, entry.value, types) for entry in reading.named(node, "signals")}
    return frozen({name: signal for name, signal in read.items() if signal is not None})


def _read_signal(reading: Reading, node: YamlNode, types: Types) -> SignalDeclaration | None:
    found = reading.construct(node, SIGNAL)
    if found is None:
        return None
    payload = found.get("payload")
    for entry in payload.entries if isinstance(payload, YamlMap) else ():
        if entry.key in RESERVED_FIELDS:
            message = f"'{entry.key}' is a field that the engine itself sets"
            reading.findings.add("LH210", entry.key_span, message, hint="choose another name")
    sender = read_value(reading, found.get("from"))
    early = reading.word(found.get("early"), "'early'", ("keep", "refuse"))
    declared = frozen(reading.declarations(payload, types))
    if sender is None:
        return None
    return SignalDeclaration(sender=sender, payload=declared, early="keep" if early == "keep" else "refuse")


def _read_deadline(reading: Reading, node: YamlNode | None) -> Deadline | None:
    found = reading.construct(node, DEADLINE) if node is not None else None
    if found is None:
        return None
    at, to = read_value(reading, found.get("at")), reading.text(found.get("to"), "the name of a node")
    return Deadline(at=at, to=to) if at is not None and to is not None else None


def _read_keep(reading: Reading, node: YamlNode | None) -> tuple[str, ...]:
    if node is None:
        return ()
    if not isinstance(node, YamlList):
        reading.map(node, "a list of paths, like [inputs.subject]")
        return ()
    kept = []
    for item in node.items:
        path = reading.text(item, "a path like inputs.subject")
        if path is not None and not _KEPT.fullmatch(path):
            reading.findings.add(
                "LH235", item.span, f"'{path[:80]}' is not a path", hint="write inputs.NAME, without ="
            )
        elif path is not None:
            kept.append(path)
    return tuple(kept)


def _read_migration(reading: Reading, node: YamlNode | None) -> Migration | None:
    found = reading.construct(node, MIGRATE) if node is not None else None
    if found is None:
        return None
    origin = found.get("from")
    version = reading.text(origin, "a version like 1.0.0")
    if version is not None and origin is not None and not _VERSION.fullmatch(version):
        reading.findings.add("LH207", origin.span, "a version has three numbers", hint="write 1.0.0")
        return None
    pairs = {entry.key: reading.name(entry.value, "a node") for entry in reading.named(found.get("nodes"), "nodes")}
    whole = frozen({old: new for old, new in pairs.items() if new is not None})
    return Migration(from_version=version, nodes=whole) if version is not None else None


def _read_own_tests(reading: Reading, node: YamlNode | None, file: str) -> tuple[FlowTest, ...]:
    return read_tests(reading, node, file) if node is not None else ()


def parse_test_file(source: str | bytes, file: str, findings: Findings) -> tuple[FlowTest, ...]:
    """Return the tests of a file beside its flow: ``tests:`` and nothing else."""
    root = read_yaml(source, findings)
    reading = Reading(findings)
    top = reading.keys(root, "tests", ("tests",), ("tests",)) if root is not None else None
    return _read_own_tests(reading, top.get("tests"), file) if top is not None else ()

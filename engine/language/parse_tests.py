"""Reading the tests of a flow: ``tests`` in its file, or ``NAME.tests.yaml`` beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.contracts import frozen
from engine.language.document import FlowTest, ScriptStep
from engine.language.graph import Place
from engine.language.keys import STEP, TEST
from engine.language.reading import Reading
from engine.language.yaml_tree import YamlEntry, YamlList, YamlMap, YamlNode, YamlScalar, plain_data

Answers = tuple[tuple[str, Mapping[str, Any]], ...]


def read_tests(reading: Reading, node: YamlNode, file: str) -> tuple[FlowTest, ...]:
    """Return the tests that *node* writes; broken ones are noted and left out. Their names are free texts."""
    found = reading.map(node, "tests by name")
    read = [_read_test(reading, entry, file) for entry in (found.entries if found else ())]
    return tuple(test for test in read if test is not None)


def _read_test(reading: Reading, entry: YamlEntry, file: str) -> FlowTest | None:
    found = reading.construct(entry.value, TEST)
    if found is None:
        return None
    return FlowTest(
        name=entry.key,
        place=Place(file=file, line=entry.key_span.line, column=entry.key_span.column),
        inputs=_data(reading, found.get("inputs"), "inputs"),
        mocks=frozen(
            {part.key: _answers(reading, part.value) for part in reading.named(found.get("mocks"), "answers")}
        ),
        script=tuple(_steps(reading, found.get("script"), file)),
        ends=_ends(reading, found.get("ends")),
    )


def _data(reading: Reading, node: YamlNode | None, what: str) -> Mapping[str, Any]:
    found = reading.map(node, what) if node is not None else None
    return frozen({entry.key: plain_data(entry.value) for entry in found.entries}) if found else frozen({})


def _answers(reading: Reading, node: YamlNode) -> Answers:
    items = node.items if isinstance(node, YamlList) else (node,)
    return tuple(answer for item in items if (answer := _answer(reading, item)) is not None)


def _answer(reading: Reading, node: YamlNode) -> tuple[str, Mapping[str, Any]] | None:
    if isinstance(node, YamlScalar) and isinstance(node.value, str):
        return node.value, frozen({})
    found = reading.map(node, "an outcome with its fields, like {accepted: {}}")
    if found is None:
        return None
    if len(found.entries) != 1:
        reading.findings.add("LH203", found.span, "expected one outcome with its fields, like {accepted: {}}")
        return None
    return found.entries[0].key, _data(reading, found.entries[0].value, "the outcome's fields")


def _steps(reading: Reading, node: YamlNode | None, file: str) -> Iterator[ScriptStep]:
    if node is None:
        return
    if not isinstance(node, YamlList):
        reading.map(node, "a list of steps, like [{expect: NODE, act: submit}]")
        return
    for item in node.items:
        found = reading.construct(item, STEP)
        if found is not None:
            yield _step(reading, found, file)


def _step(reading: Reading, found: YamlMap, file: str) -> ScriptStep:
    texts = {key: reading.text(found.get(key), "a text") for key in ("expect", "says", "act", "signal", "sender")}
    return ScriptStep(
        place=Place(file=file, line=found.span.line, column=found.span.column),
        advance=reading.duration(found.get("advance")),
        values=_data(reading, found.get("with"), "values"),
        **texts,
    )


def _ends(reading: Reading, node: YamlNode | None) -> tuple[str, Mapping[str, Any] | None] | None:
    if node is None:
        return None
    if isinstance(node, YamlScalar) and isinstance(node.value, str):
        return node.value, None
    return _answer(reading, node)

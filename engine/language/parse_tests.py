"""Reading the tests of a flow: ``tests`` in its file, or ``NAME.tests.yaml`` beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.contracts import frozen
from engine.language.flow_tests import FlowTest, PlannedAnswer, ScriptStep
from engine.language.graph import Place
from engine.language.keys_beside import STEP, TEST
from engine.language.reading import Reading
from engine.language.yaml_tree import Spots, YamlEntry, YamlList, YamlMap, YamlNode, YamlScalar, plain_data

_MOCKED: Final = re.compile(r"[a-z][a-z0-9_]{0,63}(@[0-9]{1,6})?", re.ASCII)
_AN_ANSWER: Final = "an outcome with its fields, like {accepted: {}}"
_DEEDS: Final = ("act", "signal", "answer", "cancel")


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
        mocks=frozen(dict(_mocks(reading, found.get("mocks")))),
        script=tuple(_steps(reading, found.get("script"), file)),
        sends=_sends(reading, found.get("sends")),
        ends=_ends(reading, found.get("ends")),
        spots=Spots(entry.value),
    )


def _data(reading: Reading, node: YamlNode | None, what: str) -> Mapping[str, Any]:
    found = reading.map(node, what) if node is not None else None
    return frozen({entry.key: plain_data(entry.value) for entry in found.entries}) if found else frozen({})


def _mocks(reading: Reading, node: YamlNode | None) -> Iterator[tuple[str, tuple[PlannedAnswer, ...]]]:
    found = reading.map(node, "executors with answers, like {consent: {recorded: {}}}") if node is not None else None
    for entry in found.entries if found else ():
        if not _MOCKED.fullmatch(entry.key):
            message = f"'{entry.key[:80]}' is neither the name of an executor nor FLOW@MAJOR"
            reading.findings.add("LH204", entry.key_span, message, hint="write consent, or notification_dispatch@1")
            continue
        items = entry.value.items if isinstance(entry.value, YamlList) else (entry.value,)
        yield entry.key, tuple(answer for item in items if (answer := _answer(reading, item)) is not None)


def _answer(reading: Reading, node: YamlNode | None) -> PlannedAnswer | None:
    if isinstance(node, YamlScalar) and isinstance(node.value, str):
        return node.value, frozen({})
    found = reading.map(node, _AN_ANSWER) if node is not None else None
    if found is None:
        return None
    if len(found.entries) != 1:
        reading.findings.add("LH203", found.span, f"expected one outcome, found {len(found.entries)}: {_AN_ANSWER}")
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
    _check_deeds(reading, found)
    texts = {key: reading.text(found.get(key), "a text") for key in ("expect", "says", "act", "signal", "cancel")}
    shows = found.get("shows")
    return ScriptStep(
        place=Place(file=file, line=found.span.line, column=found.span.column),
        advance=reading.duration(found.get("advance")),
        sender=reading.text(found.get("from"), "a text"),
        answer=_answer(reading, found.get("answer")),
        shows=None if shows is None else _data(reading, shows, "values by name"),
        sends=_sends(reading, found.get("sends")),
        refused=_refused(reading, found.get("refused")),
        values=_data(reading, found.get("with"), "values"),
        **texts,
    )


def _check_deeds(reading: Reading, found: YamlMap) -> None:
    """Note what one step cannot mean: two deeds at once, or something said of a deed that is not there."""
    deeds = [entry for entry in found.entries if entry.key in _DEEDS]
    for second in deeds[1:]:
        message = f"a step does one thing, and '{deeds[0].key}' is written already"
        reading.findings.add("LH951", second.key_span, message, hint="make a second step of it")
    belongs = {"with": ("act", "signal"), "from": ("signal",), "refused": ("act", "signal")}
    for entry in found.entries:
        wanted = belongs.get(entry.key)
        if wanted is not None and not any(found.entry(key) for key in wanted):
            message = f"'{entry.key}' belongs to '{' or '.join(wanted)}', which is not here"
            reading.findings.add("LH951", entry.key_span, message, hint=f"add '{wanted[0]}: …', or delete it")


def _sends(reading: Reading, node: YamlNode | None) -> tuple[Mapping[str, Any], ...] | None:
    if node is None:
        return None
    if not isinstance(node, YamlList):
        reading.map(node, "a list of messages, like [{message: approval.request, channel: email}]")
        return None
    return tuple(_data(reading, item, "a message, like {message: approval.request}") for item in node.items)


def _refused(reading: Reading, node: YamlNode | None) -> str | tuple[str, ...] | None:
    if isinstance(node, YamlList):
        return reading.names(node, "fields")
    return reading.text(node, "a code like too_early, or a list of fields")


def _ends(reading: Reading, node: YamlNode | None) -> tuple[str, Mapping[str, Any] | None] | None:
    if isinstance(node, YamlScalar) and isinstance(node.value, str):
        return node.value, None
    return _answer(reading, node)

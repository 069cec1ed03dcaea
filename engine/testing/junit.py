"""Results of tests as JUnit XML, which build servers read."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from engine.testing.running import TestResult


def junit_xml(results: Sequence[TestResult]) -> str:
    """Return *results* as a document of one ``testsuite`` a flow."""
    whole = ET.Element("testsuites", tests=str(len(results)), failures=_failures(results))
    for flow in dict.fromkeys(result.flow for result in results):
        own = [result for result in results if result.flow == flow]
        suite = ET.SubElement(whole, "testsuite", name=flow, tests=str(len(own)), failures=_failures(own))
        for result in own:
            _case(suite, result)
    ET.indent(whole)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(whole, encoding="unicode") + "\n"


def _failures(results: Sequence[TestResult]) -> str:
    return str(sum(not result.passed for result in results))


def _case(suite: ET.Element, result: TestResult) -> None:
    case = ET.SubElement(suite, "testcase", classname=result.flow, name=_printable(result.test))
    case.set("file", result.place.file)
    case.set("line", str(result.place.line))
    if result.problem is not None:
        failure = ET.SubElement(case, "failure", message=_printable(result.problem))
        failure.text = _printable(result.report())


def _printable(text: str) -> str:
    """Return *text* without the characters that XML cannot hold."""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)

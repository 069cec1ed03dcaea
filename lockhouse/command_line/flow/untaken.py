"""The paths of flows that no test takes, and a test for each that can be made up."""

import sys
from collections.abc import Sequence
from pathlib import Path

from engine.language import FlowSet, Graph
from engine.testing import TestResult, draft, named, untaken, written
from lockhouse.command_line.console import note, print_json
from lockhouse.command_line.flow.sources import written as write_file

__all__ = ["show_paths"]

_WHY = "no values that were tried lead along it: write this test by hand"
_SUFFIX = ".tests.yaml"


def show_paths(flows: FlowSet, results: Sequence[TestResult], *, write: bool, as_json: bool) -> None:
    """Print what no test takes, or append tests for it to the files beside the flows."""
    found = {name: _tests(flows, flows.latest(name), results) for name in flows.names}
    if write:
        for name, tests in found.items():
            _append(_file_of(flows.latest(name)), [test for test in tests.values() if test is not None])
    if as_json:
        lines = {flow: [{"path": path, "test": test} for path, test in tests.items()] for flow, tests in found.items()}
        print_json({"paths": lines})
        return
    for name, tests in found.items():
        sys.stdout.write(f"{name}: {len(tests) or 'no'} path{'' if len(tests) == 1 else 's'} that no test takes\n")
        for path, test in tests.items():
            shown = path if write and test is not None else f"{path}: {_WHY}" if test is None else None
            sys.stdout.write(f"  {shown}\n" if shown else test or "")


def _tests(flows: FlowSet, graph: Graph, results: Sequence[TestResult]) -> dict[str, str | None]:
    """Return the paths of *graph* that no test takes, each with a test as YAML, or None where none was found."""
    found: dict[str, str | None] = {}
    for path in untaken(graph, results):
        test = draft(flows.by_digest, graph, path)
        found[named(path)] = None if test is None else written(named(path), test)
    return found


def _file_of(graph: Graph) -> Path:
    """Return the file of the tests beside *graph*."""
    flow = Path(next(iter(graph.places.values())).file)
    return flow.with_name(f"{flow.stem}{_SUFFIX}")


def _append(file: Path, tests: Sequence[str]) -> None:
    if not tests:
        return
    if not file.exists():
        write_file(file, "tests:\n" + "\n".join(tests))
        return
    before = file.read_text(encoding="utf-8")
    if not before.startswith("tests:\n") and "\ntests:\n" not in before:
        note(f"{file}: its tests are not written as lines under `tests:`, so nothing was appended")
        return
    write_file(file, before.rstrip("\n") + "\n\n" + "\n".join(tests))

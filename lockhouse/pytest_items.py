"""What the pytest plugin collects: the tests of one flow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from engine import Contract
from engine.language import CheckReport, FlowTest, Graph, check_folder, render_diagnostics
from engine.testing import TestResult, simulate
from lockhouse.flows import CONTRACTS
from lockhouse.pytest_names import EXECUTORS, FLOWS, SUFFIX

__all__ = ["FlowTestFailed", "FlowTestFile", "FlowTestItem"]

_CHECKED = pytest.StashKey[dict[Path, CheckReport]]()


class FlowTestFailed(Exception):
    """A test of a flow went another way than it says. ``result`` is what happened."""

    def __init__(self, result: TestResult) -> None:
        self.result = result
        super().__init__(result.problem)


class FlowTestFile(pytest.File):
    """The tests of one flow: those in NAME.tests.yaml, and those in the flow itself."""

    def collect(self) -> Iterator[FlowTestItem]:
        """Yield an item a test; CollectError, with every diagnostic, where the flow or its tests have mistakes."""
        report = self._report()
        own = {str(self.path), str(self.path.with_name(f"{self.path.name.removesuffix(SUFFIX)}.yaml"))}
        graphs = {graph.name: graph for graph in report.flows}
        broken = [found for found in report.errors if found.file in own]
        tests = [(flow, test) for flow in graphs for test in report.tests.get(flow, ()) if test.place.file in own]
        if broken or not tests:
            raise self.CollectError(_mistakes(report, own))
        for flow, test in tests:
            yield FlowTestItem.from_parent(self, name=test.name, graph=graphs[flow], test=test, report=report)

    def _report(self) -> CheckReport:
        checked = self.config.stash.setdefault(_CHECKED, {})
        folder = self.path.parent
        if folder not in checked:
            called = [self.config.rootpath / each for each in self.config.getini(FLOWS)]
            checked[folder], _ = check_folder([folder, *called], contracts=_contracts(self.config))
        return checked[folder]


class FlowTestItem(pytest.Item):
    """One test of a flow."""

    def __init__(self, *, graph: Graph, test: FlowTest, report: CheckReport, **known: Any) -> None:
        super().__init__(**known)
        self._graph, self._test = graph, test
        self._graphs = {each.digest: each for each in report.flows}

    def runtest(self) -> None:
        """Run it; FlowTestFailed where it fails."""
        result = simulate(self._graphs, self._graph, self._test)
        if not result.passed:
            raise FlowTestFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the first difference and the way until there, without a line of Python."""
        if isinstance(excinfo.value, FlowTestFailed):
            return excinfo.value.result.report()
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the test is written."""
        return Path(self._test.place.file), self._test.place.line - 1, f"{self._graph.name}: {self.name}"


def _mistakes(report: CheckReport, own: set[str]) -> str:
    found = [each for each in report.errors if each.file in own] or list(report.errors)
    if not found:
        return f"{min(own)} has no tests: write them under 'tests:'"
    sources = {each.file: Path(each.file).read_bytes() for each in found if Path(each.file).is_file()}
    return render_diagnostics(found, sources)


def _contracts(config: pytest.Config) -> list[Contract]:
    """Return the contracts of Lockhouse's executors, of the setting, and of the hook; of one name the last."""
    hooked = config.hook.pytest_lockhouse_contracts(config=config)
    named = [contract for name in config.getini(EXECUTORS) for contract in _named(name)]
    known = (*CONTRACTS, *named, *(contract for given in hooked for contract in given or ()))
    return list({contract.name: contract for contract in known}.values())


def _named(name: str) -> Iterable[Contract]:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute or "CONTRACTS")
    except (ImportError, AttributeError, ValueError) as error:
        raise pytest.Collector.CollectError(f"{EXECUTORS}: expected module:NAME, found '{name}': {error}") from error
    several = found if isinstance(found, list | tuple) else (found,)
    contracts = [each if isinstance(each, Contract) else getattr(each, "contract", None) for each in several]
    if not all(isinstance(each, Contract) for each in contracts):
        raise pytest.Collector.CollectError(
            f"{EXECUTORS}: '{name}' is neither a contract nor an executor, nor a list of them"
        )
    return [each for each in contracts if isinstance(each, Contract)]

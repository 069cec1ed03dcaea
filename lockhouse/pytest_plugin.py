"""The pytest plugin ``lockhouse-flows``: each test in NAME.tests.yaml beside a flow NAME.yaml is a test of pytest's.

It is loaded by every pytest in an environment that has Lockhouse, so it imports nothing but pytest until it meets
such a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockhouse.pytest_names import EXECUTORS, FLOWS, SUFFIX

if TYPE_CHECKING:
    from engine import Contract

__all__ = ["ContractsHook", "pytest_addhooks", "pytest_addoption", "pytest_collect_file"]


class ContractsHook:
    """What a conftest.py may define for this plugin."""

    def pytest_lockhouse_contracts(self, config: pytest.Config) -> Iterable[Contract] | None:
        """Return contracts of executors that the project's flows use, beside those that come with Lockhouse."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make the hook of ``ContractsHook`` known."""
    pluginmanager.add_hookspecs(ContractsHook)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the plugin's settings."""
    parser.addini(
        EXECUTORS,
        "Executors that flows use beside those of Lockhouse, as module:NAME: a contract, an executor, or several.",
        type="linelist",
    )
    parser.addini(
        FLOWS, "Folders with flows that the tested flows call, from the root of the project.", type="linelist"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect *file_path* where it holds the tests of a flow."""
    if not file_path.name.endswith(SUFFIX):
        return None
    flow = file_path.with_name(f"{file_path.name.removesuffix(SUFFIX)}.yaml")
    if not flow.is_file():
        return None
    from lockhouse.pytest_items import FlowTestFile  # noqa: PLC0415 - only where there is something to test

    collected: pytest.Collector = FlowTestFile.from_parent(parent, path=file_path)
    return collected

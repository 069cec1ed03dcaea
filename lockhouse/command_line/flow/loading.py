"""The flows that are to be tried: with their tests and texts, and without mistakes."""

import sys
from pathlib import Path

import typer

from engine.language import FlowSet, check_folder, render_diagnostics
from lockhouse.command_line.console import report
from lockhouse.command_line.flow.sources import colourful, existing, source_texts
from lockhouse.flows import CONTRACTS

__all__ = ["loaded"]

_TESTS = ".tests.yaml"


def loaded(paths: list[Path] | None) -> FlowSet:
    """Return the flows in *paths*; shows their mistakes and ends the command with 2 where there are some."""
    chosen = [_flow_of(path) for path in existing(paths)]
    found, catalogue = check_folder(chosen, contracts=CONTRACTS)
    if not found.ok:
        color = colourful(sys.stderr.isatty())
        sys.stderr.write(render_diagnostics(found.errors, source_texts(found.errors), color=color))
        report("flows are tried when their mistakes are mended")
        raise typer.Exit(2)
    if not found.flows:
        report(f"{', '.join(map(str, chosen))}: expected flow definitions (*.yaml), found none; name their folder")
        raise typer.Exit(2)
    return FlowSet(flows=found.flows, catalogue=catalogue, tests=found.tests)


def _flow_of(path: Path) -> Path:
    """Return the file of the flow, where *path* is that of its tests."""
    beside = path.with_name(f"{path.name.removesuffix(_TESTS)}.yaml")
    return beside if path.name.endswith(_TESTS) and beside.exists() else path

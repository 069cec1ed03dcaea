"""The flows that are to be tried: with their tests and texts, and without mistakes."""

import sys
from pathlib import Path

import typer

from engine.language import FlowSet, Graph, check_folder, render_diagnostics
from lockhouse.command_line.console import report
from lockhouse.command_line.flow.installed import Installed
from lockhouse.command_line.flow.sources import colourful, existing, source_texts

__all__ = ["chosen", "loaded"]

_TESTS = ".tests.yaml"


def loaded(paths: list[Path] | None, there: Installed) -> FlowSet:
    """Return the flows in *paths*; shows their mistakes and ends the command with 2 where there are some."""
    chosen = [_flow_of(path) for path in existing(paths, there)]
    found, catalogue = check_folder(chosen, contracts=there.contracts)
    if not found.ok:
        color = colourful(sys.stderr.isatty())
        sys.stderr.write(render_diagnostics(found.errors, source_texts(found.errors), color=color))
        report("flows are tried when their mistakes are mended")
        raise typer.Exit(2)
    if not found.flows:
        report(f"{', '.join(map(str, chosen))}: expected flow definitions (*.yaml), found none; name their folder")
        raise typer.Exit(2)
    return FlowSet(flows=found.flows, catalogue=catalogue, tests=found.tests)


def chosen(name: str, paths: list[Path] | None, there: Installed) -> tuple[FlowSet, Graph]:
    """Return the flows in *paths* and the one called *name*, or the one in the file *name* with its neighbours."""
    file = Path(name)
    if not paths and file.is_file():
        flows = loaded([file.parent], there)
        own = [graph for graph in flows.flows if Path(next(iter(graph.places.values())).file).name == file.name]
    else:
        flows = loaded(paths, there)
        own = [flows.latest(name)] if name in flows.names else []
    if not own:
        report(f"there is no flow {name}; there are: {', '.join(flows.names)}")
        raise typer.Exit(2)
    return flows, own[-1]


def _flow_of(path: Path) -> Path:
    """Return the file of the flow, where *path* is that of its tests."""
    if not path.name.endswith(_TESTS):
        return path
    beside = path.with_name(f"{path.name.removesuffix(_TESTS)}.yaml")
    return beside if beside.exists() else path

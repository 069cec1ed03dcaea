"""``lockhouse flow diff``: what changes from one version of flows to another, and for whom."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.language import Change, FlowSet, check_folder, compare_flows, render_diagnostics
from lockhouse.command_line.console import print_json, report
from lockhouse.command_line.flow.installed import Installed, SettingsOption, installed
from lockhouse.command_line.flow.sources import colourful, existing, is_from, source_texts
from lockhouse.command_line.options import JsonOption

__all__ = ["diff"]

BREAKING, UNUSABLE, COMPATIBLE = 1, 2, 3


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A flow's file, or a folder of flows.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same, as it is to be.")],
    *,
    calls: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Flows that these call and that are not compared; may be given again."),
    ] = None,
    config: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what changes from OLD to NEW, whether it breaks anybody, and whom it concerns.

    Compared are outcomes, inputs, signals, prompts, texts, executors and the ways between nodes.
    Exit code 0 where nothing changes, 3 where all changes are compatible, 1 where one is breaking, 2 where one of the
    two has mistakes. Executions that are under way stay with the version that they began with.

    Example: lockhouse flow diff released/ my_flows/
    """
    there = installed(config)
    called = existing(calls, there) if calls else []
    changes = compare_flows(*(_flows(path, called, there) for path in (old, new)))
    breaking = [change for change in changes if change.breaking]
    if as_json:
        print_json({"breaking": bool(breaking), "changes": [change.to_json() for change in changes]})
    else:
        sys.stdout.write("".join(f"{_line(change)}\n" for change in changes))
        sys.stdout.write(f"{_summary(len(breaking), len(changes) - len(breaking))}\n")
    if changes:
        raise typer.Exit(BREAKING if breaking else COMPATIBLE)


def _flows(path: Path, calls: list[Path], there: Installed) -> FlowSet:
    """Return the flows at *path*; of a file's folder only that file's. Ends the command where one has mistakes."""
    existing([path], there)
    folder = path if path.is_dir() else path.parent
    checked, catalogue = check_folder([folder, *calls], contracts=there.contracts)
    mistakes = [found for found in checked.errors if Path(found.file) == path or path in Path(found.file).parents]
    flows = tuple(flow for flow in checked.flows if is_from(flow, path))
    if mistakes:
        sys.stderr.write(render_diagnostics(mistakes, source_texts(mistakes), color=colourful(sys.stderr.isatty())))
    elif not flows:
        report(f"{path}: expected flow definitions, found none that can be used; see `lockhouse flow check`")
    if mistakes or not flows:
        raise typer.Exit(UNUSABLE)
    return FlowSet(flows=flows, catalogue=catalogue)


def _line(change: Change) -> str:
    mark = "breaking  " if change.breaking else "compatible"
    concerns = f" ({', '.join(change.affects)})" if change.affects else ""
    return f"{mark}  {':'.join(part for part in (change.flow, change.path) if part)}: {change.message}{concerns}"


def _summary(breaking: int, compatible: int) -> str:
    if not breaking and not compatible:
        return "nothing changes"
    return f"{breaking} breaking, {compatible} compatible"

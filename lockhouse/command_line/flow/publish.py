"""``lockhouse flow publish``: have new executions run on other versions, without a restart."""

import sys
from pathlib import Path

import typer

from engine.language import FlowSet, Source, check_flows, render_diagnostics
from lockhouse.command_line.beside import Beside, beside_servers
from lockhouse.command_line.console import report
from lockhouse.command_line.flow.moving import DEFAULT, Existing, ExistingOption, tell_moved
from lockhouse.command_line.flow.sources import PathsArgument, colourful, source_texts
from lockhouse.command_line.options import ConfigOption, JsonOption

__all__ = ["publish"]

_NO_FLOWS = ("executors.yaml", ".tests.yaml")


def publish(
    paths: PathsArgument = None,
    *,
    existing: ExistingOption = Existing.FINISH,
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Have new executions run on these flows, in every running server and from now on.

    They are checked against the server's executors and texts first: nothing is published where one has a mistake.
    Without paths the server's own folder is published again, as after `flow rollback`.

    Example: lockhouse flow publish my_flows/expense.yaml --existing migrate
    """

    async def act(there: Beside) -> None:
        flows = _checked(paths or [there.folder], there)
        tell_moved(await there.engine.versions.publish(flows, existing=existing.value), as_json=as_json)

    beside_servers(config, act)


def _checked(paths: list[Path], there: Beside) -> FlowSet:
    """Return the flows in *paths*; shows their mistakes and ends the command with 1 where there are some."""
    sources = [Source(file=str(file), text=file.read_bytes()) for path in paths for file in _files(path)]
    found = check_flows(sources, contracts=there.engine.contracts, catalogue=there.catalogue)
    if not found.ok:
        color = colourful(sys.stderr.isatty())
        sys.stderr.write(render_diagnostics(found.errors, source_texts(found.errors), color=color))
        report(f"nothing was published; a text that is missing belongs into {there.folder / 'texts'} of each server")
        raise typer.Exit(1)
    if not found.flows:
        report(f"{', '.join(map(str, paths))}: expected flow definitions (*.yaml), found none; name their folder")
        raise typer.Exit(2)
    return FlowSet(flows=found.flows, catalogue=there.catalogue)


def _files(path: Path) -> list[Path]:
    if not path.exists():
        report(f"{path}: there is no such file or folder")
        raise typer.Exit(2)
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    return [file for file in files if not file.name.endswith(_NO_FLOWS)]

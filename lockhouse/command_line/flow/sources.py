"""The files that a ``flow`` command was given, and how it shows what is wrong with them."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from engine import Contract
from engine.language import (
    Diagnostic,
    FlowSet,
    Graph,
    check_folder,
    declared_contracts,
    render_diagnostics,
    version_key,
)
from lockhouse.command_line.console import note, report
from lockhouse.command_line.flow.installed import Installed

__all__ = [
    "PathsArgument",
    "colourful",
    "existing",
    "flows_with",
    "is_from",
    "known_contracts",
    "source_texts",
    "written",
]

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Folders or files; left out: the flows that come with Lockhouse."),
]


def existing(paths: list[Path] | None, there: Installed) -> list[Path]:
    """Return *paths*, or the folder that is meant where none is named; ends the command where one is missing."""
    for path in paths or ():
        if not path.exists():
            report(f"{path}: there is no such file or folder")
            raise typer.Exit(2)
    return paths or [there.folder]


def flows_with(name: str, paths: list[Path] | None, there: Installed) -> tuple[Graph, FlowSet]:
    """Return the flow *name* in *paths*, or the one in the file *name*, and all flows that were found with it.

    A flow that is named by its file may call those of its folder. Ends the command where the flow has mistakes.
    """
    file = Path(name) if Path(name).is_file() else None
    beside = [file.parent] if file is not None else []
    chosen = [*beside, *(existing(paths, there) if paths or not beside else [])]
    checked, catalogue = check_folder(chosen, contracts=there.contracts)
    found = FlowSet(flows=checked.flows, catalogue=catalogue, tests=checked.tests)
    wanted = [flow for flow in found.flows if (is_from(flow, file) if file is not None else flow.name == name)]
    if wanted:
        return max(wanted, key=lambda flow: version_key(flow.version)), found
    if file is not None or not checked.ok:
        report(f"{name} cannot be used before its mistakes are mended; see `lockhouse flow check`")
    else:
        report(f"there is no flow {name}; there are: {', '.join(found.names) or 'none'}")
    raise typer.Exit(1)


def is_from(flow: Graph, path: Path) -> bool:
    """Return whether *flow* stands in the file *path*, or in the folder *path*."""
    return any(path in {Path(place.file), Path(place.file).parent} for place in flow.places.values())


def source_texts(diagnostics: Sequence[Diagnostic]) -> dict[str, bytes]:
    """Return the files that *diagnostics* speak of, so that their lines can be shown."""
    files = {found.file for found in diagnostics}
    return {file: _beginning(Path(file)) for file in files if Path(file).is_file()}


def _beginning(file: Path) -> bytes:
    # A file that is larger than a flow may be is refused unread; nobody wants to see more of it.
    with file.open("rb") as opened:
        return opened.read(1024 * 1024)


def colourful(terminal: bool) -> bool:
    """Tell whether to write in colour to a stream that is a *terminal* or not (``NO_COLOR`` says never)."""
    return terminal and not os.environ.get("NO_COLOR")


def known_contracts(paths: list[Path] | None, there: Installed) -> tuple[Contract, ...]:
    """Return the contracts of the executors that there are, with those that the folders among *paths* declare.

    Ends the command where one cannot be read.
    """
    found: list[Diagnostic] = []
    known = declared_contracts(existing(paths, there), there.contracts, found)
    if found:
        sys.stderr.write(render_diagnostics(found, source_texts(found), color=colourful(sys.stderr.isatty())))
        raise typer.Exit(1)
    return tuple(known.values())


def written(file: Path, text: str) -> None:
    """Write *text* to *file* and say so; ends the command where that cannot be."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        report(f"{file}: it cannot be written: {error.strerror}")
        raise typer.Exit(2) from error
    note(f"wrote {file}")

"""The files that a ``flow`` command was given, and how it shows what is wrong with them."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from engine import Contract
from engine.language import Diagnostic, Graph, check_folder, declared_contracts, render_diagnostics
from lockhouse.command_line.console import note, report
from lockhouse.flows import CONTRACTS, flows_folder

__all__ = ["PathsArgument", "colourful", "existing", "flow_named", "known_contracts", "source_texts", "written"]

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Folders or files; left out: the flows that come with Lockhouse."),
]


def existing(paths: list[Path] | None) -> list[Path]:
    """Return *paths*, or the folder of the flows that come with Lockhouse; ends the command where one is missing."""
    for path in paths or ():
        if not path.exists():
            report(f"{path}: there is no such file or folder")
            raise typer.Exit(2)
    return paths or [flows_folder(None)]


def flow_named(name: str, paths: list[Path] | None) -> Graph:
    """Return the flow *name* in *paths*, or the one in the file *name*; ends the command where it has mistakes."""
    if not paths and Path(name).is_file():
        return _only(Path(name))
    found, _ = check_folder(existing(paths), contracts=CONTRACTS)
    graphs = [flow for flow in found.flows if flow.name == name]
    if graphs:
        return graphs[-1]
    if not found.ok:
        _refuse(name)
    known = ", ".join(sorted({flow.name for flow in found.flows})) or "none"
    report(f"there is no flow {name}; there are: {known}")
    raise typer.Exit(1)


def _only(file: Path) -> Graph:
    """Return the flow in *file*: flows and files go one to one."""
    found, _ = check_folder([file], contracts=CONTRACTS)
    if not found.flows:
        _refuse(str(file))
    return found.flows[0]


def _refuse(name: str) -> NoReturn:
    report(f"{name} cannot be used before its mistakes are mended; see `lockhouse flow check`")
    raise typer.Exit(1)


def source_texts(diagnostics: Sequence[Diagnostic]) -> dict[str, bytes]:
    """Return the files that *diagnostics* speak of, so that their lines can be shown."""
    files = {found.file for found in diagnostics}
    return {file: Path(file).read_bytes() for file in files if Path(file).is_file()}


def colourful(terminal: bool) -> bool:
    """Tell whether to write in colour to a stream that is a *terminal* or not (``NO_COLOR`` says never)."""
    return terminal and not os.environ.get("NO_COLOR")


def known_contracts(paths: list[Path] | None) -> tuple[Contract, ...]:
    """Return the contracts of the executors that there are, with those that the folders among *paths* declare.

    Ends the command where one cannot be read.
    """
    found: list[Diagnostic] = []
    known = declared_contracts(existing(paths), CONTRACTS, found)
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

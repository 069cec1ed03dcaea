"""``lockhouse flow``: check flow definitions and draw them, without a server."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from engine.language import Diagnostic, Graph, check_folder, diagnostics_json, draw_mermaid, render_diagnostics
from lockhouse.command_line.console import print_json, report
from lockhouse.command_line.options import JsonOption
from lockhouse.flows import CONTRACTS, flows_folder
from lockhouse.messages import message_flaws

__all__ = ["app", "source_texts"]

app = typer.Typer(no_args_is_help=True, help="Flow definitions.")

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Folders or files; left out: the flows that come with Lockhouse."),
]


@app.command()
def check(paths: PathsArgument = None, *, as_json: JsonOption = False) -> None:
    """Check flows, their texts and message templates; every mistake with its place. Exit code 1 where there is one.

    Example: lockhouse flow check my_flows/
    """
    chosen = _existing(paths)
    found, _ = check_folder(chosen, contracts=CONTRACTS)
    if not found.flows and found.ok:
        report(f"{', '.join(map(str, chosen))}: expected flow definitions (*.yaml), found none; name their folder")
        raise typer.Exit(1)
    flaws = [flaw for path in chosen if path.is_dir() for flaw in message_flaws(path)]
    ok = found.ok and not flaws
    if as_json:
        templates = [{"file": str(flaw.file), "line": flaw.line, "message": flaw.message} for flaw in flaws]
        print_json({"ok": ok, "diagnostics": diagnostics_json(found.diagnostics), "templates": templates})
    else:
        out = sys.stdout if ok else sys.stderr
        out.write(
            render_diagnostics(found.diagnostics, source_texts(found.diagnostics), color=_colourful(out.isatty()))
        )
        if flaws:
            report("\n".join(("message templates have mistakes", *map(str, flaws))))
    if not ok:
        raise typer.Exit(1)


@app.command()
def graph(
    name: Annotated[str, typer.Argument(metavar="FLOW", help="The flow to draw: its name, or its file.")],
    paths: PathsArgument = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Draw a flow as a Mermaid diagram, or print its compiled graph as JSON.

    Example: lockhouse flow graph login_approval
    """
    drawn = _only(Path(name)) if not paths and Path(name).is_file() else _find(name, _existing(paths))
    if as_json:
        print_json(drawn.to_json())
    else:
        sys.stdout.write(draw_mermaid(drawn).rstrip("\n") + "\n")


def _only(file: Path) -> Graph:
    """Return the flow in *file*: flows and files go one to one."""
    found, _ = check_folder([file], contracts=CONTRACTS)
    if not found.flows:
        report(f"{file} cannot be drawn before its mistakes are mended; see `lockhouse flow check`")
        raise typer.Exit(1)
    return found.flows[0]


def _find(name: str, paths: list[Path]) -> Graph:
    found, _ = check_folder(paths, contracts=CONTRACTS)
    graphs = [flow for flow in found.flows if flow.name == name]
    if graphs:
        return graphs[-1]
    if not found.ok:
        report(f"{name} cannot be drawn before its mistakes are mended; see `lockhouse flow check`")
    else:
        known = ", ".join(sorted({flow.name for flow in found.flows})) or "none"
        report(f"there is no flow {name}; there are: {known}")
    raise typer.Exit(1)


def _existing(paths: list[Path] | None) -> list[Path]:
    for path in paths or ():
        if not path.exists():
            report(f"{path}: there is no such file or folder")
            raise typer.Exit(2)
    return paths or [flows_folder(None)]


def source_texts(diagnostics: Sequence[Diagnostic]) -> dict[str, bytes]:
    """Return the files that *diagnostics* speak of, so that their lines can be shown."""
    files = {found.file for found in diagnostics}
    return {file: Path(file).read_bytes() for file in files if Path(file).is_file()}


def _colourful(terminal: bool) -> bool:
    return terminal and not os.environ.get("NO_COLOR")

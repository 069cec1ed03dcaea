"""``lockhouse flow check``: every mistake in flow definitions, with its place, before anybody is asked anything."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.language import (
    CheckReport,
    Diagnostic,
    Source,
    check_folder,
    diagnostics_json,
    facts_of,
    render_diagnostics,
    sarif_log,
)
from lockhouse.command_line.console import print_json, report
from lockhouse.command_line.flow.installed import SettingsOption, installed
from lockhouse.command_line.flow.sources import PathsArgument, colourful, source_texts
from lockhouse.messages import message_flaws

__all__ = ["check"]

STDIN = "-"
_STDIN_NAME = "<stdin>"
_LARGEST = 16 * 1024 * 1024


def check(
    paths: PathsArgument = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0, for code hosts and editors.")] = False,
    with_facts: Annotated[
        bool, typer.Option("--facts", help="Add what each flow can cost: time, notifications, attempts at credentials.")
    ] = False,
    config: SettingsOption = None,
) -> None:
    """Check flows, their texts and message templates; every mistake with its place.

    Several files and folders are checked together; - is standard input. Exit status 0: no mistakes (warnings at most);
    1: mistakes; 2: this command was used wrongly.

    Example: lockhouse flow check my_flows/
    """
    if as_json and as_sarif:
        raise _wrong_use("--json and --sarif: expected one of them, found both")
    there = installed(config)
    chosen = list(paths or [there.folder])
    files = _existing(chosen)
    besides = [_standard_input()] if Path(STDIN) in chosen else []
    found, _ = check_folder(files, contracts=there.contracts, besides=besides)
    if not found.flows and not found.diagnostics:
        raise _wrong_use(
            f"{', '.join(map(str, chosen))}: expected flow definitions (*.yaml), found none; name their folder"
        )
    flaws = [flaw for path in files if path.is_dir() for flaw in message_flaws(path)]
    ok = found.ok and not flaws
    facts = _facts(found) if with_facts else []
    if as_sarif:
        print_json(sarif_log(found.diagnostics, version=version_of("lockhouse")))
    elif as_json:
        templates = [{"file": str(flaw.file), "line": flaw.line, "message": flaw.message} for flaw in flaws]
        shown: dict[str, Any] = {"ok": ok, "diagnostics": diagnostics_json(found.diagnostics), "templates": templates}
        print_json({**shown, "facts": [one.to_json() for one in facts]} if with_facts else shown)
    else:
        _write(found.diagnostics, besides, ok=ok)
        if flaws:
            report("\n".join(("message templates have mistakes", *map(str, flaws))))
        sys.stdout.write("".join(f"\n{one.to_text()}" for one in facts))
    if not ok:
        raise typer.Exit(1)


def _wrong_use(message: str) -> typer.Exit:
    report(message)
    return typer.Exit(2)


def _existing(chosen: Sequence[Path]) -> list[Path]:
    """Return the files and folders that were named; a link that leads nowhere is left for the check to report."""
    files = [path for path in chosen if path != Path(STDIN)]
    for path in files:
        if not os.path.lexists(path):
            raise _wrong_use(f"{path}: there is no such file or folder")
    return files


def _standard_input() -> Source:
    return Source(file=_STDIN_NAME, text=sys.stdin.buffer.read(_LARGEST))


def _facts(found: CheckReport) -> list[Any]:
    graphs = {graph.digest: graph for graph in found.flows}
    return [facts_of(graph, graphs) for graph in found.flows]


def _write(diagnostics: Sequence[Diagnostic], besides: Sequence[Source], *, ok: bool) -> None:
    out = sys.stdout if ok else sys.stderr
    texts = {**source_texts(diagnostics), **{source.file: source.text for source in besides}}
    out.write(render_diagnostics(diagnostics, texts, color=colourful(out.isatty())))

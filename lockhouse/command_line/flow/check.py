"""``lockhouse flow check``: every mistake in flow definitions, with its place, before anybody is asked anything."""

import sys

import typer

from engine.language import check_folder, diagnostics_json, render_diagnostics
from lockhouse.command_line.console import print_json, report
from lockhouse.command_line.flow.sources import PathsArgument, colourful, existing, source_texts
from lockhouse.command_line.options import JsonOption
from lockhouse.flows import CONTRACTS
from lockhouse.messages import message_flaws

__all__ = ["check"]


def check(paths: PathsArgument = None, *, as_json: JsonOption = False) -> None:
    """Check flows, their texts and message templates; every mistake with its place. Exit code 1 where there is one.

    Example: lockhouse flow check my_flows/
    """
    chosen = existing(paths)
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
        out.write(render_diagnostics(found.diagnostics, source_texts(found.diagnostics), color=colourful(out.isatty())))
        if flaws:
            report("\n".join(("message templates have mistakes", *map(str, flaws))))
    if not ok:
        raise typer.Exit(1)

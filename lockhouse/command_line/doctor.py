"""``lockhouse doctor``."""

import asyncio
from pathlib import Path

import typer

from lockhouse.command_line.console import print_json, show_finding
from lockhouse.command_line.options import ConfigOption, JsonOption
from lockhouse.doctor import Finding, examine

__all__ = ["doctor"]

_DEFAULT = Path("lockhouse.toml")


def doctor(*, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Look over a server and say what is wrong, with a remedy for each.

    It looks at the settings, keys, database, flows, mail, clock and public address, whether the server runs or not.
    It changes nothing and sends nothing. Exit code 1 where something fails.
    """
    found = asyncio.run(_look(config, shown=not as_json))
    failed = any(finding.status == "fail" for finding in found)
    if as_json:
        print_json({"ok": not failed, "findings": [finding.to_json() for finding in found]})
    if failed:
        raise typer.Exit(1)


async def _look(config: Path, *, shown: bool) -> list[Finding]:
    found = []
    async for finding in examine(config):
        found.append(finding)
        if shown:
            show_finding(finding.status, finding.check, finding.says, finding.remedy)
    return found

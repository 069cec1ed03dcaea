"""``lockhouse flow schema``: what an editor needs to complete and to underline."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.language import flow_schema_text
from lockhouse.command_line.flow.installed import SettingsOption, installed
from lockhouse.command_line.flow.sources import known_contracts, written

__all__ = ["schema"]


def schema(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FOLDER]...", help="Folders of flows whose executors.yaml declares executors, too."),
    ] = None,
    *,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it there.")] = None,
    config: SettingsOption = None,
) -> None:
    """Print the JSON Schema of flow files, for editors: keys, executors, their inputs and outcomes.

    Begin a flow with `# yaml-language-server: $schema=./flow.schema.json`.

    Example: lockhouse flow schema --out my_flows/flow.schema.json
    """
    text = flow_schema_text(known_contracts(paths, installed(config)))
    if out is None:
        sys.stdout.write(text)
    else:
        written(out, text)

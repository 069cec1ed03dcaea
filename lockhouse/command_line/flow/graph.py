"""``lockhouse flow graph``: a picture of a flow."""

import sys
from typing import Annotated

import typer

from engine.language import draw_mermaid
from lockhouse.command_line.console import print_json
from lockhouse.command_line.flow.sources import PathsArgument, flow_named
from lockhouse.command_line.options import JsonOption

__all__ = ["graph"]


def graph(
    name: Annotated[str, typer.Argument(metavar="FLOW", help="The flow to draw: its name, or its file.")],
    paths: PathsArgument = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Draw a flow as a Mermaid diagram, or print its compiled graph as JSON.

    Example: lockhouse flow graph login_approval
    """
    drawn = flow_named(name, paths)
    if as_json:
        print_json(drawn.to_json())
    else:
        sys.stdout.write(draw_mermaid(drawn).rstrip("\n") + "\n")

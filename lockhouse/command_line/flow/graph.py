"""``lockhouse flow graph``: a picture of a flow."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.language import FlowSet, Graph, draw_dot, draw_mermaid, draw_svg, picture_of
from lockhouse.command_line.console import report
from lockhouse.command_line.flow.installed import SettingsOption, installed
from lockhouse.command_line.flow.sources import PathsArgument, flows_with, written

__all__ = ["Format", "graph"]


_MOST_NODES = 300


class Format(StrEnum):
    """What a flow is drawn as."""

    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"
    JSON = "json"


def graph(
    name: Annotated[str, typer.Argument(metavar="FLOW", help="The flow to draw: its name, or its file.")],
    paths: PathsArgument = None,
    *,
    drawn_as: Annotated[Format, typer.Option("--format", "-f", help="What to draw it as.")] = Format.MERMAID,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it there.")] = None,
    coverage: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Show what tests take: what `flow test --json` printed.")
    ] = None,
    expand: Annotated[bool, typer.Option("--expand", help="Draw what calls call inside their nodes.")] = False,
    config: SettingsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Draw a flow: as Mermaid or DOT text, as an SVG file, or its compiled graph as JSON.

    Example: lockhouse flow graph login_approval --format svg --out login_approval.svg
    """
    found, flows = flows_with(name, paths, installed(config))
    text = _drawn(found, flows, Format.JSON if as_json else drawn_as, _covered(coverage), expand=expand)
    if out is None:
        sys.stdout.write(text)
    else:
        written(out, text)


def _drawn(found: Graph, flows: FlowSet, drawn_as: Format, coverage: dict[str, Any] | None, *, expand: bool) -> str:
    if drawn_as is Format.JSON:
        return json.dumps(found.to_json(), indent=2) + "\n"
    if drawn_as is Format.SVG and len(found.nodes) > _MOST_NODES:
        report(f"{found.name} has {len(found.nodes)} nodes, and a picture has room for {_MOST_NODES}; use --format dot")
        raise typer.Exit(1)
    picture = picture_of(found, coverage=coverage, calls=flows.by_digest if expand else None)
    return {Format.MERMAID: draw_mermaid, Format.DOT: draw_dot, Format.SVG: draw_svg}[drawn_as](picture)


def _covered(file: Path | None) -> dict[str, Any] | None:
    """Return what *file* says of each flow; ends the command where it is not what ``flow test --json`` prints."""
    if file is None:
        return None
    try:
        read = json.loads(file.read_bytes())["coverage"]
        return {flow: {"nodes": dict(part["nodes"]), "routes": list(part["routes"])} for flow, part in read.items()}
    except OSError as error:
        report(f"{file}: it cannot be read: {error.strerror}")
    except (ValueError, KeyError, TypeError, AttributeError):
        report(f"{file}: expected what `lockhouse flow test --json` prints, found something else")
    raise typer.Exit(2)

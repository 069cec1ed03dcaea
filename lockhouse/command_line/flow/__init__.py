"""``lockhouse flow``: check, draw and try flow definitions without a server; publish them in one."""

import typer

from lockhouse.command_line.lazily import Part, group_of

__all__ = ["app"]


def _part(name: str, summary: str) -> Part:
    return Part(name=name, module=f"{__name__}.{name}", attribute=name, summary=summary)


PARTS = (
    _part("check", "Check flows, their texts and message templates; every mistake with its place."),
    _part("graph", "Draw a flow: as Mermaid or DOT text, as an SVG file, or its compiled graph as JSON."),
    _part("diff", "Say what changes from OLD to NEW, whether it breaks anybody, and whom it concerns."),
    _part("new", "Write a flow to begin with, its texts and its tests."),
    _part("schema", "Print the JSON Schema of flow files, for editors."),
    _part("test", "Run the tests of flows and show how much of each flow they cover."),
    _part("run", "Walk through a flow by hand: answer its prompts, say what executors answer."),
    _part("publish", "Have new executions run on these flows, in every running server and from now on."),
    _part("versions", "List the versions of flows that are stored, and how many executions stand in each."),
    _part("rollback", "Have new executions run on an older version again."),
)

app = typer.Typer(no_args_is_help=True, cls=group_of(PARTS), help="Flow definitions.")

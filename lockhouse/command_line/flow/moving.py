"""What the commands that change versions of flows share: what becomes of older executions, and how that is told."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from lockhouse.command_line.console import note, print_json, say

__all__ = ["DEFAULT", "Existing", "ExistingOption", "tell_moved"]

DEFAULT: Final = Path("lockhouse.toml")
_SHOWN: Final = 20


class Existing(StrEnum):
    """What becomes of the executions that stand in older versions."""

    FINISH = "finish_on_old"
    ABORT = "abort"
    MIGRATE = "migrate"


ExistingOption = Annotated[
    Existing,
    typer.Option(help="What becomes of executions in older versions: they finish there, end as cancelled, or move."),
]


def tell_moved(moved: Any, *, as_json: bool) -> None:
    """Say which flows have another live version, and what became of older executions."""
    if as_json:
        print_json({"published": list(moved.published), "moved": list(moved.moved), "stayed": dict(moved.stayed)})
        return
    say(f"published: {', '.join(moved.published) or 'nothing; these versions are live already'}")
    if moved.moved:
        say(f"executions that left an older version: {len(moved.moved)}")
    for execution, why in list(moved.stayed.items())[:_SHOWN]:
        note(f"{execution} stays where it is: {why}")
    if moved.published:
        note("Running servers use it within seconds.")

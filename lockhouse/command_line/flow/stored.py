"""How commands reach the versions of flows that are stored, also where a server would refuse to start on them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from engine import Engine
from engine.language import Catalogue, FlowSet, load_catalogue
from lockhouse.command_line.console import note, print_json, say
from lockhouse.configuration import load_configuration
from lockhouse.flows import flows_folder
from lockhouse.installation import opened
from lockhouse.plugins import plugins_of
from lockhouse.wiring import assembled

__all__ = ["DEFAULT", "Existing", "ExistingOption", "Stored", "among_stored", "tell_moved"]

T = TypeVar("T")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An engine that is not open: nothing was published by it, and nothing is refused."""

    engine: Engine
    catalogue: Catalogue
    folder: Path


def among_stored(config: Path, act: Callable[[Stored], Awaitable[T]]) -> T:
    """Put the engine of *config* together without opening it, and do *act* with it."""

    async def run() -> T:
        configuration = load_configuration(config)
        plugins, folder = plugins_of(configuration), flows_folder(configuration)
        catalogue = load_catalogue(folder / "texts", [])
        async with (
            opened(configuration) as home,
            assembled(home, flows=FlowSet(flows=(), catalogue=catalogue), plugins=plugins, work=False) as parts,
        ):
            try:
                return await act(Stored(engine=parts.engine, catalogue=catalogue, folder=folder))
            finally:
                await parts.engine.close()

    return asyncio.run(run())


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

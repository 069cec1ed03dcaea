"""The options that several commands share, and how commands reach the installation that they name."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from engine.storage import Unit
from lockhouse.configuration import load_configuration
from lockhouse.installation import Installation, opened

__all__ = ["ConfigOption", "JsonOption", "inside"]

T = TypeVar("T")

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        envvar="LOCKHOUSE_CONFIG",
        metavar="FILE",
        help="The settings file that `lockhouse init` wrote.",
        show_default=True,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def inside(config: Path, act: Callable[[Installation], Callable[[Unit], T]]) -> T:
    """Open the installation of *config* and run, as one unit, the function that *act* makes for it.

    So ``inside(config, lambda home: Clients(keyring=home.keyring).all)`` lists the clients.
    """

    async def run() -> T:
        async with opened(load_configuration(config)) as home:
            return await home.database.run(act(home))

    return asyncio.run(run())

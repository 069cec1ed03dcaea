"""How commands reach executions and versions of flows, also where a server would refuse to start on them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from engine import Engine
from engine.language import Catalogue, FlowSet, load_catalogue
from lockhouse.configuration import load_configuration
from lockhouse.flows import flows_folder
from lockhouse.installation import opened
from lockhouse.plugins import plugins_of
from lockhouse.wiring import assembled

__all__ = ["Beside", "beside_servers"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """An engine beside those of the servers. It is not open: nothing is published by it, and nothing is refused."""

    engine: Engine
    catalogue: Catalogue
    folder: Path


def beside_servers(config: Path, act: Callable[[Beside], Awaitable[T]]) -> T:
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
                return await act(Beside(engine=parts.engine, catalogue=catalogue, folder=folder))
            finally:
                await parts.engine.close()

    return asyncio.run(run())

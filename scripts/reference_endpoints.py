"""The page on endpoints, read from a server that is put together as `lockhouse serve` does it."""

import asyncio
import inspect
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute, Mount, Route

from lockhouse.configuration import load_configuration
from lockhouse.installation import create_installation, opened
from lockhouse.wiring import wired

HEAD = """# Endpoints

Every address of a server, below its issuer. `GET` answers `HEAD` too. Errors are in [errors](errors.md)."""


def endpoints_page() -> str:
    """Return every address with its methods and what it is for."""
    rows = [f"| `{path}` | {methods} | {meaning} |" for path, methods, meaning in sorted(set(_all_routes()))]
    return "\n\n".join([HEAD, "\n".join(["| address | methods | |", "| --- | --- | --- |", *rows])])


def _all_routes() -> Iterator[tuple[str, str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        yield from _below("", asyncio.run(_routes(Path(folder) / "home")))


async def _routes(folder: Path) -> list[BaseRoute]:
    environ = {
        "LOCKHOUSE_DEVELOPMENT": "true",
        "LOCKHOUSE_MAIL__DIRECTORY": str(folder / "mail"),
        "LOCKHOUSE_REGISTRATION__MODE": "open",
    }
    await asyncio.to_thread(create_installation, folder, issuer=None, url=None)
    configuration = load_configuration(folder / "lockhouse.toml", environ=environ)
    async with opened(configuration) as installation, wired(installation, work=False) as server:
        return list(server.application.routes)


def _below(prefix: str, routes: list[BaseRoute]) -> Iterator[tuple[str, str, str]]:
    for route in routes:
        match route:
            case Mount():
                yield from _below(prefix + route.path, list(route.routes))
            case Route():
                methods = ", ".join(sorted((route.methods or {"any"}) - {"HEAD"}))
                yield prefix + route.path, methods, _meaning(route.endpoint)
            case _:
                raise ValueError(f"expected routes and mounts, found {route!r}: say here how it is read")


def _meaning(endpoint: Any) -> str:
    """Return the first sentence of what answers; what only wraps it is looked through."""
    inside = inspect.getclosurevars(endpoint).nonlocals.get("handler") if inspect.isfunction(endpoint) else None
    words = inspect.getdoc(inside or endpoint) or ""
    return " ".join(words.split("\n\n")[0].split())

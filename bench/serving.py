"""Serves an application the way `lockhouse serve` does, for a parent that talks over standard input and output.

Says ``ready PORT`` once it listens, answers each line ``memory`` with ``memory BYTES``, ends when its input ends.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import uvloop
from starlette.types import ASGIApp

from lockhouse.connections import make_room
from lockhouse.serve import bind, build_server
from lockhouse.settings import ListenSection

# No load is to be turned away: what a limit does is tested elsewhere.
_LISTEN = ListenSection(connections=12_000)

Making = Callable[[int], AbstractAsyncContextManager[ASGIApp]]


def serve_here(application: ASGIApp) -> None:
    """Serve *application* until standard input ends."""

    @asynccontextmanager
    async def made(_port: int) -> AsyncIterator[ASGIApp]:
        yield application

    serve_made(made)


def serve_made(make: Making) -> None:
    """Serve what ``make(port)`` yields until standard input ends."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(make))


async def _serve(make: Making) -> None:
    make_room(_LISTEN.connections)
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        async with make(port) as application:
            server = build_server(application, listen=_LISTEN, on_started=lambda: _say(f"ready {port}"))
            obeying = asyncio.create_task(_obey(lambda: setattr(server, "should_exit", True)))
            await server.serve(sockets=[listener])
            obeying.cancel()


async def _obey(stop: Callable[[], None]) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        if line.strip() == b"memory":
            _say(f"memory {resident_bytes()}")
    stop()


def resident_bytes() -> int:
    """Return this process's resident memory."""
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - not a file to keep
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _say(line: str) -> None:
    print(line, flush=True)

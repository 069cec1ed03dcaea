"""Opening and closing an engine with the application that it is part of: Starlette's, FastAPI's, any ASGI one."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from engine.runtime import Engine

__all__ = ["lifespan"]


def lifespan(engine: Engine) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """Return what Starlette and FastAPI take as ``lifespan``: the engine works for as long as the application runs.

    When the application is to end, whoever waits for a step is answered first, so that requests do not hold it up.
    """

    @asynccontextmanager
    async def opened(_application: Any) -> AsyncIterator[None]:
        async with engine:
            try:
                yield
            finally:
                engine.stop_waiting()

    return opened

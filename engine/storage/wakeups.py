"""Who in this process wants to be woken on which channel."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from engine.storage.perform import run_hook

Hook = Callable[[], None]


class Wakeups:
    """Hooks by channel, each called on the event loop that registered it."""

    def __init__(self) -> None:
        self._hooks: dict[str, list[tuple[asyncio.AbstractEventLoop, Hook]]] = {}

    def add(self, channel: str, hook: Hook) -> Callable[[], None]:
        """Register *hook* and return what takes it away again."""
        entry = (asyncio.get_running_loop(), hook)
        self._hooks[channel] = [*self._hooks.get(channel, ()), entry]

        def stop() -> None:
            left = [each for each in self._hooks.get(channel, ()) if each is not entry]
            if left:
                self._hooks[channel] = left
            else:
                self._hooks.pop(channel, None)

        return stop

    def wake(self, channels: Iterable[str]) -> None:
        """Call every hook on *channels*, from any thread."""
        for channel in dict.fromkeys(channels):
            for loop, hook in self._hooks.get(channel, ()):
                with suppress(RuntimeError):  # the loop that wanted to know has been closed
                    loop.call_soon_threadsafe(run_hook, hook)

    def wake_all(self) -> None:
        """Call every hook: wake-ups may have been missed."""
        self.wake(list(self._hooks))

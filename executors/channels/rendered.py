"""Writes a message when it leaves; docs/decisions/0011.

What is queued is who is to be told what. The words are made from it just before the sender takes them, and are the same
at every try: key and time come from the queue, not from the moment.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from engine import Fault, Refused, Sender
from executors.channels.notice import Notice


class MessageRenderer(Protocol):
    """One channel's way to turn a message into what its sender delivers."""

    def render(self, notice: Notice) -> Mapping[str, Any] | str:
        """Return what is to be delivered, or as a text the reason why this address cannot be written to.

        The same notice gives the same message: each try makes it anew. Raise Fault for one that cannot be written.
        """
        ...


class RenderedSender:
    """A sender for what ``notification_dispatch`` queues: *renderer* writes it, *sender* delivers it."""

    def __init__(self, *, renderer: MessageRenderer, sender: Sender) -> None:
        self._renderer, self._sender = renderer, sender

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:
        """Write and deliver. What cannot be written is refused: the node ends as undeliverable, with the reason."""
        try:
            written = self._renderer.render(Notice.read(payload))
        except Fault as error:
            raise Refused(error.reason, str(error)) from error
        if isinstance(written, str):
            raise Refused(written, "the channel cannot write to this address")
        await self._sender.deliver(key=key, payload=written)

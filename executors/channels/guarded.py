"""Asks once more before a message leaves; ciba.md "Account guard", dispatch.

Between queuing and sending lie seconds or, with a mail server that is down, minutes: a person or a client may have
been disabled, a request decided. What that means is left to the guard.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from engine import Refused, Sender


class MessageGuard(Protocol):
    """Whoever knows whether a journey's messages may still be sent."""

    async def may_send(self, correlation: str) -> bool:
        """Say whether a message of this journey may leave now."""
        ...


class GuardedSender:
    """A sender that drops what may no longer be sent; the node then ends as undeliverable ``not_allowed``."""

    def __init__(self, *, sender: Sender, guard: MessageGuard) -> None:
        self._sender = sender
        self._guard = guard

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:
        """Ask the guard by the payload's ``correlation``, then deliver."""
        if not await self._guard.may_send(payload["correlation"]):
            raise Refused("not_allowed", "the guard says that this message may no longer be sent: it was dropped")
        await self._sender.deliver(key=key, payload=payload)

"""Asks once more before a message leaves; ciba.md "Account guard", dispatch.

Between queuing and sending lie seconds or, with a mail server that is down, minutes: a person or a client may have
been disabled, a request decided. What that means is left to the guard.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol

from engine import Refused, Sender


class Leave(Enum):
    """What becomes of a message: it is sent, it is refused, or it goes nowhere as if it had been sent."""

    SENT = "sent"
    REFUSED = "refused"
    DISCARDED = "discarded"


class MessageGuard(Protocol):
    """Whoever knows whether a journey's messages may still be sent."""

    async def judge(self, correlation: str) -> Leave:
        """Say what is to become of a message of this journey now."""
        ...


class GuardedSender:
    """A sender that drops what may no longer be sent; the node then ends as undeliverable ``not_allowed``.

    What goes nowhere counts as delivered: nobody is there, and nobody is to learn of that.
    """

    def __init__(self, *, sender: Sender, guard: MessageGuard) -> None:
        self._sender = sender
        self._guard = guard

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:
        """Ask the guard by the payload's ``correlation``, then deliver."""
        leave = await self._guard.judge(payload["correlation"])
        if leave is Leave.REFUSED:
            raise Refused("not_allowed", "the guard says that this message may no longer be sent: it was dropped")
        if leave is Leave.SENT:
            await self._sender.deliver(key=key, payload=payload)

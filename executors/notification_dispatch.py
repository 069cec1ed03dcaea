"""Hands a message for a person to the outbox; architecture.md "What an executor may be".

It looks up the address, has the channel render the message, and answers Deferred: the outbox completes the node
with ``accepted`` or ``undeliverable``. Which channel comes first, and what follows it, is the flow's decision.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from engine import Context, Contract, Deferred, Done, Message
from engine.storage import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Where and how to reach one person over one channel."""

    address: str = field(repr=False)
    name: str = field(default="", repr=False)
    locale: str = "en"


class ContactBook(Protocol):
    """Whoever knows people's addresses."""

    def address(self, unit: Unit, recipient: str, channel: str) -> Contact | None:
        """Return how to reach *recipient* over *channel*, or None."""
        ...


class MessageRenderer(Protocol):
    """One channel's way to turn a message into what its sender will deliver, unchanged, at every try."""

    def render(
        self,
        *,
        key: str,
        correlation: str,
        now: datetime,
        address: str,
        name: str,
        locale: str,
        message: Mapping[str, Any],
        link: str,
        until: datetime,
    ) -> Mapping[str, Any] | str:
        """Return the payload (JSON), or as a text the reason why this address cannot be written to.

        The same arguments give the same payload: it may be called twice. Raise Fault for a message that the
        channel does not know.
        """
        ...


class NotificationDispatch:
    """The executor ``notification_dispatch``. *channels* has a renderer for each channel that there is."""

    contract = Contract.declare(
        name="notification_dispatch",
        summary="Sends a person a message with a link, over one channel.",
        effect="transactional",
        defers=True,
        inputs={
            "channel": ["email", "sms"],
            "recipient": "id",
            "message": "message",
            "link": {"type": "url", "secret": True},
            "until": "time",
        },
        outcomes={"accepted": {"channel": "string"}, "undeliverable": {"reason": "string"}},
        faults={"message_unknown": "no template has this id", "message_incomplete": "a parameter is missing"},
    )

    def __init__(self, *, contacts: ContactBook, channels: Mapping[str, MessageRenderer]) -> None:
        self._contacts = contacts
        self._channels = dict(channels)

    def run(self, unit: Unit, context: Context, inputs: Mapping[str, Any]) -> Done | Deferred:
        """Queue the message, or say at once why nothing can be sent."""
        channel: str = inputs["channel"]
        renderer = self._channels.get(channel)
        if renderer is None:
            return _undeliverable("no_channel")
        contact = self._contacts.address(unit, inputs["recipient"], channel)
        if contact is None:
            return _undeliverable("no_address")
        until: datetime = inputs["until"]
        payload = renderer.render(
            key=context.key,
            correlation=context.correlation,
            now=context.now,
            address=contact.address,
            name=contact.name,
            locale=contact.locale,
            message=inputs["message"],
            link=inputs["link"],
            until=until,
        )
        if isinstance(payload, str):
            return _undeliverable(payload)
        queued = Message(
            sender=channel,
            payload=payload,
            delivered="accepted",
            delivered_fields={"channel": channel},
            undeliverable="undeliverable",
            give_up_at=until,
        )
        return Deferred(until=until, send=(queued,))


def _undeliverable(reason: str) -> Done:
    return Done("undeliverable", {"reason": reason})

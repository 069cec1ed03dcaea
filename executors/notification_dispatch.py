"""Hands a message for a person to the outbox; architecture.md "What an executor may be".

It looks up the address, queues who is to be told what, and answers Deferred: the outbox completes the node with
``accepted`` or ``undeliverable``. The words are made when the message leaves (``executors.channels.rendered``). Which
channel comes first, and what follows it, is the flow's decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from engine import Context, Contract, Deferred, Done, Message

if TYPE_CHECKING:
    from engine.storage import Unit  # a check of flows needs the contracts, and no database


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


class MessageChannel(Protocol):
    """What is known of a channel before anything is sent over it."""

    def check(self, *, address: str, message: str, locale: str) -> str | None:
        """Return the reason why *address* cannot be written to, or None. Raise Fault for a message that is unknown."""
        ...


class NotificationDispatch:
    """The executor ``notification_dispatch``. *channels* has each channel that there is, by name."""

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
        faults={"message_unknown": "no template has this id"},
    )

    def __init__(self, *, contacts: ContactBook, channels: Mapping[str, MessageChannel]) -> None:
        self._contacts = contacts
        self._channels = dict(channels)

    def run(self, unit: Unit, context: Context, inputs: Mapping[str, Any]) -> Done | Deferred:
        """Queue the message, or say at once why nothing can be sent."""
        name: str = inputs["channel"]
        channel = self._channels.get(name)
        if channel is None:
            return _undeliverable("no_channel")
        contact = self._contacts.address(unit, inputs["recipient"], name)
        if contact is None:
            return _undeliverable("no_address")
        message: Mapping[str, Any] = inputs["message"]
        reason = channel.check(address=contact.address, message=message["id"], locale=contact.locale)
        if reason is not None:
            return _undeliverable(reason)
        until: datetime = inputs["until"]
        payload = {
            "key": context.key,
            "correlation": context.correlation,
            "now": context.now,
            "recipient": contact.address,
            "name": contact.name,
            "locale": contact.locale,
            "message": message,
            "link": inputs["link"],
            "until": until,
        }
        queued = Message(
            sender=name,
            payload=payload,
            delivered="accepted",
            delivered_fields={"channel": name},
            undeliverable="undeliverable",
            give_up_at=until,
        )
        return Deferred(until=until, send=(queued,))


def _undeliverable(reason: str) -> Done:
    return Done("undeliverable", {"reason": reason})

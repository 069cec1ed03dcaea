"""Messages that no flow made: a protocol layer puts them into the same outbox, in the transaction that decides them.

They are sent under the same promises (a lease with a fence, growing pauses, at least once), and however that ends is
told to the ``on_settled`` of their sender, in the transaction that marks the row.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from engine.storage.outbox import Outbox
from engine.storage.sealing import Keyring
from engine.storage.unit import Unit

OUTBOX_CHANNEL: Final = "engine.outbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How the sending of a message came to its end that no flow had made: ``undeliverable`` has a ``reason``."""

    name: str
    sender: str
    correlation: str
    status: Literal["delivered", "undeliverable"]
    reason: str
    at: datetime


OnSettled = Callable[[Unit, Settled], None]


class Postbox:
    """Takes messages in the caller's unit. It needs no engine: whoever works on the database sends them."""

    def __init__(self, *, keyring: Keyring) -> None:
        self._outbox = Outbox(keyring)

    def post(
        self,
        unit: Unit,
        *,
        name: str,
        sender: str,
        correlation: str,
        payload: Mapping[str, Any],
        now: datetime,
        give_up_at: datetime,
    ) -> bool:
        """Queue *payload* (JSON values) for *sender* under *name*; return False where that name is taken already.

        What is not delivered by *give_up_at*, or is refused, ends as undeliverable, and its payload is erased.
        """
        body = {"payload": dict(payload), "fields": {}}
        queued = self._outbox.enqueue(
            unit,
            id=name,
            task_key=correlation,
            execution="",
            sender=sender,
            payload=json.dumps(body, separators=(",", ":")).encode(),
            now=now,
            delivered="delivered",
            undeliverable="undeliverable",
            give_up_at=give_up_at,
        )
        unit.notify(OUTBOX_CHANNEL)
        return queued

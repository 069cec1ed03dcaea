"""Messages that no flow made: a protocol layer puts them into the same outbox, in the transaction that decides them.

They are sent under the same promises (a lease with a fence, growing pauses, at least once), and however that ends is
told to the ``on_settled`` of their sender, in the transaction that marks the row.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.runtime.ports import OUTBOX_CHANNEL
from engine.storage import Keyring, Outbox, Unit


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

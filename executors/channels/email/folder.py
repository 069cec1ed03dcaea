"""A folder as a mailbox: each message one ``.eml`` that any mail program opens. For development and for tests."""

import asyncio
import base64
import os
import tempfile
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any


class MailFolder:
    """Writes messages to *folder*. By itself it is a sender too, where there is no mail server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:  # noqa: ARG002 - the payload has its id
        """Write the message; again under the same Message-ID it replaces the file."""
        await asyncio.to_thread(self.write, payload)

    def write(self, payload: Mapping[str, Any]) -> Path:
        """Write the message in one step, so that a reader sees a whole file or none. Files sort by date."""
        self._folder.mkdir(parents=True, exist_ok=True)
        place = self._folder / file_name(payload)
        # The link in a message is as good as a ticket: mkstemp lets nobody else on this machine read the file.
        handle, draft = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64decode(payload["content"]))
        Path(draft).replace(place)
        return place


def file_name(payload: Mapping[str, Any]) -> str:
    """Return the name that a message has in every folder: its date, and what its Message-ID hashes to."""
    date = datetime.fromisoformat(payload["date"])
    return f"{date:%Y%m%dT%H%M%S.%f}-{sha256(payload['message_id'].encode()).hexdigest()[:16]}.eml"

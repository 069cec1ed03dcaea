"""A folder as a telephone: each message one ``.txt`` file, the number in its first line. For development and tests."""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any


class SmsFolder:
    """Writes messages to *folder*. By itself it is a sender too, where there is no gateway."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:  # noqa: ARG002 - the payload has its id
        """Write the message; the same again replaces the file."""
        await asyncio.to_thread(self.write, payload)

    def write(self, payload: Mapping[str, Any]) -> Path:
        """Write the message in one step, so that a reader sees a whole file or none. Files sort by date."""
        self._folder.mkdir(parents=True, exist_ok=True)
        date = datetime.fromisoformat(payload["date"])
        place = self._folder / f"{date:%Y%m%dT%H%M%S.%f}-{payload['id']}.txt"
        # The link in a message is as good as a ticket: mkstemp lets nobody else on this machine read the file.
        handle, draft = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"To: {payload['recipient']}\n\n{payload['text']}\n")
        Path(draft).replace(place)
        return place

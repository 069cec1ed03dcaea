"""Renders a message as complete RFC 5322 bytes, the same for every try.

Message-ID, Date and the multipart boundary come from the task's key and time: nobody on the way adds others, and a
receiver that gets a message twice sees that it is one.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from executors.channels.email.composing import compose, message_id
from executors.channels.email.headers import read_mailbox, read_sender
from executors.channels.email.templates import PARTS, write
from executors.channels.notice import Notice
from executors.channels.wording import Templates, check_link, minutes_left


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """The accent on light and on dark ground, each with the ink upon it: what a mail's button is drawn with."""

    light: str = "#1f5f8b"
    on_light: str = "#ffffff"
    dark: str = "#4198d5"
    on_dark: str = "#10151b"


class EmailRenderer:
    """The channel ``email``: makes what ``SmtpSender`` sends. *folder* holds the templates by language."""

    def __init__(
        self,
        *,
        folder: Path,
        sender: str,
        name: str = "Lockhouse",
        locale: str = "en",
        zone: str = "UTC",
        accent: Colours | None = None,
    ) -> None:
        self._templates = Templates(folder, parts=PARTS, default=locale, zone=zone)
        self._accent = accent or Colours()
        self._sender = read_sender(sender)
        self._name = name

    def check(self, *, address: str, message: str, locale: str) -> str | None:
        """Return ``address_invalid`` where no mail can be addressed so, or None; Fault for an unknown message."""
        self._templates.language(message, locale)
        return None if read_mailbox(address) is not None else "address_invalid"

    def render(self, notice: Notice) -> Mapping[str, Any] | str:
        """Return the payload, or ``address_invalid`` where no mail can be addressed so."""
        recipient = read_mailbox(notice.address, notice.name)
        if recipient is None:
            return "address_invalid"
        check_link(notice.link)
        values = {
            **notice.message.get("params", {}),
            "service": self._name,
            "accent": self._accent,
            "name": recipient.name,
            "link": notice.link,
            "expires_at": notice.until,
            "minutes": minutes_left(notice.now, notice.until),
        }
        texts = write(self._templates, notice.message["id"], notice.locale, values)
        content = compose(self._sender, recipient, texts, key=notice.key, now=notice.now)
        return {
            "sender": self._sender.address,
            "recipient": recipient.address,
            "message_id": message_id(notice.key, self._sender),
            "date": notice.now.isoformat(),
            "utf8": recipient.needs_utf8,
            "correlation": notice.correlation,
            "content": base64.b64encode(content).decode("ascii"),
        }

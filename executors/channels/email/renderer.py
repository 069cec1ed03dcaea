"""Renders a message as complete RFC 5322 bytes, once, so that every try sends the same.

Message-ID, Date and the multipart boundary come from the task's key and time: nobody on the way adds others, and a
receiver that gets a message twice sees that it is one.
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from executors.channels.email.headers import Mailbox, read_mailbox, read_sender
from executors.channels.email.templates import PARTS, Texts, write
from executors.channels.wording import Templates, check_link, minutes_left

_ASCII: Final = policy.SMTP
_UTF8: Final = policy.SMTPUTF8


class EmailRenderer:
    """Makes the payloads that ``SmtpSender`` sends. *folder* holds the templates by language."""

    def __init__(self, *, folder: Path, sender: str, name: str = "Lockhouse", locale: str = "en") -> None:
        self._templates = Templates(folder, parts=PARTS, default=locale)
        self._sender = read_sender(sender)
        self._name = name

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
        """Return the payload, or ``address_invalid`` where no mail can be addressed so."""
        recipient = read_mailbox(address, name)
        if recipient is None:
            return "address_invalid"
        check_link(link)
        values = {
            **message.get("params", {}),
            "service": self._name,
            "name": recipient.name,
            "link": link,
            "expires_at": until,
            "minutes": minutes_left(now, until),
        }
        texts = write(self._templates, message["id"], locale, values)
        mail = compose(self._sender, recipient, texts, key=key, now=now)
        return {
            "sender": self._sender.address,
            "recipient": recipient.address,
            "message_id": str(mail["Message-ID"]),
            "date": now.isoformat(),
            "utf8": recipient.needs_utf8,
            "correlation": correlation,
            "content": base64.b64encode(mail.as_bytes()).decode("ascii"),
        }


def compose(sender: Mailbox, recipient: Mailbox, texts: Texts, *, key: str, now: datetime) -> EmailMessage:
    """Return the whole message. Whatever has been chosen by others is in the body, or one cleaned line."""
    mail = EmailMessage(policy=_UTF8 if recipient.needs_utf8 else _ASCII)
    mail["From"] = _address(sender)
    mail["To"] = _address(recipient)
    mail["Subject"] = texts.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(key, sender)
    # RFC 3834, section 5, and its older relative: no holiday notice comes back.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(texts.text, charset="utf-8", cte="quoted-printable")
    mail.add_alternative(texts.html, subtype="html", charset="utf-8", cte="quoted-printable")
    mail.set_boundary(f"=_{_digest('boundary', key)}")
    return mail


def message_id(key: str, sender: Mailbox) -> str:
    """Return the Message-ID for *key*: always the same, and nothing can be learned from it."""
    return f"<{_digest('message-id', key)}@{sender.address.rpartition('@')[2]}>"


def _address(mailbox: Mailbox) -> Address:
    # By its parts: from a whole address Python's class takes only ASCII.
    local, _, domain = mailbox.address.rpartition("@")
    return Address(display_name=mailbox.name, username=local, domain=domain)


def _digest(label: str, key: str) -> str:
    return sha256(f"lockhouse.email.{label}:{key}".encode()).hexdigest()[:40]

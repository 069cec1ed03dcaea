"""One mail as bytes (RFC 5322), the same for the same task.

The parts are put together here and not by Python's message classes: those parse every header again at each step,
3 ms for a mail, more than all else that a request costs. Only a header that is not plain goes through them.
"""

import binascii
import re
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.utils import format_datetime
from hashlib import sha256
from typing import Any, Final

from executors.channels.email.headers import Mailbox
from executors.channels.email.templates import Texts

_LONGEST_LINE: Final = 76
# What stands in a header as it is. "=?" would be read as the beginning of an encoded word.
_PLAIN: Final = re.compile(r"(?!.*=\?)[!-~](?:[ -~]*[!-~])?", re.ASCII)
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*", re.ASCII)
_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", re.ASCII)
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")


def compose(sender: Mailbox, recipient: Mailbox, texts: Texts, *, key: str, now: datetime) -> bytes:
    """Return the whole message. Whatever has been chosen by others is in the body, or one cleaned line."""
    utf8 = recipient.needs_utf8
    boundary = f"=_{_digest('boundary', key)}"
    return b"".join(
        (
            _address("From", sender, utf8=utf8),
            _address("To", recipient, utf8=utf8),
            _header("Subject", texts.subject, utf8=utf8),
            _header("Date", format_datetime(now), utf8=utf8),
            _header("Message-ID", message_id(key, sender), utf8=utf8),
            # RFC 3834, section 5, and its older relative: no holiday notice comes back.
            b"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n",
            f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode(),
            _part("plain", texts.text, boundary),
            _part("html", texts.html, boundary),
            f"--{boundary}--\r\n".encode(),
        )
    )


def message_id(key: str, sender: Mailbox) -> str:
    """Return the Message-ID for *key*: always the same, and nothing can be learned from it."""
    return f"<{_digest('message-id', key)}@{sender.address.rpartition('@')[2]}>"


def _part(subtype: str, text: str, boundary: str) -> bytes:
    head = (
        f'--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    # Half a character cannot be sent; a reader sees a question mark.
    lines = _LINE_END.sub(b"\r\n", text.encode("utf-8", "replace"))
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"  # the line ends that are there decide which ones are put in
    return head.encode() + binascii.b2a_qp(lines, istext=True) + b"\r\n"


def _address(name: str, mailbox: Mailbox, *, utf8: bool) -> bytes:
    if (not mailbox.name or _PLAIN_NAME.fullmatch(mailbox.name)) and _PLAIN_ADDRESS.fullmatch(mailbox.address):
        line = f"{name}: {mailbox.name} <{mailbox.address}>" if mailbox.name else f"{name}: {mailbox.address}"
        if len(line) <= _LONGEST_LINE:
            return f"{line}\r\n".encode()
    # By its parts: from a whole address Python's class takes only ASCII.
    local, _, domain = mailbox.address.rpartition("@")
    return _folded(name, Address(display_name=mailbox.name, username=local, domain=domain), utf8=utf8)


def _header(name: str, value: str, *, utf8: bool) -> bytes:
    if len(name) + 2 + len(value) <= _LONGEST_LINE and _PLAIN.fullmatch(value):
        return f"{name}: {value}\r\n".encode()
    return _folded(name, value, utf8=utf8)


def _folded(name: str, value: Any, *, utf8: bool) -> bytes:
    """Return a header that needs encoding or several lines."""
    rules = policy.SMTPUTF8 if utf8 else policy.SMTP
    return rules.fold_binary(*rules.header_store_parse(name, value))


def _digest(label: str, key: str) -> str:
    return sha256(f"lockhouse.email.{label}:{key}".encode()).hexdigest()[:40]

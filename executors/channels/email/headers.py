"""Makes addresses fit for an envelope, and the names beside them fit for a header line. Pure."""

import re
from dataclasses import dataclass, field
from email.utils import getaddresses
from typing import Final

from executors.channels.wording import one_line

_ADDRESS: Final = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x20\x7f]{1,64}@[^\s@<>()\[\],;:\\\"\x00-\x20\x7f]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Somebody's address, as an envelope holds it, and the name beside it."""

    address: str = field(repr=False)
    name: str = field(default="", repr=False)

    @property
    def needs_utf8(self) -> bool:
        """Return whether only servers with SMTPUTF8 (RFC 6531) can take it."""
        return not self.address.isascii()


def read_mailbox(address: str, name: str = "") -> Mailbox | None:
    """Return the mailbox at *address* with its domain in ASCII (RFC 5890), or None where mail cannot be addressed so.

    >>> read_mailbox("ann@bücher.example").address
    'ann@xn--bcher-kva.example'
    """
    if not _ADDRESS.fullmatch(address):
        return None
    local, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return Mailbox(address=f"{local}@{ascii_domain}", name=one_line(name, longest=80))


def read_sender(text: str) -> Mailbox:
    """Return the mailbox that a setting such as ``Lockhouse <no-reply@id.example>`` names; ValueError for none."""
    named = getaddresses([text])
    mailbox = read_mailbox(named[0][1], named[0][0]) if len(named) == 1 else None
    if mailbox is None or mailbox.needs_utf8:
        raise ValueError('mail sender: expected one address such as "Lockhouse <no-reply@id.example>"')
    return mailbox

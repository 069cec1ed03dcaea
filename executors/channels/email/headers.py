"""Makes texts that others chose fit for a header line, and addresses fit for an envelope. Pure."""

import re
import unicodedata
from dataclasses import dataclass, field
from email.utils import getaddresses
from typing import Final

_ADDRESS: Final = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x20\x7f]{1,64}@[^\s@<>()\[\],;:\\\"\x00-\x20\x7f]{1,255}")
# Left-to-right and right-to-left marks, embeddings, overrides and isolates: they make a name read as another.
_DIRECTIONS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS: Final = frozenset("\u200c\u200d")  # they build emoji and letters of several scripts


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Somebody's address, as an envelope holds it, and the name beside it."""

    address: str = field(repr=False)
    name: str = field(default="", repr=False)

    @property
    def needs_utf8(self) -> bool:
        """Return whether only servers with SMTPUTF8 (RFC 6531) can take it."""
        return not self.address.isascii()


def one_line(text: str, *, longest: int = 120) -> str:
    """Return *text* as one harmless line: no controls, nothing that changes direction, at most *longest* characters.

    >>> one_line("Shop" + chr(13) + chr(10) + "Bcc: all@example.org")
    'Shop Bcc: all@example.org'
    >>> one_line("x" * 10_000, longest=8)
    'xxxxxxx…'
    """
    # Four times as much as is kept is enough to read: a name of a megabyte costs nothing.
    visible = "".join(map(_harmless, text[: longest * 4]))
    line = " ".join(visible.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _harmless(character: str) -> str:
    if character in _DIRECTIONS:
        return ""
    if character in _JOINERS:
        return character
    # Cc: controls, Cf: invisible, Cs: half a character, Zl and Zp: line ends of another kind
    category = unicodedata.category(character)
    if category in {"Cf", "Cs"}:
        return ""
    return " " if category in {"Cc", "Zl", "Zp"} else character


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

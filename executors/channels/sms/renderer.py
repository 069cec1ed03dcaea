"""Renders a message as one short text, the same for every try."""

import re
import unicodedata
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from executors.channels.notice import Notice
from executors.channels.wording import Templates, check_link, minutes_left

PARTS: Final = ("txt",)

_E164: Final = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
# One of these turns a whole message into UCS-2: 70 characters a part instead of 160 (3GPP TS 23.038).
_LOOK_ALIKES: Final = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'",
        "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2033": '"', "\u00ab": '"', "\u00bb": '"',
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
        "\u2026": "...", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\t": " ",
    }
)  # fmt: skip


class SmsRenderer:
    """The channel ``sms``: makes what ``SmsSender`` sends. *folder* holds the templates by language."""

    def __init__(self, *, folder: Path, name: str = "Lockhouse", locale: str = "en", zone: str = "UTC") -> None:
        self._templates = Templates(folder, parts=PARTS, default=locale, zone=zone)
        self._name = name

    def check(self, *, address: str, message: str, locale: str) -> str | None:
        """Return ``address_invalid`` where *address* is no number of E.164, or None; Fault for an unknown message."""
        self._templates.language(message, locale)
        return None if _E164.fullmatch(address) else "address_invalid"

    def render(self, notice: Notice) -> Mapping[str, Any] | str:
        """Return the payload, or ``address_invalid`` where its address is no number of E.164."""
        if not _E164.fullmatch(notice.address):
            return "address_invalid"
        check_link(notice.link)
        values = {
            **notice.message.get("params", {}),
            "service": self._name,
            "name": notice.name,
            "link": notice.link,
            "expires_at": notice.until,
            "minutes": minutes_left(notice.now, notice.until),
        }
        (text,) = self._templates.render(notice.message["id"], notice.locale, values)
        return {
            "recipient": notice.address,
            "text": simple_letters(text).strip(),
            "date": notice.now.isoformat(),
            "id": sha256(f"lockhouse.sms:{notice.key}".encode()).hexdigest()[:16],
            "correlation": notice.correlation,
        }


def simple_letters(text: str) -> str:
    """Return *text* with typographic signs in their plain form, so that it fits the letters of GSM.

    >>> simple_letters("Ann" + chr(0x2019) + "s caf" + "e" + chr(0x301) + chr(0x2026))
    "Ann's café..."
    """
    return unicodedata.normalize("NFC", text).translate(_LOOK_ALIKES)

"""A person types the code that a device shows: it leads to the page of that request, and guessing leads nowhere."""

from datetime import datetime
from enum import Enum

from sqlalchemy import bindparam, delete, select, update

from engine.storage import Keyring, Unit, insert_or_ignore
from protocols.oauth2 import authorizations
from protocols.oauth2_device.requests import request_id_of
from protocols.oauth2_device.tables import WRONG_CODES
from protocols.oauth2_device.user_codes import read_user_code

__all__ = ["Typed", "TypedCodes"]

_W = WRONG_CODES.c
_BEGIN = insert_or_ignore(WRONG_CODES)
_COUNT = update(WRONG_CODES).where(_W.minute == bindparam("which")).values(tries=_W.tries + 1)
_TRIES = select(_W.tries).where(_W.minute == bindparam("which"))
_FORGET = delete(WRONG_CODES).where(_W.minute < bindparam("before"))


class Typed(Enum):
    """What a typed code came to."""

    FOUND = "its request waits for somebody"
    WRONG = "no request that waits has this code"
    TOO_MANY = "too many wrong codes were typed in this minute"


class TypedCodes:
    """Judges codes. *most* wrong ones are taken in a minute, from everybody together (RFC 8628 section 5.1)."""

    def __init__(self, *, keyring: Keyring, most: int = 100) -> None:
        self._keyring, self._most = keyring, most

    def take(self, unit: Unit, text: str, *, link: str, now: datetime) -> Typed:
        """Have *link*, a random text, lead to the request whose code *text* is, and no link before it."""
        minute = int(now.timestamp() // 60)
        if (unit.execute(_TRIES, {"which": minute}).scalar() or 0) >= self._most:
            return Typed.TOO_MANY
        code = read_user_code(text)
        request_id = None if code is None else request_id_of(unit, code, keyring=self._keyring)
        if request_id is not None and authorizations.put_link(unit, request_id, link, now=now):
            return Typed.FOUND
        unit.execute(_BEGIN, {"minute": minute, "tries": 0})
        unit.execute(_COUNT, {"which": minute})
        unit.execute(_FORGET, {"before": minute - 60})
        return Typed.WRONG

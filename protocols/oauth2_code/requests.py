"""What the code grant keeps beside an authorization: the way back, and the one code that goes along with it."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, bindparam, delete, insert, select, update

from engine.storage import Keyring, Place, Unit, from_micros, to_micros
from protocols.oauth2 import hash_of
from protocols.oauth2.confirmations import Confirmation
from protocols.oauth2_code.tables import REQUESTS

__all__ = [
    "CODE_LIFE",
    "CodeRequest",
    "NewCodeRequest",
    "by_code",
    "by_id",
    "forget_requests",
    "insert_request",
    "leave",
]

CODE_LIFE = timedelta(seconds=60)

_R = REQUESTS.c
_INSERT = insert(REQUESTS)
_BY_ID = select(REQUESTS).where(_R.request_id == bindparam("which"))
_BY_CODE = select(REQUESTS).where(_R.code_hash == bindparam("hashed"))
_LEAVE = (
    update(REQUESTS)
    .where(_R.request_id == bindparam("which"), _R.left_at.is_(None))
    .values(left_at=bindparam("at_now", type_=BigInteger), code_hash=bindparam("new_code"))
)
_OLD = select(_R.request_id).where(_R.expires_at <= bindparam("before")).limit(200)
_FORGET = delete(REQUESTS).where(_R.request_id.in_(_OLD))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCodeRequest:
    """A request about to be stored."""

    request_id: str
    redirect_uri: str
    challenge: str | None
    state: str | None = field(repr=False)
    nonce: str | None = field(repr=False)
    expires_at: datetime
    dpop_jkt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequest:
    """A request as it was stored; ``left_at`` is when its browser went back with its answer."""

    request_id: str
    redirect_uri: str
    challenge: str | None
    dpop_jkt: str | None
    state: str | None = field(repr=False)
    nonce: str | None = field(repr=False)
    left_at: datetime | None

    def proves(self, verifier: str | None) -> bool:
        """Say whether *verifier* is what the challenge was made from (RFC 7636 section 4.6).

        Without a challenge there is no verifier: one that comes all the same says that somebody took the challenge
        out of the request (RFC 9700 section 4.8.2).
        """
        if self.challenge is None or verifier is None:
            return self.challenge is verifier
        digest = hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()
        made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return hmac.compare_digest(made, self.challenge)

    def admits(self, confirmation: Confirmation | None) -> bool:
        """Say whether tokens that are bound so may be given for it (RFC 9449 section 10)."""
        return self.dpop_jkt is None or confirmation == Confirmation("jkt", self.dpop_jkt)


def insert_request(unit: Unit, new: NewCodeRequest, *, keyring: Keyring) -> None:
    """Store *new*."""
    row = {
        "request_id": new.request_id,
        "redirect_uri": new.redirect_uri,
        # The column is older than requests without one: the empty text stands for none.
        "challenge": new.challenge or "",
        "dpop_jkt": new.dpop_jkt,
        "state": _seal(keyring, new.request_id, "state", new.state),
        "nonce": _seal(keyring, new.request_id, "nonce", new.nonce),
        "expires_at": to_micros(new.expires_at),
    }
    unit.execute(_INSERT, row)


def by_id(unit: Unit, request_id: str, *, keyring: Keyring) -> CodeRequest | None:
    """Return the request of this id."""
    return _read(unit.execute(_BY_ID, {"which": request_id}).first(), keyring)


def by_code(unit: Unit, code: str, *, keyring: Keyring) -> CodeRequest | None:
    """Return the request that *code* was given for."""
    return _read(unit.execute(_BY_CODE, {"hashed": hash_of(code)}).first(), keyring)


def leave(unit: Unit, request_id: str, *, code: str | None, now: datetime) -> bool:
    """Note that the browser goes back, with *code* where something was approved; True for the first time only."""
    params = {"which": request_id, "at_now": to_micros(now), "new_code": None if code is None else hash_of(code)}
    return unit.execute(_LEAVE, params).rowcount == 1


def forget_requests(unit: Unit, *, before: datetime) -> int:
    """Delete what ran out before *before*, at most 200 of them; return how many."""
    return unit.execute(_FORGET, {"before": to_micros(before)}).rowcount


def _seal(keyring: Keyring, request_id: str, column: str, text: str | None) -> bytes | None:
    return None if text is None else keyring.seal(Place(REQUESTS.name, column, request_id), text.encode())


def _open(keyring: Keyring, request_id: str, column: str, sealed: bytes | None) -> str | None:
    return None if sealed is None else keyring.open(Place(REQUESTS.name, column, request_id), sealed).decode()


def _read(row: Any, keyring: Keyring) -> CodeRequest | None:
    if row is None:
        return None
    return CodeRequest(
        request_id=row.request_id,
        redirect_uri=row.redirect_uri,
        challenge=row.challenge or None,
        dpop_jkt=row.dpop_jkt,
        state=_open(keyring, row.request_id, "state", row.state),
        nonce=_open(keyring, row.request_id, "nonce", row.nonce),
        left_at=from_micros(row.left_at),
    )

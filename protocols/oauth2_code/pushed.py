"""Pushed authorization requests (RFC 9126): kept for 90 seconds, for one browser."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select, update

from engine.storage import Keyring, Place, Unit, to_micros
from protocols.oauth2 import hash_of
from protocols.oauth2_code.tables import PUSHED

__all__ = ["PUSHED_LIFE", "REQUEST_URI", "forget_pushed", "push", "take_pushed"]

REQUEST_URI = "urn:ietf:params:oauth:request_uri:"
PUSHED_LIFE = timedelta(seconds=90)

_P = PUSHED.c
_INSERT = insert(PUSHED)
_TAKE = (
    update(PUSHED)
    .where(
        _P.name_hash == bindparam("hashed"),
        _P.client_id == bindparam("client"),
        _P.used == 0,
        _P.expires_at > bindparam("at_now"),
    )
    .values(used=1)
    .returning(_P.parameters)
)
_OLD = select(_P.name_hash).where(_P.expires_at <= bindparam("before")).limit(200)
_FORGET = delete(PUSHED).where(_P.name_hash.in_(_OLD))


def push(
    unit: Unit, name: str, client_id: str, parameters: Mapping[str, tuple[str, ...]], *, keyring: Keyring, now: datetime
) -> None:
    """Keep *parameters* under the random *name*."""
    hashed = hash_of(name)
    row = {
        "name_hash": hashed,
        "client_id": client_id,
        "parameters": keyring.seal(_place(hashed), json.dumps(dict(parameters)).encode()),
        "expires_at": to_micros(now + PUSHED_LIFE),
        "used": 0,
    }
    unit.execute(_INSERT, row)


def take_pushed(
    unit: Unit, name: str, client_id: str, *, keyring: Keyring, now: datetime
) -> dict[str, tuple[str, ...]] | None:
    """Return what was pushed as *name* by this client and was not taken yet, or None (RFC 9126 section 4)."""
    hashed = hash_of(name)
    row = unit.execute(_TAKE, {"hashed": hashed, "client": client_id, "at_now": to_micros(now)}).first()
    if row is None:
        return None
    return {key: tuple(values) for key, values in json.loads(keyring.open(_place(hashed), row.parameters)).items()}


def forget_pushed(unit: Unit, *, now: datetime) -> int:
    """Delete what ran out, at most 200 of them; return how many."""
    return unit.execute(_FORGET, {"before": to_micros(now)}).rowcount


def _place(hashed: bytes) -> Place:
    return Place(PUSHED.name, "parameters", hashed.hex())

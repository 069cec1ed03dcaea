"""Idempotent initiation: the answer to an Idempotency-Key is kept until the request that it made expires."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from engine.storage import Keyring, Place, Unit, from_micros, to_micros
from protocols.oauth2 import invalid_request
from protocols.oauth2_ciba.requests import Ids
from protocols.oauth2_ciba.tables import INITIATIONS

_I = INITIATIONS.c
_MINE = (_I.client_id == bindparam("client"), _I.key_hash == bindparam("hashed"))
_SELECT = select(INITIATIONS).where(*_MINE)
_DELETE = delete(INITIATIONS).where(*_MINE)
_INSERT = insert(INITIATIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What a client is answered at once (CIBA Core section 7.3)."""

    auth_req_id: str = field(repr=False)
    expires_in: timedelta
    interval: timedelta
    polled: bool = True

    def body(self) -> dict[str, str | int]:
        """Return the JSON members: with ``interval``, since clients differ in what they assume, unless nobody polls."""
        told: dict[str, str | int] = {
            "auth_req_id": self.auth_req_id,
            "expires_in": max(1, int(self.expires_in.total_seconds())),
        }
        return {**told, "interval": int(self.interval.total_seconds())} if self.polled else told


class Initiations:
    """The answers that are kept for one client's Idempotency-Keys. The caller holds that client's row locked."""

    def __init__(self, *, keyring: Keyring) -> None:
        self._keyring = keyring

    def look_up(
        self, unit: Unit, client_id: str, key: str, compared: Mapping[str, Any], *, now: datetime
    ) -> Acknowledgement | None:
        """Return the stored answer with its time reduced, or None where *key* is new or its request has expired.

        Other parameters under the same key → ``invalid_request``.
        """
        mine = {"client": client_id, "hashed": self._hash(client_id, key)}
        row = unit.execute(_SELECT, mine).first()
        if row is None:
            return None
        expires_at = from_micros(row.expires_at)
        if now >= expires_at:
            unit.execute(_DELETE, mine)
            return None
        if row.parameters_mac != self._mac(client_id, compared):
            raise invalid_request("this Idempotency-Key was used with other parameters")
        if row.auth_req_id is None:
            raise invalid_request("the request made with this Idempotency-Key is decided already")
        auth_req_id = self._keyring.open(_place(row.request_id), row.auth_req_id).decode()
        interval = timedelta(seconds=row.interval_seconds)
        return Acknowledgement(auth_req_id=auth_req_id, expires_in=expires_at - now, interval=interval)

    def keep(
        self,
        unit: Unit,
        client_id: str,
        key: str,
        compared: Mapping[str, Any],
        *,
        ids: Ids,
        ack: Acknowledgement,
        now: datetime,
    ) -> None:
        """Keep *ack* under *key*, the auth_req_id sealed."""
        unit.execute(
            _INSERT,
            {
                "client_id": client_id,
                "key_hash": self._hash(client_id, key),
                "parameters_mac": self._mac(client_id, compared),
                "request_id": ids.request_id,
                "auth_req_id": self._keyring.seal(_place(ids.request_id), ids.auth_req_id.encode()),
                "interval_seconds": int(ack.interval.total_seconds()),
                "expires_at": to_micros(now + ack.expires_in),
            },
        )

    def _hash(self, client_id: str, key: str) -> bytes:
        return self._keyring.mac("ciba.initiation.key", client_id, key)

    def _mac(self, client_id: str, compared: Mapping[str, Any]) -> bytes:
        """Return the keyed hash of what is asked for: authentication is left out, since it may be renewed."""
        return self._keyring.mac("ciba.initiation.parameters", client_id, json.dumps(compared, sort_keys=True))


def _place(request_id: str) -> Place:
    return Place(INITIATIONS.name, "auth_req_id", request_id)

"""The clients that are registered: what each may do, and how it proves who it is."""

import hmac
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from engine.storage import Keyring, Place, Unit, insert_or_ignore, to_micros
from protocols.oauth2.client_registration import KEY_METHODS, NewClient
from protocols.oauth2.client_rows import (
    OPERATOR,
    Client,
    Credentials,
    Registered,
    client_in,
    credentials_in,
    metadata_columns,
    registered_in,
)
from protocols.oauth2.grants import revoke_grants_of
from protocols.oauth2.tables import CLIENTS

__all__ = ["Client", "ClientExists", "Clients", "Credentials"]


class ClientExists(ValueError):
    """A client of this id is registered already."""

    code = "client_exists"

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        super().__init__(f"client '{client_id}' is registered already: choose another id or remove it first")


_SELECT = select(CLIENTS).where(CLIENTS.c.client_id == bindparam("id"))
_SELECT_LOCKED = _SELECT.with_for_update()
_SELECT_ALL = select(CLIENTS).order_by(CLIENTS.c.client_id)
_COUNT = select(func.count()).select_from(CLIENTS).where(CLIENTS.c.origin == bindparam("origin"))
_INSERT = insert_or_ignore(CLIENTS)
_UPDATE = update(CLIENTS).where(CLIENTS.c.client_id == bindparam("id"))
_DELETE = delete(CLIENTS).where(CLIENTS.c.client_id == bindparam("id"))
_SET_DISABLED = update(CLIENTS).where(CLIENTS.c.client_id == bindparam("id")).values(disabled=bindparam("flag"))


class Clients:
    """The register of clients. Every method runs inside the caller's unit."""

    def __init__(self, *, keyring: Keyring) -> None:
        self._keyring = keyring

    def add(
        self,
        unit: Unit,
        client: NewClient,
        *,
        now: datetime,
        origin: str = OPERATOR,
        registration_hash: bytes | None = None,
    ) -> None:
        """Register *client*; raise ClientInvalid or ClientExists. *origin* says who keeps it from now on."""
        client.check()
        row = {
            "client_id": client.client_id,
            **metadata_columns(client),
            **self._secret_columns(client),
            "disabled": 0,
            "created_at": to_micros(now),
            "origin": origin,
            "registration_hash": registration_hash,
        }
        if unit.execute(_INSERT, row).first() is None:
            raise ClientExists(client.client_id)

    def replace(self, unit: Unit, client: NewClient) -> bool:
        """Put *client* in the place of the one of this id; return whether there was one.

        Without a secret its secret stays as it is; ClientInvalid where the way that it proves itself needs another.
        What it asked for and was granted stays.
        """
        row = unit.execute(_SELECT_LOCKED, {"id": client.client_id}).first()
        if row is None:
            return False
        keeps = _keeps_secret(client, row)
        client.check(secret_kept=keeps)
        secret = {} if keeps else self._secret_columns(client)
        unit.execute(_UPDATE.values(**metadata_columns(client), **secret), {"id": client.client_id})
        return True

    def find(self, unit: Unit, client_id: str) -> Client | None:
        """Return the client of this id, disabled or not."""
        row = unit.execute(_SELECT, {"id": client_id}).first()
        return None if row is None else client_in(row)

    def find_registered(self, unit: Unit, client_id: str, *, lock: bool = False) -> Registered | None:
        """Return all that is kept of the client but its secret; *lock* keeps its row until the unit ends."""
        row = unit.execute(_SELECT_LOCKED if lock else _SELECT, {"id": client_id}).first()
        return None if row is None else registered_in(row)

    def find_credentials(self, unit: Unit, client_id: str, *, lock: bool = False) -> Credentials | None:
        """Return the client with what it can prove itself by; *lock* keeps its row until the unit ends."""
        row = unit.execute(_SELECT_LOCKED if lock else _SELECT, {"id": client_id}).first()
        if row is None:
            return None
        return credentials_in(row)

    def needs_secret(self, unit: Unit, client: NewClient) -> bool:
        """Say whether *client* needs a new secret to take the place of the one of its id."""
        row = unit.execute(_SELECT, {"id": client.client_id}).first()
        return client.auth_method not in KEY_METHODS and (row is None or not _keeps_secret(client, row))

    def has_secret(self, unit: Unit, client_id: str, secret: str) -> bool:
        """Say whether *secret* is the client's."""
        row = unit.execute(_SELECT, {"id": client_id}).first()
        return row is not None and hmac.compare_digest(row.secret_mac, self.mac_of(client_id, secret))

    def secret_of(self, credentials: Credentials) -> bytes | None:
        """Return the secret that the client signs with, if it signs with one."""
        if credentials.sealed_secret is None:
            return None
        return self._keyring.open(_place(credentials.client.client_id), credentials.sealed_secret)

    def all(self, unit: Unit) -> list[Client]:
        """Return every client in the order of their ids."""
        return [client_in(row) for row in unit.execute(_SELECT_ALL)]

    def all_registered(self, unit: Unit) -> list[Registered]:
        """Return all that is kept of every client but the secrets, in the order of their ids."""
        return [registered_in(row) for row in unit.execute(_SELECT_ALL)]

    def count(self, unit: Unit, origin: str) -> int:
        """Return how many clients *origin* keeps."""
        return int(unit.execute(_COUNT, {"origin": origin}).scalar() or 0)

    def remove(self, unit: Unit, client_id: str, *, now: datetime) -> bool:
        """Forget the client and take its grants back. Return whether there was one.

        What a grant type keeps of it is that grant type's affair: see ``remove_client`` of CIBA.
        """
        revoke_grants_of(unit, client_id, reason="client removed", now=now)
        return unit.execute(_DELETE, {"id": client_id}).rowcount == 1

    def disable(self, unit: Unit, client_id: str) -> bool:
        """Refuse the client from now on. Return whether there was one."""
        return unit.execute(_SET_DISABLED, {"id": client_id, "flag": 1}).rowcount == 1

    def enable(self, unit: Unit, client_id: str) -> bool:
        """Let the client in again. Return whether there was one."""
        return unit.execute(_SET_DISABLED, {"id": client_id, "flag": 0}).rowcount == 1

    def mac_of(self, client_id: str, secret: str) -> bytes:
        """Return the keyed hash of *secret* as this client's. It is fast on purpose: it is made at every poll."""
        return self._keyring.mac("oauth2.client_secret", client_id, secret)

    def _secret_columns(self, client: NewClient) -> dict[str, bytes | None]:
        sealed = None
        # A secret that signs has to be had in clear to check a signature; any other is kept as a hash alone.
        if client.auth_method == "client_secret_jwt" and client.secret is not None:
            sealed = self._keyring.seal(_place(client.client_id), client.secret.encode("ascii"))
        mac = b"" if client.secret is None else self.mac_of(client.client_id, client.secret)
        return {"secret_mac": mac, "sealed_secret": sealed}


def _keeps_secret(client: NewClient, row: Any) -> bool:
    """Say whether the secret of *row* serves *client* too: what was kept as a hash alone can never sign."""
    if client.secret is not None or not row.secret_mac or client.auth_method in KEY_METHODS:
        return False
    return (client.auth_method == "client_secret_jwt") == (row.sealed_secret is not None)


def _place(client_id: str) -> Place:
    return Place(CLIENTS.name, "sealed_secret", client_id)

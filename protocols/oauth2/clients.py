"""The clients that are registered: what each may do, and how it proves who it is."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from engine.storage import Keyring, Place, Unit, insert_or_ignore, to_micros
from protocols.oauth2.client_registration import NAME_LIMIT, ClientLimits, NewClient
from protocols.oauth2.grants import revoke_grants_of
from protocols.oauth2.tables import CLIENTS


class ClientExists(ValueError):
    """A client of this id is registered already."""

    code = "client_exists"

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        super().__init__(f"client '{client_id}' is registered already: choose another id or remove it first")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered client, as the protocols see it: without its secret."""

    client_id: str
    name: str
    delivery_mode: str
    grant_types: frozenset[str]
    scopes: tuple[str, ...]
    auth_method: str | None
    interval: timedelta | None
    max_expiry: timedelta | None
    limits: ClientLimits
    binding_max: int | None
    binding_pattern: str | None
    disabled: bool
    id_token_alg: str | None
    resource: str | None
    rotates_refresh: bool
    notification_endpoint: str | None
    request_alg: str | None
    takes_user_code: bool
    subject_type: str
    sector: str | None
    token_format: str
    agent: bool
    profile: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a client can prove itself by. ``secret`` is there for those only that sign with it."""

    client: Client
    secret_mac: bytes = field(repr=False)
    sealed_secret: bytes | None = field(repr=False)
    jwks: str | None
    jwks_uri: str | None
    auth_alg: str | None

    @property
    def registration(self) -> str:
        """A digest of all of it: a proof that was checked against other keys is none any more."""
        parts = (self.client.auth_method, self.auth_alg, self.jwks, self.jwks_uri, self.secret_mac.hex())
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


_SELECT = select(CLIENTS).where(CLIENTS.c.client_id == bindparam("id"))
_SELECT_LOCKED = _SELECT.with_for_update()
_SELECT_ALL = select(CLIENTS).order_by(CLIENTS.c.client_id)
_INSERT = insert_or_ignore(CLIENTS)
_DELETE = delete(CLIENTS).where(CLIENTS.c.client_id == bindparam("id"))
_SET_DISABLED = update(CLIENTS).where(CLIENTS.c.client_id == bindparam("id")).values(disabled=bindparam("flag"))


class Clients:
    """The register of clients. Every method runs inside the caller's unit."""

    def __init__(self, *, keyring: Keyring) -> None:
        self._keyring = keyring

    def add(self, unit: Unit, client: NewClient, *, now: datetime) -> None:
        """Register *client*; raise ClientInvalid or ClientExists."""
        client.check()
        row = {
            "client_id": client.client_id,
            "secret_mac": b"" if client.secret is None else self.mac_of(client.client_id, client.secret),
            "name": client.name or client.client_id[:NAME_LIMIT],
            "delivery_mode": client.delivery_mode,
            "grant_types": json.dumps(sorted(client.grant_types)),
            "scopes": json.dumps(list(client.scopes)),
            "auth_method": client.auth_method,
            "interval_seconds": _seconds(client.interval),
            "max_expiry_seconds": _seconds(client.max_expiry),
            "limits": json.dumps({name: value for name, value in asdict(client.limits).items() if value is not None}),
            "binding_max": client.binding_max,
            "binding_pattern": client.binding_pattern,
            "disabled": 0,
            "created_at": to_micros(now),
            "id_token_alg": client.id_token_alg,
            "sealed_secret": self._sealed(client),
            "jwks": client.jwks,
            "jwks_uri": client.jwks_uri,
            "auth_alg": client.auth_alg,
            "resource": client.resource,
            "rotates_refresh": int(client.rotates_refresh),
            "notification_endpoint": client.notification_endpoint,
            "request_alg": client.request_alg,
            "takes_user_code": int(client.takes_user_code),
            "subject_type": client.subject_type,
            "sector": client.sector,
            "token_format": client.token_format,
            "agent": int(client.agent),
            "profile": client.profile,
        }
        if unit.execute(_INSERT, row).first() is None:
            raise ClientExists(client.client_id)

    def find(self, unit: Unit, client_id: str) -> Client | None:
        """Return the client of this id, disabled or not."""
        row = unit.execute(_SELECT, {"id": client_id}).first()
        return None if row is None else _client(row)

    def find_credentials(self, unit: Unit, client_id: str, *, lock: bool = False) -> Credentials | None:
        """Return the client with what it can prove itself by; *lock* keeps its row until the unit ends."""
        row = unit.execute(_SELECT_LOCKED if lock else _SELECT, {"id": client_id}).first()
        if row is None:
            return None
        return Credentials(
            client=_client(row),
            secret_mac=row.secret_mac,
            sealed_secret=row.sealed_secret,
            jwks=row.jwks,
            jwks_uri=row.jwks_uri,
            auth_alg=row.auth_alg,
        )

    def secret_of(self, credentials: Credentials) -> bytes | None:
        """Return the secret that the client signs with, if it signs with one."""
        if credentials.sealed_secret is None:
            return None
        return self._keyring.open(_place(credentials.client.client_id), credentials.sealed_secret)

    def all(self, unit: Unit) -> list[Client]:
        """Return every client in the order of their ids."""
        return [_client(row) for row in unit.execute(_SELECT_ALL)]

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

    def _sealed(self, client: NewClient) -> bytes | None:
        # A secret that signs has to be had in clear to check a signature; any other is kept as a hash alone.
        if client.auth_method != "client_secret_jwt" or client.secret is None:
            return None
        return self._keyring.seal(_place(client.client_id), client.secret.encode("ascii"))


@lru_cache(maxsize=1024)
def _client(row: Any) -> Client:
    # Nearly every request reads its client's row, and nearly always the same one: the whole row is the key.
    return Client(
        client_id=row.client_id,
        name=row.name,
        delivery_mode=row.delivery_mode,
        grant_types=frozenset(json.loads(row.grant_types)),
        scopes=tuple(json.loads(row.scopes)),
        auth_method=row.auth_method,
        interval=_span(row.interval_seconds),
        max_expiry=_span(row.max_expiry_seconds),
        limits=ClientLimits(**json.loads(row.limits)),
        binding_max=row.binding_max,
        binding_pattern=row.binding_pattern,
        disabled=bool(row.disabled),
        id_token_alg=row.id_token_alg,
        resource=row.resource,
        rotates_refresh=bool(row.rotates_refresh),
        notification_endpoint=row.notification_endpoint,
        request_alg=row.request_alg,
        takes_user_code=bool(row.takes_user_code),
        subject_type=row.subject_type or "public",
        sector=row.sector,
        token_format=row.token_format or "jwt",
        agent=bool(row.agent),
        profile=row.profile,
    )


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _place(client_id: str) -> Place:
    return Place(CLIENTS.name, "sealed_secret", client_id)

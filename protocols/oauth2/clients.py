"""The clients that are registered: what each may do, and how it proves who it is."""

import json
import math
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from engine.storage import Keyring, Unit, insert_or_ignore, to_micros
from protocols.oauth2.grants import revoke_grants_of
from protocols.oauth2.key_pairs import ALGORITHMS
from protocols.oauth2.tables import CLIENTS

CIBA_GRANT = "urn:openid:params:grant-type:ciba"
AUTH_METHODS = ("client_secret_basic", "client_secret_post")
DELIVERY_MODES = ("poll",)
_CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}", re.ASCII)
_SECRET = re.compile(r"[\x20-\x7e]{1,512}", re.ASCII)
_NAME_LIMIT = 80  # what the flows' texts have room for
_STRONG_BITS = 128


class ClientExists(ValueError):
    """A client of this id is registered already."""

    code = "client_exists"

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        super().__init__(f"client '{client_id}' is registered already: choose another id or remove it first")


class ClientInvalid(ValueError):
    """A setting of a new client is not acceptable. ``setting`` names it."""

    code = "client_invalid"

    def __init__(self, setting: str, expected: str) -> None:
        self.setting = setting
        super().__init__(f"{setting}: expected {expected}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """What an operator set for one client in place of the deployment's limits; None leaves the deployment's."""

    pair_pending: int | None = None
    pair_minute: int | None = None
    person_pending: int | None = None
    person_minute: int | None = None
    client_pending: int | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """A client to be registered. ``auth_method`` None lets it use its secret by Basic or in the form.

    ``id_token_alg`` None leaves its ID tokens to the deployment's first algorithm.
    """

    client_id: str
    secret: str = field(repr=False)
    name: str = ""
    delivery_mode: str = "poll"
    scopes: Sequence[str] = ("openid", "profile", "email", "phone")
    grant_types: Sequence[str] = (CIBA_GRANT,)
    interval: timedelta | None = None
    max_expiry: timedelta | None = None
    auth_method: str | None = None
    limits: ClientLimits = ClientLimits()
    binding_max: int | None = None
    binding_pattern: str | None = None
    id_token_alg: str | None = None

    def check(self) -> None:
        """Raise ClientInvalid for the first setting that cannot be."""
        checks = (
            ("client_id", bool(_CLIENT_ID.fullmatch(self.client_id)), "1 to 128 characters of A-Z a-z 0-9 . _ ~ -"),
            ("secret", bool(_SECRET.fullmatch(self.secret)), "1 to 512 printable ASCII characters"),
            ("name", len(self.name) <= _NAME_LIMIT, f"at most {_NAME_LIMIT} characters"),
            ("name", self.name.isprintable(), "printable characters only"),
            ("delivery_mode", self.delivery_mode in DELIVERY_MODES, " or ".join(DELIVERY_MODES)),
            ("scopes", "openid" in self.scopes, "openid among them"),
            ("auth_method", self.auth_method in (None, *AUTH_METHODS), f"none or one of {', '.join(AUTH_METHODS)}"),
            ("interval", _between(self.interval, 1, 60), "1 to 60 seconds"),
            ("max_expiry", _between(self.max_expiry, 1, 72 * 3600), "1 second to 72 hours"),
            ("binding_max", self.binding_max is None or 1 <= self.binding_max <= 256, "1 to 256"),
            ("binding_pattern", _is_pattern(self.binding_pattern), "a regular expression"),
            ("id_token_alg", self.id_token_alg in (None, *ALGORITHMS), f"none or one of {', '.join(ALGORITHMS)}"),
        )
        for setting, holds, expected in checks:
            if not holds:
                raise ClientInvalid(setting, expected)


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
            "secret_mac": self.mac_of(client.client_id, client.secret),
            "name": client.name or client.client_id[:_NAME_LIMIT],
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
        }
        if unit.execute(_INSERT, row).first() is None:
            raise ClientExists(client.client_id)

    def find(self, unit: Unit, client_id: str) -> Client | None:
        """Return the client of this id, disabled or not."""
        row = unit.execute(_SELECT, {"id": client_id}).first()
        return None if row is None else _client(row)

    def find_with_secret(self, unit: Unit, client_id: str, *, lock: bool = False) -> tuple[Client, bytes] | None:
        """Return the client and the keyed hash of its secret; *lock* keeps its row until the unit ends."""
        row = unit.execute(_SELECT_LOCKED if lock else _SELECT, {"id": client_id}).first()
        return None if row is None else (_client(row), row.secret_mac)

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


def mint_secret() -> str:
    """Return a new client secret of 256 bits that needs no escaping anywhere."""
    return secrets.token_urlsafe(32)


def secret_weakness(secret: str) -> str | None:
    """Return a warning for an operator's *secret* that may be guessed, or None.

    >>> secret_weakness("hunter2") is None
    False
    """
    kinds = sum(size for present, size in _alphabets(secret) if present)
    varied = min(len(secret), 4 * len(set(secret)))  # one character over and over is no long secret
    bits = varied * math.log2(kinds) if kinds > 1 else 0.0
    if bits >= _STRONG_BITS:
        return None
    return (
        f"this secret has at most about {bits:.0f} bits where {_STRONG_BITS} are wanted: leave it out to have one made"
    )


def _alphabets(secret: str) -> tuple[tuple[bool, int], ...]:
    return (
        (any(c.islower() for c in secret), 26),
        (any(c.isupper() for c in secret), 26),
        (any(c.isdigit() for c in secret), 10),
        (any(not c.isalnum() for c in secret), 33),
    )


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
    )


def _between(span: timedelta | None, low: int, high: int) -> bool:
    return span is None or (low <= span.total_seconds() <= high and span.microseconds == 0)


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _is_pattern(pattern: str | None) -> bool:
    try:
        re.compile(pattern or "")
    except re.error:
        return False
    return True

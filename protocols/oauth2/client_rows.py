"""How a client is written into its row, and read back from it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from engine.storage import from_micros
from protocols.oauth2.certificate_checks import SUBJECT_KINDS, CertificateSubject
from protocols.oauth2.client_registration import NAME_LIMIT, ClientLimits, NewClient

__all__ = [
    "OPERATOR",
    "Client",
    "Credentials",
    "Registered",
    "client_in",
    "credentials_in",
    "metadata_columns",
    "registered_in",
]

# Who keeps a client, where its row does not name anybody else.
OPERATOR = "operator"


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
    redirect_uris: tuple[str, ...]
    certificate_bound: bool
    dpop_bound: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a client can prove itself by. ``secret`` is there for those only that sign with it."""

    client: Client
    secret_mac: bytes = field(repr=False)
    sealed_secret: bytes | None = field(repr=False)
    jwks: str | None
    jwks_uri: str | None
    auth_alg: str | None
    tls_subject: CertificateSubject | None

    @property
    def registration(self) -> str:
        """A digest of all of it: a proof that was checked against other keys is none any more."""
        subject = self.tls_subject and (self.tls_subject.kind, self.tls_subject.value)
        parts = (self.client.auth_method, self.auth_alg, self.jwks, self.jwks_uri, self.secret_mac.hex(), subject)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """All that is kept of a client but its secret; ``settings`` would register it again, given one.

    ``origin`` says who keeps it: ``operator``, ``registration`` (itself), or ``file:NAME`` for a file of clients.
    ``registration_hash`` is there for one that may manage its own registration (RFC 7592).
    """

    settings: NewClient
    origin: str
    created_at: datetime
    disabled: bool
    registration_hash: bytes | None = field(repr=False)


def metadata_columns(client: NewClient) -> dict[str, Any]:
    """Return what the row has of *client*, but for its id, its secret, and what is only known of its row."""
    return {
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
        "id_token_alg": client.id_token_alg,
        "jwks": client.jwks,
        "jwks_uri": client.jwks_uri,
        "auth_alg": client.auth_alg,
        "resource": client.resource,
        "rotates_refresh": int(client.rotates_refresh),
        "notification_endpoint": client.notification_endpoint,
        "request_alg": client.request_alg,
        "takes_user_code": int(client.takes_user_code),
        "subject_type": client.subject_type,
        "sector": client.pairwise_sector,
        "token_format": client.token_format,
        "agent": int(client.agent),
        "profile": client.profile,
        "redirect_uris": json.dumps(list(client.redirect_uris)) if client.redirect_uris else None,
        **{f"tls_{kind}": getattr(client, f"tls_{kind}") for kind in SUBJECT_KINDS},
        "certificate_bound": int(client.certificate_bound),
        "dpop_bound": int(client.dpop_bound),
        "details": json.dumps(dict(client.details), sort_keys=True) if client.details else None,
    }


@lru_cache(maxsize=1024)
def client_in(row: Any) -> Client:
    """Return the client of a row of the table."""
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
        redirect_uris=tuple(json.loads(row.redirect_uris or "[]")),
        certificate_bound=bool(row.certificate_bound),
        dpop_bound=bool(row.dpop_bound),
    )


def credentials_in(row: Any) -> Credentials:
    """Return the client of a row of the table with what it can prove itself by."""
    names = {kind: getattr(row, f"tls_{kind}") for kind in SUBJECT_KINDS}
    subject = next((CertificateSubject(kind, name) for kind, name in names.items() if name is not None), None)
    return Credentials(
        client=client_in(row),
        secret_mac=row.secret_mac,
        sealed_secret=row.sealed_secret,
        jwks=row.jwks,
        jwks_uri=row.jwks_uri,
        auth_alg=row.auth_alg,
        tls_subject=subject,
    )


def registered_in(row: Any) -> Registered:
    """Return all that a row of the table keeps, but for the secret."""
    client = client_in(row)
    shared = {each.name for each in fields(Client)} & {each.name for each in fields(NewClient)}
    settings: Mapping[str, Any] = {name: getattr(client, name) for name in shared - {"grant_types"}}
    return Registered(
        settings=NewClient(
            **settings,
            grant_types=tuple(sorted(client.grant_types)),
            jwks=row.jwks,
            jwks_uri=row.jwks_uri,
            auth_alg=row.auth_alg,
            **{f"tls_{kind}": getattr(row, f"tls_{kind}") for kind in SUBJECT_KINDS},
            details=json.loads(row.details or "{}"),
        ),
        origin=row.origin or OPERATOR,
        created_at=from_micros(row.created_at),
        disabled=client.disabled,
        registration_hash=row.registration_hash,
    )


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)

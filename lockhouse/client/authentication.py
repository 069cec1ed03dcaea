"""How a client proves who it is, in the four methods (OpenID Connect Core section 9)."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import quote_plus

import jwt

from lockhouse.client.signing import PrivateKey

__all__ = ["Authentication", "ClientSecretBasic", "ClientSecretJwt", "ClientSecretPost", "PrivateKeyJwt", "Proof"]

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFE = 60
_SHORTEST_SECRET = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What one request carries to prove its client."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class Authentication(Protocol):
    """One method of proving a client."""

    @property
    def client_id(self) -> str:
        """Return the client's id."""
        ...

    def prove(self, audience: str, now: float) -> Proof:
        """Return a proof for one request to *audience* (the issuer) at *now*, in seconds since 1970."""
        ...


@dataclass(frozen=True, slots=True)
class ClientSecretBasic:
    """``client_secret_basic``: id and secret in the Authorization header (RFC 6749 section 2.3.1)."""

    client_id: str
    secret: str = field(repr=False)

    def prove(self, audience: str, now: float) -> Proof:  # noqa: ARG002 - the port's
        """Return the header; both parts are encoded as in a form first."""
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.secret)}"
        return Proof(headers={"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"})


@dataclass(frozen=True, slots=True)
class ClientSecretPost:
    """``client_secret_post``: id and secret as parameters."""

    client_id: str
    secret: str = field(repr=False)

    def prove(self, audience: str, now: float) -> Proof:  # noqa: ARG002 - the port's
        """Return the parameters."""
        return Proof(parameters=(("client_id", self.client_id), ("client_secret", self.secret)))


@dataclass(frozen=True, slots=True)
class ClientSecretJwt:
    """``client_secret_jwt``: a statement signed (HS256) with the secret, which never travels; 32 bytes at least."""

    client_id: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret.encode()) < _SHORTEST_SECRET:
            raise ValueError(f"expected a secret of {_SHORTEST_SECRET} bytes or more to sign with, found a shorter one")

    def prove(self, audience: str, now: float) -> Proof:
        """Return the statement."""
        return _assertion(jwt.encode(_claims(self.client_id, audience, now), self.secret, algorithm="HS256"))


@dataclass(frozen=True, slots=True)
class PrivateKeyJwt:
    """``private_key_jwt``: a statement signed with a key of which the provider knows the public half only."""

    client_id: str
    key: PrivateKey

    def prove(self, audience: str, now: float) -> Proof:
        """Return the statement."""
        return _assertion(self.key.sign(_claims(self.client_id, audience, now)))


def _claims(client_id: str, audience: str, now: float) -> dict[str, Any]:
    # Good for one request and one minute: a statement that is seen on its way is of no use to anybody else.
    at = int(now)
    return {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": secrets.token_urlsafe(24),
        "iat": at,
        "exp": at + _LIFE,
    }


def _assertion(statement: str) -> Proof:
    return Proof(parameters=(("client_assertion_type", ASSERTION_TYPE), ("client_assertion", statement)))

"""Clients that register themselves, and manage what they registered (RFC 7591, RFC 7592). Each method is one unit."""

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from engine.storage import Unit
from protocols.oauth2.client_metadata import check_described, describe_client, metadata_of
from protocols.oauth2.client_policy import ClientPolicy
from protocols.oauth2.client_registration import KEY_METHODS, NewClient
from protocols.oauth2.client_rows import Registered
from protocols.oauth2.client_secrets import mint_secret
from protocols.oauth2.clients import Clients
from protocols.oauth2.errors import OAuthError
from protocols.oauth2.hashing import hash_of
from protocols.oauth2.initial_tokens import InitialTokens
from protocols.oauth2.metadata_members import invalid_metadata

__all__ = ["SELF", "Minted", "Registration", "RegistrationRules"]

SELF = "registration"  # the origin of clients that registered themselves
# What only we say; a client that sends it back has not understood what it replaces (RFC 7592 section 2.2).
_OURS = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")

Remove = Callable[[Unit, str, datetime], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationRules:
    """Who may register: nobody, who has an initial access token, or (in development) anybody; and how many at most."""

    mode: Literal["off", "token", "open"] = "off"
    most: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """Random texts for one registration, made outside of the unit: a unit may be run again."""

    secret: str = field(repr=False)
    access: str = field(repr=False)

    @classmethod
    def fresh(cls) -> "Minted":
        """Return texts that nobody has seen."""
        return cls(secret=mint_secret(), access=f"lhr_{secrets.token_urlsafe(32)}")


class Registration:
    """The decisions of the registration endpoint. *remove* ends all that a client has, in the same unit."""

    def __init__(
        self, *, rules: RegistrationRules, policy: ClientPolicy, clients: Clients, remove: Remove, issuer: str
    ) -> None:
        self._rules, self._policy, self._clients, self._remove = rules, policy, clients, remove
        self._tokens, self._at = InitialTokens(), f"{issuer.rstrip('/')}/oauth2/register/"

    def may_register(self, unit: Unit, token: str | None, now: datetime) -> Sequence[str]:
        """Return which scopes the bearer of *token* may register a client with, or raise ``invalid_token``."""
        if self._rules.mode == "open":
            return self._policy.scopes
        scopes = self._tokens.scopes_of(unit, token or "", now=now)
        if scopes is None:
            raise _refused("no initial access token, or one that is unknown, used up or expired")
        return [name for name in scopes if name in self._policy.scopes]

    def describe(self, metadata: Mapping[str, Any], scopes: Sequence[str], kept: Registered | None = None) -> NewClient:
        """Return the client that *metadata* describes, judged; one that is there keeps what its operator has set."""
        base = kept.settings if kept else NewClient(client_id=secrets.token_urlsafe(16))
        client = describe_client(metadata, base, scopes=scopes, profile=self._policy.profile)
        # Whether it needs a secret is for us to see to: it never sends one.
        check_described(client, self._policy, secret_kept=True)
        return client

    def register(
        self, unit: Unit, client: NewClient, token: str | None, *, minted: Minted, now: datetime
    ) -> dict[str, Any]:
        """Store *client* and return the answer; one use of the initial access token is spent in the same unit."""
        if self._rules.mode != "open" and not self._tokens.use(unit, token or "", now=now):
            raise _refused("the initial access token was used up or has expired meanwhile")
        # Registrations at the same moment may pass this together: it keeps a table from growing, to the dozen or so.
        if self._clients.count(unit, SELF) >= self._rules.most:
            raise OAuthError("access_denied", "no more clients can register here: ask the operator", status=403)
        secret = None if client.auth_method in KEY_METHODS else minted.secret
        new, access = replace(client, secret=secret), minted.access
        self._clients.add(unit, new, now=now, origin=SELF, registration_hash=hash_of(access))
        return self._answer(client, access, issued_at=now, secret=secret)

    def managed(self, unit: Unit, client_id: str, access: str, *, lock: bool = False) -> Registered:
        """Return the client that *access* manages; ``invalid_token`` alike for an unknown client and a wrong token."""
        # An address can hold what no column does; no client has such an id.
        kept = self._clients.find_registered(unit, client_id, lock=lock) if client_id.isprintable() else None
        known = kept.registration_hash if kept and kept.registration_hash else bytes(32)
        if not hmac.compare_digest(known, hash_of(access)) or kept is None:
            raise _refused("no such client, or not its registration access token")
        if kept.disabled:
            raise OAuthError("access_denied", "this client is disabled: ask the operator", status=403)
        return kept

    def read(self, unit: Unit, client_id: str, access: str) -> dict[str, Any]:
        """Return what the client is registered with (RFC 7592 section 2.1)."""
        kept = self.managed(unit, client_id, access)
        return self._answer(kept.settings, access, issued_at=kept.created_at)

    def check_replacement(self, metadata: Mapping[str, Any], client_id: str) -> None:
        """Raise ``invalid_client_metadata`` for what may not stand in a replacement (RFC 7592 section 2.2)."""
        if metadata.get("client_id") != client_id:
            raise invalid_metadata("client_id", "the id of the client that is replaced")
        for member in _OURS:
            if member in metadata:
                raise invalid_metadata(member, "nothing: it is not the client's to set")

    def replace(
        self, unit: Unit, client: NewClient, access: str, *, sent_secret: str | None, minted: Minted
    ) -> dict[str, Any]:
        """Put *client* in the place of what was registered; a new secret is made where the old one does not serve."""
        kept = self.managed(unit, client.client_id, access, lock=True)
        if sent_secret is not None and not self._clients.has_secret(unit, client.client_id, sent_secret):
            raise invalid_metadata("client_secret", "the client's present secret, or nothing")
        secret = minted.secret if self._clients.needs_secret(unit, client) else None
        self._clients.replace(unit, replace(client, secret=secret))
        return self._answer(client, access, issued_at=kept.created_at, secret=secret)

    def remove(self, unit: Unit, client_id: str, access: str, now: datetime) -> None:
        """End the client with its pending requests and its grants (RFC 7592 section 2.3)."""
        self.managed(unit, client_id, access)
        self._remove(unit, client_id, now)

    def _answer(
        self, client: NewClient, access: str, *, issued_at: datetime, secret: str | None = None
    ) -> dict[str, Any]:
        shown = {} if secret is None else {"client_secret": secret, "client_secret_expires_at": 0}
        return {
            "client_id": client.client_id,
            "client_id_issued_at": int(issued_at.timestamp()),
            **shown,
            **metadata_of(client),
            "registration_access_token": access,
            "registration_client_uri": self._at + client.client_id,
        }


def _refused(hint: str) -> OAuthError:
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return OAuthError("invalid_token", "this token is not good for that", hint=hint, headers=headers)

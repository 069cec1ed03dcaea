"""What a deployment does with client certificates, and where clients are asked for theirs (RFC 8705)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from protocols.oauth2.client_registration import AUTH_METHODS, SELF_SIGNED, TLS_CLIENT_AUTH

__all__ = ["ALIASED", "MutualTls"]

# What clients call as themselves, or with a token that may be bound. A person's browser is never sent to an alias.
ALIASED = (
    "token_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "userinfo_endpoint",
    "backchannel_authentication_endpoint",
    "pushed_authorization_request_endpoint",
    "device_authorization_endpoint",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MutualTls:
    """``accepted`` says whether certificates can reach this server at all: whether a terminator is trusted.

    ``anchors`` are the authorities that ``tls_client_auth`` goes by. ``address`` is the origin at which the terminator
    asks clients for certificates, None where it is the issuer's own.
    """

    accepted: bool = False
    anchors: Sequence[x509.Certificate] = field(default=(), repr=False)
    address: str | None = None

    def offered(self, methods: Sequence[str]) -> list[str]:
        """Return those of *methods* that a client can use here."""
        missing = {TLS_CLIENT_AUTH} if self.accepted and not self.anchors else set()
        missing |= set() if self.accepted else {TLS_CLIENT_AUTH, SELF_SIGNED}
        return [method for method in methods if method not in missing]

    @property
    def methods(self) -> list[str]:
        """Every way in which a client can prove itself here."""
        return self.offered(AUTH_METHODS)

    def alias(self, path: str) -> str | None:
        """Return the address of *path* where certificates are asked for, None where that is the issuer's."""
        return None if self.address is None else self.address + path

    def aliases(self, metadata: Mapping[str, Any], issuer: str) -> dict[str, str]:
        """Return ``mtls_endpoint_aliases``: of the endpoints in *metadata*, so that each is a normal one too."""
        if self.address is None:
            return {}
        return {
            member: self.address + str(metadata[member]).removeprefix(issuer)
            for member in ALIASED
            if member in metadata
        }

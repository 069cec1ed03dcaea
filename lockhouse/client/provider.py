"""What a provider says about itself, checked before anything is believed (OpenID Connect Discovery section 4.3)."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from lockhouse.client.errors import ProviderInvalid

__all__ = ["DISCOVERY", "Provider", "check_issuer", "is_private_to_us", "read_provider"]

DISCOVERY: Final = "/.well-known/openid-configuration"
# Only keys that one side alone holds: with a shared secret, or none at all, anybody could have signed.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The endpoints and algorithms of one provider."""

    issuer: str
    backchannel: str
    token: str
    jwks: str
    revocation: str | None
    introspection: str | None
    userinfo: str | None
    algorithms: tuple[str, ...]

    @property
    def cancel(self) -> str:
        """Return where a request is taken back: Lockhouse's own, beside the endpoint that took it."""
        return f"{self.backchannel}/cancel"

    @property
    def status(self) -> str:
        """Return where a request's status is asked for: Lockhouse's own, too."""
        return f"{self.backchannel}/status"


def check_issuer(issuer: str) -> str:
    """Return *issuer*; raise ProviderInvalid unless it is https, or plain http on this machine.

    >>> check_issuer("https://op.example")
    'https://op.example'
    """
    parts = urlsplit(issuer)
    if not is_private_to_us(issuer) or parts.query or parts.fragment or parts.username:
        raise ProviderInvalid(f"expected an issuer as https://HOST (http on this machine only), found {parts.scheme!r}")
    return issuer


def read_provider(issuer: str, told: Mapping[str, Any]) -> Provider:
    """Return what the metadata *told* says of *issuer*; raise ProviderInvalid where it is another's or unusable."""
    if told.get("issuer") != issuer:
        raise ProviderInvalid(
            f"expected metadata of {issuer!r}, found an issuer {str(told.get('issuer'))[:200]!r}: "
            "give the issuer exactly as the provider writes it"
        )
    signed = told.get("id_token_signing_alg_values_supported")
    offered = tuple(each for each in (signed if isinstance(signed, list) else ()) if each in ALGORITHMS)
    if not offered:
        raise ProviderInvalid("expected an ID token algorithm with a public key, found none in the metadata")
    return Provider(
        issuer=issuer,
        backchannel=_required(told, "backchannel_authentication_endpoint"),
        token=_required(told, "token_endpoint"),
        jwks=_required(told, "jwks_uri"),
        revocation=_endpoint(told, "revocation_endpoint"),
        introspection=_endpoint(told, "introspection_endpoint"),
        userinfo=_endpoint(told, "userinfo_endpoint"),
        algorithms=offered,
    )


def _required(told: Mapping[str, Any], name: str) -> str:
    found = _endpoint(told, name)
    if found is None:
        raise ProviderInvalid(f"expected {name} in the provider's metadata, found none: does it support CIBA?")
    return found


def _endpoint(told: Mapping[str, Any], name: str) -> str | None:
    found = told.get(name)
    if found is None:
        return None
    if not isinstance(found, str) or not is_private_to_us(found):
        raise ProviderInvalid(f"expected an https address as {name}, found another: secrets are not sent there")
    return found


def is_private_to_us(address: str) -> bool:
    """Say whether nobody on the way can read along: https, or a loopback address."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

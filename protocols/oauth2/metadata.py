"""What the server says about itself (OpenID Connect Discovery section 3, RFC 8414, CIBA Core section 4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from protocols.oauth2.client_assertions import SECRET_ALGORITHMS
from protocols.oauth2.client_registration import (
    CIBA_GRANT,
    CODE_GRANT,
    DELIVERY_MODES,
    DEVICE_GRANT,
    REFRESH_GRANT,
    SUBJECT_TYPES,
)
from protocols.oauth2.dpop import PROOF_ALGORITHMS
from protocols.oauth2.mutual_tls import MutualTls
from protocols.oauth2.profiles import Profile, profile_named

__all__ = ["Endpoints", "Offers", "metadata"]

_CLAIMS = (
    *("sub", "iss", "aud", "exp", "iat", "auth_time", "amr", "acr", "name", "preferred_username", "locale"),
    *("email", "email_verified", "phone_number", "phone_number_verified"),
)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses, all derived from the issuer and from nothing else."""

    issuer: str

    def at(self, path: str) -> str:
        """Return the address of *path*.

        >>> Endpoints("https://op.example").at("/oauth2/token")
        'https://op.example/oauth2/token'
        """
        return self.issuer.rstrip("/") + path


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What a deployment offers, as far as its metadata tell of it.

    ``algorithms`` are those that its ID tokens are signed with, ``registers`` says whether clients register themselves,
    ``user_codes`` and ``signed_requests`` whether it takes them, ``mutual_tls`` what it does with client certificates.
    """

    issuer: str
    scopes: Sequence[str]
    acr_values: Sequence[str]
    algorithms: Sequence[str]
    profile: str = "core"
    grant_types: Sequence[str] = (CIBA_GRANT, REFRESH_GRANT)
    registers: bool = False
    user_codes: bool = False
    signed_requests: bool = False
    mutual_tls: MutualTls = field(default_factory=MutualTls)


def metadata(offers: Offers) -> dict[str, Any]:
    """Return the discovery document. Every endpoint that it names is there, and every feature works."""
    told = _described(offers)
    aliases = offers.mutual_tls.aliases(told, offers.issuer.rstrip("/"))
    return {**told, "mtls_endpoint_aliases": aliases} if aliases else told


def _described(offers: Offers) -> dict[str, Any]:
    at, rules = Endpoints(offers.issuer).at, profile_named(offers.profile)
    return {
        "issuer": offers.issuer,
        "jwks_uri": at("/oauth2/jwks"),
        "userinfo_endpoint": at("/oauth2/userinfo"),
        "token_endpoint": at("/oauth2/token"),
        **_authenticated("token_endpoint", offers),
        "introspection_endpoint": at("/oauth2/introspect"),
        **_authenticated("introspection_endpoint", offers),
        "revocation_endpoint": at("/oauth2/revoke"),
        **_authenticated("revocation_endpoint", offers),
        **({"registration_endpoint": at("/oauth2/register")} if offers.registers else {}),
        **_backchannel(offers, rules),
        "grant_types_supported": list(offers.grant_types),
        **_browser(offers),
        "subject_types_supported": list(SUBJECT_TYPES),
        "id_token_signing_alg_values_supported": list(offers.algorithms),
        "tls_client_certificate_bound_access_tokens": offers.mutual_tls.accepted,
        # Where every token is bound to a certificate, none is to a key.
        **({} if rules.sender_constrained else {"dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS)}),
        "scopes_supported": list(offers.scopes),
        "acr_values_supported": list(offers.acr_values),
        "claims_supported": list(_CLAIMS),
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def _authenticated(endpoint: str, offers: Offers) -> dict[str, list[str]]:
    """Return how clients prove themselves at *endpoint*; bc-authorize goes by the token endpoint's (CIBA section 4)."""
    rules = profile_named(offers.profile)
    shared = SECRET_ALGORITHMS if "client_secret_jwt" in rules.auth_methods else ()
    return {
        f"{endpoint}_auth_methods_supported": offers.mutual_tls.offered(rules.auth_methods),
        f"{endpoint}_auth_signing_alg_values_supported": [*rules.signing_algs, *shared],
    }


def _browser(offers: Offers) -> dict[str, Any]:
    """Return what is said of grants that need a browser (RFC 6749, RFC 7636, RFC 8628, RFC 9126, RFC 9207)."""
    at = Endpoints(offers.issuer).at
    device = {"device_authorization_endpoint": at("/oauth2/device_authorization")}
    told = device if DEVICE_GRANT in offers.grant_types else {}
    if CODE_GRANT not in offers.grant_types:
        return {**told, "response_types_supported": []}
    return {
        **told,
        "authorization_endpoint": at("/oauth2/authorize"),
        "pushed_authorization_request_endpoint": at("/oauth2/par"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }


def _backchannel(offers: Offers, rules: Profile) -> dict[str, Any]:
    signed = "backchannel_authentication_request_signing_alg_values_supported"
    return {
        "backchannel_authentication_endpoint": Endpoints(offers.issuer).at("/oauth2/bc-authorize"),
        "backchannel_token_delivery_modes_supported": [mode for mode in DELIVERY_MODES if mode in rules.delivery_modes],
        # Absent, it means that no request may be signed (CIBA Core section 4).
        **({signed: list(rules.signing_algs)} if offers.signed_requests else {}),
        "backchannel_user_code_parameter_supported": offers.user_codes,
    }

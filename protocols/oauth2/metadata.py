"""What the server says about itself (OpenID Connect Discovery section 3, RFC 8414, CIBA Core section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocols.oauth2.client_assertions import KEY_ALGORITHMS, SECRET_ALGORITHMS
from protocols.oauth2.client_registration import AUTH_METHODS, DELIVERY_MODES, GRANT_TYPES
from protocols.oauth2.scopes import Scope

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


def metadata(
    issuer: str, *, scopes: Mapping[str, Scope], acr_values: tuple[str, ...], algorithms: tuple[str, ...]
) -> dict[str, Any]:
    """Return the discovery document. Every endpoint that it names is there, and every feature works."""
    at, signed = Endpoints(issuer).at, [*KEY_ALGORITHMS, *SECRET_ALGORITHMS]
    return {
        "issuer": issuer,
        "token_endpoint": at("/oauth2/token"),
        "introspection_endpoint": at("/oauth2/introspect"),
        "introspection_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "introspection_endpoint_auth_signing_alg_values_supported": signed,
        "revocation_endpoint": at("/oauth2/revoke"),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": signed,
        "userinfo_endpoint": at("/oauth2/userinfo"),
        "jwks_uri": at("/oauth2/jwks"),
        "backchannel_authentication_endpoint": at("/oauth2/bc-authorize"),
        "backchannel_token_delivery_modes_supported": list(DELIVERY_MODES),
        "backchannel_user_code_parameter_supported": False,
        "grant_types_supported": list(GRANT_TYPES),
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(algorithms),
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": signed,
        "scopes_supported": list(scopes),
        "acr_values_supported": list(acr_values),
        "claims_supported": list(_CLAIMS),
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }

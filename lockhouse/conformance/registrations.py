"""The suite's clients as files of clients, which `lockhouse client apply` registers."""

from collections.abc import Mapping
from typing import Any

import yaml

from lockhouse.conformance.plans import FAPI_CIBA, Deployment, Variant

__all__ = ["basic_clients", "ciba_clients"]

# The modules of a plan follow each other at once, and all ask the same person.
_LIMITS = {"pair_pending": 50, "pair_minute": 500, "person_pending": 100, "person_minute": 1000}
_SCOPES = ["openid", "profile"]
_METHODS = {"private_key_jwt": "private_key_jwt", "mtls": "self_signed_tls_client_auth"}


def ciba_clients(at: Deployment) -> str:
    """Return the clients of every variant of the FAPI-CIBA plan; their keys stand in files beside this one."""
    clients = {
        variant.client_id(number): _ciba_client(at, variant, number) for variant in FAPI_CIBA for number in (1, 2)
    }
    return _written("conformance-fapi-ciba", clients)


def basic_clients(at: Deployment) -> str:
    """Return the clients of the OIDC basic plan; their secrets stand in files beside this one."""
    return _written("conformance-basic", {f"suite-basic-{number}": _basic_client(at, number) for number in (1, 2)})


def _ciba_client(at: Deployment, variant: Variant, number: int) -> dict[str, Any]:
    ping = {"notification_endpoint": at.callback(variant.name, "ciba-notification-endpoint")}
    signs = {"auth_alg": "PS256"} if variant.auth == "private_key_jwt" else {}
    return {
        "name": f"Conformance suite {number}, {variant.name}",
        "mode": variant.mode,
        **(ping if variant.mode == "ping" else {}),
        "scopes": _SCOPES,
        "refresh": True,
        "profile": "fapi-ciba",
        "auth_method": _METHODS[variant.auth],
        **signs,
        "jwks": f"suite-{number}.jwks.json",
        "request_alg": "PS256",
        "id_token_alg": "PS256",
        "certificate_bound": True,
        "limits": _LIMITS,
    }


def _basic_client(at: Deployment, number: int) -> dict[str, Any]:
    return {
        "name": f"Conformance suite {number}, basic",
        "secret": {"file": f"suite-basic-{number}.secret"},
        "grants": ["authorization_code"],
        "redirect_uris": [at.callback("basic", "callback")],
        "scopes": [*_SCOPES, "email", "phone"],
        "refresh": True,
        "limits": _LIMITS,
    }


def _written(owner: str, clients: Mapping[str, Any]) -> str:
    # Aliases would be right YAML, and no file of clients: each client is written out.
    plain = [yaml.safe_dump({name: client}, sort_keys=False) for name, client in clients.items()]
    indented = "".join(f"  {line}\n" for text in plain for line in text.splitlines())
    return f"owner: {owner}\nclients:\n{indented}"

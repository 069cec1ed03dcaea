"""The suite's plans: how each is called, in which variants it runs, and the configuration that it is given.

The members are the suite's own (its `ConfigurationFields`); what it does not read is not written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lockhouse.conformance.parties import Party

__all__ = ["BASIC", "FAPI_CIBA", "SCOPE", "Deployment", "Variant", "basic_plan", "ciba_plan"]

SCOPE = "openid profile offline_access"
BASIC = "oidcc-basic-certification-test-plan[server_metadata=discovery][client_registration=static_client]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What is tried, and by whom: *suite* is the suite's address, *alias* names its callbacks, *person* is asked.

    *clients_at* is the origin at which clients show certificates. *approve_at* is the hook, None where people decide.
    """

    issuer: str
    clients_at: str
    suite: str
    alias: str
    person: str
    acr: str
    approve_at: str | None

    def callback(self, plan: str, path: str) -> str:
        """Return the suite's address for *path* while it runs *plan*."""
        return f"{self.suite.rstrip('/')}/test/a/{self.alias}-{plan}/{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to run the FAPI-CIBA plan: how the clients prove themselves, and how they learn the outcome."""

    auth: Literal["private_key_jwt", "mtls"]
    mode: Literal["poll", "ping"]

    @property
    def name(self) -> str:
        """A name for files and clients.

        >>> Variant(auth="private_key_jwt", mode="ping").name
        'private-key-jwt-ping'
        """
        return f"{self.auth.replace('_', '-')}-{self.mode}"

    @property
    def plan(self) -> str:
        """What the suite's `run-test-plan.py` calls it."""
        chosen = {
            "client_auth_type": self.auth,
            "ciba_mode": self.mode,
            "fapi_ciba_profile": "plain_fapi",
            "client_registration": "static_client",
        }
        return "fapi-ciba-id1-test-plan" + "".join(f"[{key}={value}]" for key, value in chosen.items())

    def client_id(self, number: int) -> str:
        """Return what the suite's client of this number calls itself."""
        return f"suite-{self.name}-{number}"


FAPI_CIBA: Sequence[Variant] = (
    Variant(auth="private_key_jwt", mode="poll"),
    Variant(auth="private_key_jwt", mode="ping"),
    Variant(auth="mtls", mode="poll"),
    Variant(auth="mtls", mode="ping"),
)


def ciba_plan(variant: Variant, at: Deployment, parties: tuple[Party, Party]) -> Mapping[str, Any]:
    """Return the configuration of the FAPI-CIBA plan for *variant*. It holds private keys."""
    first, second = parties
    asked = {"scope": SCOPE, "hint_type": "login_hint", "hint_value": at.person}
    hook = {} if at.approve_at is None else {"automated_ciba_approval_url": at.approve_at}
    return {
        **_head(at, variant.name, f"Lockhouse, FAPI-CIBA, {variant.auth}, {variant.mode}"),
        "client": {"client_id": variant.client_id(1), "jwks": first.private_jwks, **asked},
        "client2": {"client_id": variant.client_id(2), "jwks": second.private_jwks, **asked, "acr_value": at.acr},
        "mtls": first.mtls,
        "mtls2": second.mtls,
        "resource": {"resourceUrl": f"{at.clients_at}/oauth2/userinfo"},
        **hook,
    }


def basic_plan(at: Deployment, secrets: tuple[str, str]) -> Mapping[str, Any]:
    """Return the configuration of the OIDC basic plan. It holds the clients' secrets."""
    first = {"client_id": "suite-basic-1", "client_secret": secrets[0]}
    return {
        **_head(at, "basic", "Lockhouse, OpenID Connect basic"),
        "client": {**first, "scope": SCOPE},
        "client_secret_post": first,
        "client2": {"client_id": "suite-basic-2", "client_secret": secrets[1], "scope": SCOPE},
    }


def _head(at: Deployment, plan: str, says: str) -> dict[str, Any]:
    return {
        "alias": f"{at.alias}-{plan}",
        "description": says,
        "server": {"discoveryUrl": f"{at.issuer}/.well-known/openid-configuration"},
    }

"""What is asked of whom: the parameters of CIBA Core section 7.1, plain or signed."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lockhouse.client.signing import PrivateKey

__all__ = ["ApprovalRequest"]

_LIFE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequest:
    """One question to one person, named by exactly one hint.

    ``requested_expiry`` is in seconds; ``resource`` and ``acr_values`` are in order of preference; ``more`` holds
    parameters of profiles, such as FAPI-CIBA's ``request_context``.
    """

    scope: str = "openid"
    login_hint: str | None = field(default=None, repr=False)
    id_token_hint: str | None = field(default=None, repr=False)
    login_hint_token: str | None = field(default=None, repr=False)
    binding_message: str | None = None
    user_code: str | None = field(default=None, repr=False)
    requested_expiry: int | None = None
    acr_values: Sequence[str] = ()
    resource: Sequence[str] = ()
    more: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        hints = (self.login_hint, self.id_token_hint, self.login_hint_token)
        if sum(hint is not None for hint in hints) != 1:
            raise ValueError("expected exactly one of login_hint, id_token_hint and login_hint_token")
        if isinstance(self.acr_values, str) or isinstance(self.resource, str):
            raise TypeError("expected acr_values and resource as tuples of texts, found a text")

    def parameters(self, notification_token: str | None = None) -> tuple[tuple[str, str], ...]:
        """Return the parameters of a plain request; ``resource`` may come several times (RFC 8707 section 2)."""
        single = {
            "scope": self.scope,
            "login_hint": self.login_hint,
            "id_token_hint": self.id_token_hint,
            "login_hint_token": self.login_hint_token,
            "binding_message": self.binding_message,
            "user_code": self.user_code,
            "requested_expiry": None if self.requested_expiry is None else str(self.requested_expiry),
            "acr_values": " ".join(self.acr_values) or None,
            "client_notification_token": notification_token,
            **self.more,
        }
        given = [(name, value) for name, value in single.items() if value is not None]
        return (*given, *(("resource", each) for each in self.resource))

    def signed(
        self, key: PrivateKey, *, client_id: str, issuer: str, now: float, notification_token: str | None = None
    ) -> str:
        """Return the request as a JWT of its own (CIBA Core section 7.1.1), good for five minutes from *now*."""
        claims: dict[str, Any] = {
            name: value for name, value in self.parameters(notification_token) if name != "resource"
        }
        if self.resource:
            claims["resource"] = list(self.resource) if len(self.resource) > 1 else self.resource[0]
        at = int(now)
        proper = {"iss": client_id, "aud": issuer, "jti": secrets.token_urlsafe(24)}
        times = {"iat": at, "nbf": at, "exp": at + _LIFE}
        return key.sign({**claims, **proper, **times})

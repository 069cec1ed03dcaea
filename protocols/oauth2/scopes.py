"""Scopes: the names that a client may ask for, and the words in which a person is asked about them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from protocols.oauth2.errors import OAuthError, invalid_request

OPENID, OFFLINE = "openid", "offline_access"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One scope: ``required`` means that the person cannot leave it out and still approve.

    ``openid`` always is, also where a deployment words it in its own way: without it there is no ID token to give.
    """

    name: str
    title: str
    description: str | None = None
    required: bool = False

    def __post_init__(self) -> None:
        if self.name == OPENID:
            object.__setattr__(self, "required", True)


STANDARD_SCOPES: Mapping[str, Scope] = MappingProxyType(
    {
        OPENID: Scope(name=OPENID, title="Know who you are"),
        "profile": Scope(name="profile", title="See your name", description="Your name and user name"),
        "email": Scope(name="email", title="See your e-mail address"),
        "phone": Scope(name="phone", title="See your phone number"),
        OFFLINE: Scope(name=OFFLINE, title="Stay signed in", description="Also while you are away, until you end it"),
    }
)


def parse_scope(text: str | None, *, known: Collection[str], allowed: Collection[str]) -> tuple[str, ...]:
    """Return the scopes asked for, in their order and once each (CIBA Core section 7.1).

    Missing → ``invalid_request``; without openid, unknown or not this client's → ``invalid_scope``.

    >>> parse_scope("email openid email", known={"openid", "email"}, allowed={"openid", "email"})
    ('email', 'openid')
    """
    asked = tuple(dict.fromkeys((text or "").split(" ")))
    asked = tuple(name for name in asked if name)
    if not asked:
        raise invalid_request("scope is required")
    if OPENID not in asked:
        raise OAuthError("invalid_scope", "scope must contain openid")
    if not all(name in known and name in allowed for name in asked):
        raise OAuthError("invalid_scope", "a scope is unknown or not allowed for this client")
    return asked

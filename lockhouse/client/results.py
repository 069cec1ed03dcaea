"""What asking somebody comes to, as values. Whatever is secret does not show when a value is printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Approved",
    "Asked",
    "Denied",
    "Expired",
    "Failed",
    "Introspection",
    "Outcome",
    "Pending",
    "Refreshed",
    "Tokens",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that the provider has taken (CIBA Core section 7.3).

    It may be kept (``dataclasses.asdict``), where secrets are kept, and waited for by another process later on.
    ``expires_at`` and ``poll_at``, before which nobody polls, are in seconds since 1970, ``interval`` in seconds.
    """

    auth_req_id: str = field(repr=False)
    expires_at: float
    interval: float
    key: str
    binding_message: str | None = None
    poll_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of one answer. ``expires_at`` of the access token, in seconds since 1970, where it is told."""

    access_token: str = field(repr=False)
    token_type: str
    expires_at: float | None
    scope: str | None
    id_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """The person said yes. ``claims`` are the ID token's, verified."""

    tokens: Tokens
    claims: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """Return who approved: the provider's identifier of that person."""
        return str(self.claims["sub"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """The person, or the provider for them, said no: do not ask the same again at once."""

    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """Nobody decided in time, or the request could not be completed: it may be asked anew, under a new key."""

    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """There is no such request any more: cancelled, redeemed before, or undeliverable. ``code`` is the provider's."""

    code: str
    description: str = ""


Outcome = Approved | Denied | Expired | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Not decided yet. ``asked`` carries the pace to go on with; poll again after ``seconds``."""

    asked: Asked
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """What the provider says of a token (RFC 7662 section 2.2)."""

    active: bool
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """New tokens for an approval of before. ``claims`` are the new ID token's, verified; empty where none came."""

    tokens: Tokens
    claims: Mapping[str, Any]

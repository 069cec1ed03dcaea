"""A token request as every grant gets it: read, but not judged."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from protocols.oauth2.client_authentication import Presented
from protocols.oauth2.forms import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """What came to the token endpoint. ``key`` is its Idempotency-Key; ``now`` is when it arrived."""

    form: Form
    shown: Presented
    key: str | None
    now: datetime


class Grant(Protocol):
    """What answers one ``grant_type``. It authenticates the client itself, inside the unit that does its work."""

    async def answer(self, asked: TokenRequest) -> bytes:
        """Return the JSON of the token response, or raise OAuthError."""
        ...

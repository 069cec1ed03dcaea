"""What a person meets who opens a link of ours: the words that every grant shares with the pages for people."""

from dataclasses import dataclass, field
from datetime import datetime

from protocols.oauth2.permissions import Permission

__all__ = ["Closed", "Landing", "Opened"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What the page behind the link may show. ``status`` is the state that counts now.

    ``claimed_by`` is the execution that goes on elsewhere; ``allowed`` False asks for a neutral page.
    """

    request_id: str
    status: str
    requester: str
    permissions: tuple[Permission, ...]
    binding_message: str | None = field(repr=False)
    created_at: datetime
    expires_at: datetime
    subject: str
    claimed_by: str | None
    allowed: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """An attempt was opened. Cancel the execution ``displaced``: the oldest of too many, which no longer counts.

    ``execution`` is the attempt, where that is another one than was asked for: the request's own journey.
    """

    displaced: str | None
    execution: str | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """No attempt can be opened: the request's state, ``claimed``, ``unavailable`` (neutral page) or ``unknown``."""

    status: str

"""A token request as every grant gets it: read, but not judged."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from protocols.oauth2.client_authentication import Presented
from protocols.oauth2.confirmations import Sender
from protocols.oauth2.forms import Form
from protocols.oauth2.idempotency import parse_idempotency_key


class Hold:
    """A client's wish to be answered when there is news, after *seconds* at the latest (RFC 7240 section 4.3).

    *leaving* is done as soon as the client has gone: then nothing may be given away. ``applied`` says that the answer
    was held back, or would have been.
    """

    def __init__(self, *, seconds: int, leaving: "asyncio.Future[None]") -> None:
        self.seconds, self.applied = seconds, False
        self._leaving = leaving

    @property
    def left(self) -> bool:
        """Whether nobody is there any more to be answered."""
        return self._leaving.done()

    async def until(self, news: "asyncio.Future[None]", *, seconds: float) -> None:
        """Wait for *news*, for the client to leave, or for *seconds* to pass. Neither thread nor connection is held."""
        self.applied = True
        await asyncio.wait({news, self._leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """What came to the token endpoint at ``now``.

    ``sender``: what it showed of the keys that its tokens may be bound to; ``keys``: its Idempotency-Key headers;
    ``hold``: its wish to wait.
    """

    form: Form
    shown: Presented
    sender: Sender = field(default_factory=Sender)
    keys: tuple[str, ...] = ()
    now: datetime
    hold: Hold | None = None

    @property
    def key(self) -> str | None:
        """The Idempotency-Key; ``invalid_request`` where it is malformed: judged once the client is known."""
        return parse_idempotency_key(self.keys)


class Grant(Protocol):
    """What answers one ``grant_type``. It authenticates the client itself, inside the unit that does its work."""

    async def answer(self, asked: TokenRequest) -> bytes:
        """Return the JSON of the token response, or raise OAuthError."""
        ...

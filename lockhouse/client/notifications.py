"""Who waits for a ping or a push, found by the token that only this client and its provider know."""

import base64
import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from lockhouse.client.exchange import Ring
from lockhouse.client.results import Outcome

__all__ = ["Line", "News", "Notifications"]

_BEARER: Final = re.compile(r"[Bb]earer +([A-Za-z0-9._~+/-]+=*)", re.ASCII)
# Long enough for every grace that a provider gives, and for a push that is repeated for ten minutes.
_KEPT_AFTER: Final = 900.0
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a notification said: that there is something to collect (ping), or the outcome itself (push)."""

    auth_req_id: str = field(repr=False)
    outcome: Outcome | None = None


class Line:
    """Where the notifications of one request arrive; a bell for whoever waits for them. Any thread may ring it."""

    def __init__(self) -> None:
        self.auth_req_id: str | None = None
        self.expires_at: float | None = None
        self._news: News | None = None
        self._rings: list[Ring] = []
        self._lock = threading.Lock()

    def bring(self, news: News) -> None:
        """Keep *news* and ring."""
        with self._lock:
            self._news, rings = news, tuple(self._rings)
        for ring in rings:
            ring()

    def take(self, auth_req_id: str) -> News | None:
        """Return the news about this request, once."""
        with self._lock:
            news, self._news = self._news, None
        return news if news is not None and news.auth_req_id == auth_req_id else None

    def hang(self, ring: Ring) -> None:
        """Call *ring* when there is news, at once if there is some already."""
        with self._lock:
            self._rings.append(ring)
            arrived = self._news is not None
        if arrived:
            ring()

    def unhang(self, ring: Ring) -> None:
        """Call *ring* no more."""
        with self._lock:
            self._rings.remove(ring)


class Notifications:
    """The requests of one client that wait to be told, in this process. ``mode`` is what the client is registered for.

    A ping that reaches another process costs nothing but time: whoever waits polls now and then anyhow. *secret*, of
    32 bytes or more, makes the tokens of requests: give one and the same where a request may be asked again, under
    its key, after a restart or by another process.
    """

    def __init__(self, mode: Literal["ping", "push"], *, secret: bytes | None = None) -> None:
        if secret is not None and len(secret) < _SECRET_BYTES:
            raise ValueError(f"expected a secret of {_SECRET_BYTES} bytes or more, found a shorter one")
        self.mode = mode
        self._secret = secret or secrets.token_bytes(_SECRET_BYTES)
        self._lines: dict[bytes, Line] = {}
        self._lock = threading.Lock()

    def token(self, key: str) -> str:
        """Return the client_notification_token for the request asked under *key*: the same each time, and secret."""
        return base64.urlsafe_b64encode(hmac.digest(self._secret, key.encode(), "sha256")).rstrip(b"=").decode()

    def open(self, key: str, *, now: float) -> Line:
        """Return the line of the request asked under *key*; lines that nobody waits on any more go."""
        with self._lock:
            gone = [each for each, line in self._lines.items() if _is_over(line, now)]
            for each in gone:
                del self._lines[each]
            return self._lines.setdefault(_digest(self.token(key)), Line())

    def close(self, key: str) -> None:
        """Forget the line of the request asked under *key*."""
        with self._lock:
            self._lines.pop(_digest(self.token(key)), None)

    def find(self, authorization: str | None) -> Line | None:
        """Return the line whose token a notification's Authorization header holds (CIBA Core section 10.2).

        Tokens are compared as digests and each of them, so that the time taken tells nothing about any.
        """
        found = _BEARER.fullmatch(authorization or "")
        shown, line = _digest(found[1] if found else ""), None
        with self._lock:
            for digest, each in self._lines.items():
                if hmac.compare_digest(digest, shown):
                    line = each
        return line


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _is_over(line: Line, now: float) -> bool:
    return line.expires_at is not None and line.expires_at + _KEPT_AFTER < now


def auth_req_id_in(told: Mapping[str, object]) -> str | None:
    """Return which request a notification is about."""
    found = told.get("auth_req_id")
    return found if isinstance(found, str) and found else None

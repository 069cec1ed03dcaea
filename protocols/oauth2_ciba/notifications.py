"""Sending pings and pushes: one POST under the client's own token, and what its answer means (CIBA Core 10.2, 10.3)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

from engine import Refused, Transient

LATER: Final = frozenset({408, 429})
_MOST: Final = 32


class NotificationGateway(Protocol):
    """Whoever makes the POST, under the rules for addresses that come from others."""

    async def post(self, url: str, *, token: str, body: bytes) -> int:
        """Return the status of the answer; Transient where none came, Refused where the address may not be called."""
        ...


class NoticeGuard(Protocol):
    """Whoever knows whether a client is still to be told."""

    async def may_tell(self, request_id: str, status: str) -> bool:
        """Say whether the request still stands where the message says that it does."""
        ...


class NotificationSender:
    """Delivers from the outbox. What is not wanted any more is dropped: a ping once its request was redeemed.

    An endpoint that does not answer gets one message at a time until it does, so that it cannot keep others waiting.
    """

    def __init__(self, *, gateway: NotificationGateway, guard: NoticeGuard) -> None:
        self._gateway, self._guard = gateway, guard
        self._sending: Counter[str] = Counter()
        self._silent: set[str] = set()

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:  # noqa: ARG002 - the port's signature
        """Send once. Network errors, 408, 429 and 5xx are tried again, every other answer but 2xx is the last word."""
        url = payload["recipient"]
        if not await self._guard.may_tell(payload["request_id"], payload["status"]):
            raise Refused("not_wanted", "the request has moved on, or the guard says no: the message was dropped")
        with self._place(url):
            try:
                status = await self._gateway.post(url, token=payload["token"], body=payload["body"].encode())
            except Transient:
                self._silent.add(url)
                raise
            self._silent.discard(url)
        judge(status)

    @contextmanager
    def _place(self, url: str) -> Iterator[None]:
        if self._sending[url] >= (1 if url in self._silent else _MOST):
            raise Transient("endpoint_busy", "this endpoint is slow to answer: the next message waits")
        self._sending[url] += 1
        try:
            yield
        finally:
            self._sending[url] -= 1
            if not self._sending[url]:
                del self._sending[url]


def judge(status: int) -> None:
    """Return for a 2xx; raise Transient for what may succeed later, Refused for the rest, redirects among it.

    >>> judge(204)
    """
    if 200 <= status < 300:
        return
    if status in LATER or status >= 500:
        raise Transient(f"status_{status}", "the client's endpoint has trouble: it is told again later")
    raise Refused(f"status_{status}", "the client's endpoint refuses what it is told")

"""What every request meets before and after its route: host, size, request id, headers, errors, the access log.

Plain ASGI, so that streams stay streams. Each class does one thing; `lockhouse.application` puts them in order.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from urllib.parse import urlsplit

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lockhouse.logs import mask

__all__ = ["BodyLimit", "FailureGuard", "HeadAsGet", "HostGuard", "RequestLog", "SecurityHeaders", "host_of"]

_log = logging.getLogger(__name__)

_UNSEEN = frozenset({404, 413, 421})  # answered where no route need have known the address
_LONG = 16
_CLIENTS, _BROWSERS = "/oauth2/", "/oauth2/authorize"

Respond = Callable[[Scope, int, str, str], Response]


def host_of(issuer: str) -> frozenset[str]:
    """Return the values of Host that mean *issuer*.

    >>> sorted(host_of("https://id.example"))
    ['id.example', 'id.example:443']
    """
    parts = urlsplit(issuer)
    default = {"http": 80, "https": 443}[parts.scheme]
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = parts.port or default
    return frozenset({f"{name}:{port}", f"{name}"} if port == default else {f"{name}:{port}"})


def _shortened(path: str) -> str:
    """Return a path that nobody knows without its long parts: one may be a secret that was pasted into an address.

    >>> _shortened("/oauth/token"), _shortened("/b/Zm9vYmFyYmF6cXV4eHh5")
    ('/oauth/token', '/b/***')
    """
    return "/".join(part if len(part) <= _LONG else "***" for part in path.split("/"))


class RequestLog:
    """Gives each request an id, puts it on the answer and on every log line, and logs the request once it is over."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # An id to look for in the log, which need not be hard to guess: the system is not asked for it each time.
        request_id, began, status = f"{random.getrandbits(64):016x}", time.monotonic(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, sending)
            finally:
                if _log.isEnabledFor(logging.INFO):
                    spent = round((time.monotonic() - began) * 1000, 1)
                    path = _shortened(scope["path"]) if status in _UNSEEN else mask(scope["path"])
                    facts = {"method": scope["method"], "path": path, "status": status, "ms": spent}
                    _log.info("request", extra=facts)


class FailureGuard:
    """Answers what no route caught, without a word about why; the log has it under the request's id."""

    def __init__(self, app: ASGIApp, *, respond: Respond, busy: tuple[type[Exception], ...]) -> None:
        self._app, self._respond, self._busy = app, respond, busy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except self._busy as error:
            _log.warning("unavailable", extra={"code": getattr(error, "code", type(error).__name__)})
            response = self._respond(scope, 503, "temporarily_unavailable", "the server is busy; try again in a moment")
            response.headers["Retry-After"] = "2"
        except ClientDisconnect:
            _log.info("client_left")
            return
        except Exception:  # noqa: BLE001 - the last place where an error can still become an answer
            _log.exception("request_failed")
            response = self._respond(
                scope, 500, "server_error", "the server made a mistake; its log has this request's id"
            )
        else:
            return
        if not started:
            await response(scope, receive, send)


class HostGuard:
    """Answers 421 to a request for another host: addresses and links derive from the issuer only.

    *clients_at* is the origin for clients with certificates, where there is one: it has what they call (``/oauth2/``,
    but for what browsers are sent to) and nothing else.
    """

    def __init__(
        self, app: ASGIApp, *, issuer: str, open_paths: Collection[str], respond: Respond, clients_at: str = ""
    ) -> None:
        self._app, self._respond, self._open = app, respond, frozenset(open_paths)
        self._text = f"this server does not answer for that host; it is {issuer}"
        self._hosts = _as_sent(host_of(issuer))
        self._clients_hosts = _as_sent(host_of(clients_at)) if clients_at else frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"] not in self._open:
            named = [value for name, value in scope["headers"] if name == b"host"]
            if len(named) != 1 or not self._answers(named[0].lower(), scope["path"]):
                response = self._respond(scope, 421, "misdirected_request", self._text)
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _answers(self, host: bytes, path: str) -> bool:
        return host in self._hosts or (host in self._clients_hosts and path.startswith(_CLIENTS) and path != _BROWSERS)


def _as_sent(hosts: Collection[str]) -> frozenset[bytes]:
    return frozenset(host.lower().encode() for host in hosts)


class SecurityHeaders:
    """Adds headers that every answer needs, where the route did not set them."""

    def __init__(self, app: ASGIApp, *, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in self._headers if each[0] not in own)]
            await send(message)

        await self._app(scope, receive, sending)


class HeadAsGet:
    """Has HEAD served as GET by every route; the server leaves out the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


class _TooLarge(Exception):
    """The body went over the limit while it was read."""


class BodyLimit:
    """Answers 413 to a body over the limit, announced or streamed; the routes' own limits are smaller."""

    def __init__(
        self, app: ASGIApp, *, most: int, respond: Respond, drain: float = 5.0, drain_bytes: int = 33_554_432
    ) -> None:
        self._app, self._most, self._respond = app, most, respond
        self._drain, self._drain_bytes = drain, drain_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if announced.isdigit() and int(announced) > self._most:
            await self._refuse(scope, receive, send)
            return
        seen, started = 0, False

        async def receiving() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise _TooLarge
            return message

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receiving, sending)
        except _TooLarge:
            if not started:
                await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then read on for a while: a client that still writes would otherwise meet a reset, not the answer."""
        response = self._respond(scope, 413, "invalid_request", f"the body may be at most {self._most} bytes long")
        response.headers["Connection"] = "close"
        await send({"type": "http.response.start", "status": 413, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": bytes(response.body), "more_body": True})
        try:
            async with asyncio.timeout(self._drain):
                await _discard(receive, self._drain_bytes)
        except TimeoutError:
            _log.info("body_not_drained")
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _discard(receive: Callable[[], Awaitable[Message]], most: int) -> None:
    seen = 0
    while seen <= most:
        message = await receive()
        seen += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return

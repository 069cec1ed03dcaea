"""The one client for every HTTP request that the server makes itself; ciba.md "Ping and push", last paragraph.

Addresses come from clients, so each is treated as hostile: https only, the name is resolved once and every
address checked, the connection goes to a checked address under the right name, and redirects, proxies and
cookies do not exist. Time and the size after decompression are limited. Exceptions are exact origins from the
settings. Retrying is left to the caller.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import httpx2

from lockhouse.addresses import is_public

__all__ = ["Answer", "Outgoing", "OutgoingFailed", "OutgoingRefused", "Resolve", "resolve_by_system"]

Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]
_DEFAULT_PORTS = {"http": 80, "https": 443}


class OutgoingRefused(Exception):
    """The address may not be called; trying again will not help."""

    code: ClassVar[str] = "outgoing_refused"


class OutgoingFailed(Exception):
    """The other side did not answer properly; a later try may work."""

    code: ClassVar[str] = "outgoing_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the other side said; a redirect is an answer like any other."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Destination:
    """A parsed address: *url* as given, and where to connect."""

    url: httpx2.URL
    host: str
    port: int
    exempt: bool


async def resolve_by_system(host: str, port: int) -> tuple[str, ...]:
    """Ask the system's resolver for every address of *host*."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Outgoing:
    """Sends single requests under the rules above. Safe to share; `close` ends it."""

    def __init__(
        self,
        *,
        allowed: Collection[str] = (),
        timeout: timedelta = timedelta(seconds=10),
        max_bytes: int = 1_048_576,
        resolve: Resolve = resolve_by_system,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = frozenset(_canonical(httpx2.URL(origin)) for origin in allowed)
        self._timeout = timeout.total_seconds()
        self._max_bytes = max_bytes
        self._resolve = resolve
        # No kept connections: two names on one address must never share a connection made for one of them.
        self._transport = httpx2.AsyncHTTPTransport(
            verify=tls or ssl.create_default_context(),
            trust_env=False,
            limits=httpx2.Limits(max_connections=50, max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Make one request. Raise `OutgoingRefused` or `OutgoingFailed`; any HTTP status is an answer."""
        destination = self._destination(url)
        try:
            async with asyncio.timeout(self._timeout):
                addresses = await self._checked(destination)
                return await self._exchange(destination, addresses, method, headers or {}, body)
        except TimeoutError as error:
            raise OutgoingFailed(f"{destination.host}: no complete answer within {self._timeout:g} s") from error
        except (httpx2.TransportError, OSError) as error:
            raise OutgoingFailed(f"{destination.host}: {type(error).__name__}") from error

    def _destination(self, text: str) -> _Destination:
        try:
            url = httpx2.URL(text)
        except (httpx2.InvalidURL, TypeError, ValueError) as error:
            raise OutgoingRefused("expected an https address, found something that is none") from error
        if url.scheme not in _DEFAULT_PORTS or not url.host or url.userinfo:
            raise OutgoingRefused("expected an https address with a host and without user name")
        if url.port is not None and not 0 < url.port < 65_536:
            raise OutgoingRefused(f"{url.host}: expected a port between 1 and 65535")
        exempt = _canonical(url) in self._allowed
        if url.scheme != "https" and not exempt:
            raise OutgoingRefused(f"{url.host}: expected https, found http; see the setting outgoing.allowed")
        return _Destination(url=url, host=url.host, port=url.port or _DEFAULT_PORTS[url.scheme], exempt=exempt)

    async def _checked(self, destination: _Destination) -> tuple[str, ...]:
        addresses = await self._resolve(destination.host, destination.port)
        if not addresses:
            raise OutgoingFailed(f"{destination.host}: the name has no address")
        # One bad address condemns the name: a mixed answer is how rebinding begins.
        if not destination.exempt and not all(map(is_public, addresses)):
            raise OutgoingRefused(f"{destination.host}: has an address that is not public; see outgoing.allowed")
        return addresses

    async def _exchange(
        self,
        destination: _Destination,
        addresses: tuple[str, ...],
        method: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        failure: Exception | None = None
        for address in addresses:
            request = httpx2.Request(
                method,
                destination.url.copy_with(host=address),
                headers={
                    "accept-encoding": "identity",
                    "user-agent": "lockhouse",
                    **headers,
                    "host": _host(destination),
                },
                content=body,
                extensions={"sni_hostname": destination.host, "timeout": dict.fromkeys(_STAGES, self._timeout)},
            )
            try:
                response = await self._transport.handle_async_request(request)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error
                continue
            try:
                content = await self._read(response, destination.host)
            finally:
                await response.aclose()
            return Answer(status=response.status_code, headers=dict(response.headers.items()), body=content)
        raise OutgoingFailed(f"{destination.host}: no connection to any of its addresses") from failure

    async def _read(self, response: httpx2.Response, host: str) -> bytes:
        inflate = _inflater(response.headers.get("content-encoding", "identity").strip().lower(), host)
        content = bytearray()
        async for chunk in response.aiter_raw():
            content += inflate(chunk, self._max_bytes + 1 - len(content))
            if len(content) > self._max_bytes:
                raise OutgoingFailed(f"{host}: the answer is longer than {self._max_bytes} bytes")
        return bytes(content)


_STAGES = ("connect", "read", "write", "pool")


def _inflater(coding: str, host: str) -> Callable[[bytes, int], bytes]:
    """Return a decoder that never makes more than it is asked for, however small the input is."""
    if coding in {"identity", ""}:
        return lambda chunk, most: chunk[:most]
    if coding in {"gzip", "x-gzip", "deflate"}:
        decoder = zlib.decompressobj(wbits=47 if coding != "deflate" else 15)

        def inflate(chunk: bytes, most: int) -> bytes:
            try:
                return decoder.decompress(chunk, most)
            except zlib.error as error:
                raise OutgoingFailed(f"{host}: the answer is not {coding}") from error

        return inflate
    raise OutgoingFailed(f"{host}: the answer has a content coding that was not asked for")


def _canonical(url: httpx2.URL) -> str:
    port = url.port or _DEFAULT_PORTS.get(url.scheme, 0)
    return f"{url.scheme}://{url.host.lower()}:{port}"


def _host(destination: _Destination) -> str:
    return destination.url.netloc.decode("ascii")

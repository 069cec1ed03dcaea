"""Runs the application: binds the socket itself, serves it with uvicorn, and stops gracefully.

Binding first gives a clear error for a port in use, and lets the issuer follow the port in development.
"""

import errno
import signal
import socket
from collections.abc import Callable
from types import FrameType
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp

from lockhouse.connections import bounded_protocol
from lockhouse.settings import ListenSection, Settings, is_loopback

__all__ = ["AddressInUse", "Server", "bind", "build_server", "following_port"]

_GRACE_SECONDS = 15
_BACKLOG = 2048


class AddressInUse(Exception):
    """The address cannot be bound. The message says why and what to do."""

    code = "address_in_use"


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raise `AddressInUse` where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressInUse(_why(error, host, port)) from error
    listener.set_inheritable(True)
    return listener


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use by another program; stop it, or choose another: --port 0 takes a free one"
        )
    if error.errno == errno.EACCES:
        return f"port {port} on {host} needs rights that this process lacks; choose one from 1024 on with --port"
    return f"cannot listen on {host} port {port}: {error.strerror}; correct listen.host"


def following_port(settings: Settings, port: int) -> Settings:
    """Return *settings* with the issuer on *port*, where a development issuer names another.

    Only in development: a public address does not depend on where its server happens to listen.
    """
    parts = urlsplit(settings.issuer)
    follows = settings.development and parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not follows or parts.port == port:
        return settings
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return settings.model_copy(update={"issuer": f"http://{host}:{port}"})


class Server(uvicorn.Server):
    """uvicorn, which tells when it is listening, and ends normally after a signal.

    `should_exit = True` stops it; running requests are finished first, a second SIGINT cuts them off.
    """

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None], on_stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started, self._on_stopping = on_started, on_stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell: the addresses are shown when they answer, not before."""
        await super().startup(sockets=sockets)
        if self.started:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the running requests; those that only wait for news are told to answer first."""
        self._on_stopping()
        await super().shutdown(sockets=sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the library's signature
        """Stop gracefully. The library would raise the signal once more afterwards and so lose our exit code."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def _nothing() -> None:
    """Do nothing."""


def build_server(
    application: ASGIApp,
    *,
    listen: ListenSection | None = None,
    on_started: Callable[[], None] = _nothing,
    on_stopping: Callable[[], None] = _nothing,
) -> Server:
    """Return a server for *application*; ``await server.serve(sockets=[bind(...)])`` runs it.

    *listen* bounds its connections and their patience.

    *on_stopping* is called when it is to end, before it waits for running requests: whatever holds one back lets go.
    """
    listen = listen or ListenSection()
    config = uvicorn.Config(
        application,
        loop="none",
        http=bounded_protocol(most=listen.connections, patience=listen.patience),
        ws="none",
        interface="asgi3",
        lifespan="off",
        access_log=False,  # it would print links, which are capabilities
        server_header=False,
        log_config=None,
        proxy_headers=False,  # nothing derives from forwarded headers
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=15,
    )
    return Server(config, on_started, on_stopping)

"""The client's certificate, from the TLS terminator in front of an API (RFC 8705 section 3)."""

import ipaddress
from collections.abc import Sequence
from typing import Final

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lockhouse.terminators import CertificateHeaders, HeaderName

__all__ = ["ClientCertificates"]

_NGINX: Final[HeaderName] = "x-ssl-client-cert"


class ClientCertificates:
    """ASGI middleware that lets the guard see the certificate which a client showed to a TLS terminator.

    *terminators* are the addresses or networks ("127.0.0.1", "10.1.0.0/24") whose *header* is believed; from others it
    is dropped: ``x-ssl-client-cert`` is nginx's escaped PEM, ``client-cert`` that of RFC 9440. Who is connected is what
    the socket says: have your server not rewrite it (``uvicorn --no-proxy-headers``).
    Raises ValueError for what is no network.
    """

    def __init__(self, app: ASGIApp, *, terminators: Sequence[str], header: HeaderName = _NGINX) -> None:
        networks = tuple(map(ipaddress.ip_network, terminators))
        self._app = CertificateHeaders(app, terminators=networks, header=header, respond=_refuse)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self._app(scope, receive, send)


def _refuse(_scope: Scope, status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)

"""Takes a client's certificate from the headers of a TLS terminator that we trust, and from nobody else.

Who is connected is what the socket says: no header about forwarding is read anywhere in this server.
"""

import ipaddress
import logging
from collections.abc import Callable, Sequence

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lockhouse.terminator_values import HeaderName, Network
from protocols.oauth2.client_certificates import (
    CERTIFICATE,
    CertificateUnreadable,
    ClientCertificate,
    read_client_cert,
    read_escaped_pem,
)

__all__ = ["HEADERS", "CertificateHeaders", "HeaderName"]

_log = logging.getLogger(__name__)

Respond = Callable[[Scope, int, str, str], Response]

# Every name that one of the two forms uses: none of them gets past the edge, whichever form is configured.
HEADERS = frozenset({b"client-cert", b"client-cert-chain", b"x-ssl-client-cert"})
_CHAIN = b"client-cert-chain"
# So many bits go before an IPv4 address that is written as one of IPv6.
_MAPPED = 96


class _SentTwice(Exception):
    """A header that a terminator sets once stands twice: one of the two is not the terminator's."""


class CertificateHeaders:
    """Leaves the certificate of the connection in the scope, and takes its headers out of it.

    *terminators* are the networks whose word counts; *header* is what they send it in: ``client-cert`` (RFC 9440) or
    ``x-ssl-client-cert`` (percent-encoded PEM, as nginx writes it). From anybody else the headers are dropped unread.
    """

    def __init__(self, app: ASGIApp, *, terminators: Sequence[Network], header: HeaderName, respond: Respond) -> None:
        self._app, self._header, self._respond = app, header, respond
        self._terminators = tuple(map(_unmapped, terminators))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = [(name, value) for name, value in scope["headers"] if name in HEADERS]
        scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] not in HEADERS]} if sent else scope
        if sent and self._trusts(scope):
            try:
                scope[CERTIFICATE] = self._read(sent)
            except (_SentTwice, CertificateUnreadable) as error:
                _log.warning("certificate_header", extra={"cause": str(error)})
                text = "the certificate header is not as the TLS terminator is to send it"
                await self._respond(scope, 400, "invalid_request", text)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _trusts(self, scope: Scope) -> bool:
        peer = scope.get("client")
        try:
            address = ipaddress.ip_address(peer[0] if peer else "")
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return any((mapped or address) in network for network in self._terminators)

    def _read(self, sent: Sequence[tuple[bytes, bytes]]) -> ClientCertificate | None:
        names = [name for name, _ in sent]
        if len(set(names)) != len(names):
            raise _SentTwice("a certificate header stands twice: the terminator has to replace what clients send")
        found = {name: value.decode("latin-1").strip() for name, value in sent}
        certificate = found.get(self._header.encode(), "")
        if not certificate:
            return None
        if self._header == "x-ssl-client-cert":
            return read_escaped_pem(certificate)
        return read_client_cert(certificate, found.get(_CHAIN, ""))


def _unmapped(network: Network) -> Network:
    """Return a network of mapped addresses (RFC 4291 section 2.5.5.2) as peers are compared: in IPv4."""
    first = network.network_address
    mapped = first.ipv4_mapped if isinstance(first, ipaddress.IPv6Address) else None
    if mapped is None or network.prefixlen < _MAPPED:
        return network
    return ipaddress.IPv4Network((int(mapped), network.prefixlen - _MAPPED))

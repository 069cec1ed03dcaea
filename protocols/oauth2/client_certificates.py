"""Client certificates (RFC 8705) as a TLS terminator passes them on: read from its headers, not yet judged.

What a certificate is worth is for ``certificate_checks`` to say.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

__all__ = [
    "CERTIFICATE",
    "MALFORMED",
    "CertificateUnreadable",
    "ClientCertificate",
    "certificate_of",
    "read_client_cert",
    "read_escaped_pem",
]

CERTIFICATE = "oauth2.client_certificate"  # where the edge leaves it in a request's scope
# What the library raises for certificates that are malformed in one way or another; it reads them bit by bit.
MALFORMED = (
    ValueError,
    TypeError,  # a part of a name that is of another kind than its sort of part can be
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_LONGEST = 32 * 1024
_MOST = 6


class CertificateUnreadable(ValueError):
    """What stands in a certificate header is none. The message says what was expected."""

    code = "certificate_unreadable"


class Scoped(Protocol):
    """A request, as far as its ASGI scope."""

    @property
    def scope(self) -> Mapping[str, Any]:
        """What is known of the connection and the request."""
        ...


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The certificate of a connection, and those that it was sent with, each in DER.

    Possession of its private key was proved to the terminator; nothing else of it is known to be true.
    """

    der: bytes = field(repr=False)
    chain: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def thumbprint(self) -> str:
        """``x5t#S256``: the SHA-256 hash of the certificate as base64url (RFC 8705 section 3.1)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.der).digest()).rstrip(b"=").decode()

    def parsed(self) -> x509.Certificate:
        """Return the certificate as the library reads it."""
        return x509.load_der_x509_certificate(self.der)


def certificate_of(request: Scoped) -> ClientCertificate | None:
    """Return the certificate that *request* came with, if a terminator that we trust said so."""
    found = request.scope.get(CERTIFICATE)
    return found if isinstance(found, ClientCertificate) else None


def read_client_cert(certificate: str, chain: str = "") -> ClientCertificate:
    """Return the certificate of ``Client-Cert``, with those of ``Client-Cert-Chain`` (RFC 9440).

    Raises CertificateUnreadable.
    """
    others = [item for item in chain.split(",") if item.strip()]
    if len(others) > _MOST:
        raise CertificateUnreadable(f"expected at most {_MOST} certificates in the chain, found {len(others)}")
    return ClientCertificate(_from_item(certificate), tuple(map(_from_item, others)))


def read_escaped_pem(value: str) -> ClientCertificate:
    """Return the certificate of nginx's ``$ssl_client_escaped_cert``: PEM with percent signs, the leaf alone.

    Raises CertificateUnreadable.
    """
    # Two values that something on the way joined would be separated by a comma, which nginx escapes.
    if len(value) > _LONGEST or "," in value:
        raise CertificateUnreadable("expected one certificate, found more")
    try:
        found = x509.load_pem_x509_certificates(unquote_to_bytes(value))
    except MALFORMED as error:
        raise CertificateUnreadable("expected a certificate as percent-encoded PEM") from error
    if len(found) != 1:
        raise CertificateUnreadable("expected one certificate, found more")
    return ClientCertificate(found[0].public_bytes(Encoding.DER))


def _from_item(item: str) -> bytes:
    """Return the DER of one structured-field byte sequence: base64 between two colons (RFC 8941 section 3.3.5)."""
    text = item.strip()
    if len(text) > _LONGEST or len(text) < 3 or text[0] != ":" or text[-1] != ":":
        raise CertificateUnreadable("expected a certificate as base64 between two colons")
    try:
        der = base64.b64decode(text[1:-1], validate=True)
        x509.load_der_x509_certificate(der)
    except MALFORMED as error:  # binascii's error among them: it is a ValueError
        raise CertificateUnreadable("expected a certificate in DER as base64") from error
    return der

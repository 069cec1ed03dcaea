"""The two clients that the suite plays: their keys and certificates, made for one run and for nothing else."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from jwt.algorithms import RSAAlgorithm

from protocols.oauth2 import NewKey, make_key

__all__ = ["Party", "make_party"]

# RSA throughout: the suite signs with RS256 to see that refused, which it leaves out for a client with another key.
ALGORITHM = "PS256"
_LIFE = timedelta(days=90)
_BACK = timedelta(hours=1)  # two machines' clocks differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One client's key that signs, and its certificate (DER) with the key that belongs to it."""

    signing: NewKey
    tls: NewKey
    certificate: bytes = field(repr=False)

    @property
    def private_jwks(self) -> Mapping[str, Any]:
        """The key that signs as the suite wants it: a JWKS with its private half, and with ``alg``."""
        private = _loaded(self.signing)
        jwk = {**RSAAlgorithm.to_jwk(private, as_dict=True), **_named(self.signing)}
        jwk.pop("key_ops", None)
        return {"keys": [jwk]}

    @property
    def public_jwks(self) -> Mapping[str, Any]:
        """What this server is told: the public key, and the certificate as ``x5c`` (RFC 8705 section 2.2.2)."""
        x5c = [base64.b64encode(self.certificate).decode()]
        shown = {**self.tls.public_jwk, "kid": self.tls.kid, "use": "sig", "x5c": x5c}
        return {"keys": [{**self.signing.public_jwk, **_named(self.signing)}, shown]}

    @property
    def mtls(self) -> Mapping[str, str]:
        """Certificate and key as the suite wants them: PEM."""
        key = _loaded(self.tls).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        certificate = x509.load_der_x509_certificate(self.certificate).public_bytes(serialization.Encoding.PEM)
        return {"cert": certificate.decode(), "key": key.decode()}


def make_party(name: str, *, now: datetime) -> Party:
    """Return a client with fresh keys; *name* is its certificate's subject. It takes a few tenths of a second."""
    signing, tls = make_key(ALGORITHM), make_key(ALGORITHM)
    return Party(signing=signing, tls=tls, certificate=_self_signed(_loaded(tls), name, now))


def _self_signed(key: rsa.RSAPrivateKey, name: str, now: datetime) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    built = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=subject, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACK)
        .not_valid_after(now + _LIFE)
        .add_extension(usage, critical=False)
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.DER)


def _named(key: NewKey) -> dict[str, str]:
    return {"kid": key.kid, "use": "sig", "alg": key.algorithm}


def _loaded(key: NewKey) -> rsa.RSAPrivateKey:
    private = serialization.load_der_private_key(key.private_key, password=None)
    if not isinstance(private, rsa.RSAPrivateKey):  # make_key makes RSA keys for this algorithm
        raise TypeError(f"expected an RSA key, found {type(private).__name__}")
    return private

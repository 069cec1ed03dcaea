"""Key pairs: made for one algorithm each, named by their RFC 7638 thumbprint."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

PUBLIC_MEMBERS = ("kty", "n", "e", "crv", "x", "y")
_THUMBPRINT = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
_RSA_BITS = 2048

_Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def _rsa() -> _Private:
    return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)


def _p256() -> _Private:
    return ec.generate_private_key(ec.SECP256R1())


# What tokens may be signed with, and how a key for it is made.
ALGORITHMS: Mapping[str, Callable[[], _Private]] = MappingProxyType(
    {"RS256": _rsa, "PS256": _rsa, "ES256": _p256, "EdDSA": ed25519.Ed25519PrivateKey.generate}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key pair that was just made. ``private_key`` is PKCS 8 in DER."""

    kid: str
    algorithm: str
    public_jwk: Mapping[str, str]
    private_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMaterial:
    """The key pairs that a new deployment needs: made outside of any unit, since making them takes a while."""

    tokens: NewKey
    assertions: NewKey

    @classmethod
    def fresh(cls) -> "KeyMaterial":
        """Return new key pairs: RS256 for tokens, Ed25519 for assertions, which never leave this deployment."""
        return cls(tokens=make_key("RS256"), assertions=make_key("EdDSA"))


def make_key(algorithm: str) -> NewKey:
    """Return a new key pair for *algorithm*, one of ``ALGORITHMS``. An RSA key takes a tenth of a second."""
    private = ALGORITHMS[algorithm]()
    members = _public_members(private)
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return NewKey(kid=thumbprint(members), algorithm=algorithm, public_jwk=members, private_key=der)


def _public_members(private: _Private) -> dict[str, str]:
    jwk: dict[str, Any]
    match private.public_key():
        case rsa.RSAPublicKey() as public:
            jwk = RSAAlgorithm.to_jwk(public, as_dict=True)
        case ec.EllipticCurvePublicKey() as public:
            jwk = ECAlgorithm.to_jwk(public, as_dict=True)
        case public:
            jwk = OKPAlgorithm.to_jwk(public, as_dict=True)
    return {name: str(jwk[name]) for name in PUBLIC_MEMBERS if name in jwk}


def thumbprint(jwk: Mapping[str, str]) -> str:
    """Return the key's RFC 7638 thumbprint: a kid that nobody has to choose."""
    required = _THUMBPRINT[jwk["kty"]]
    canonical = json.dumps({name: jwk[name] for name in required}, separators=(",", ":"), sort_keys=True)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(canonical.encode())
    return jwt.utils.base64url_encode(digest.finalize()).decode()

"""JSON Web Key Sets of others: read strictly, and searched for the one key that a signature names (RFC 7517)."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from protocols.oauth2.client_certificates import MALFORMED

__all__ = ["MOST_KEYS", "KeySet", "KeySetInvalid", "PublicKey", "parse_key_set"]

MOST_KEYS = 50
_LONGEST = 64 * 1024
_LEAST_RSA_BITS = 2048
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
# Which keys an algorithm can be verified with: kty and, where it matters, crv.
_FITTING: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {"RS256": ("RSA", None), "PS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
)


class KeySetInvalid(ValueError):
    """A key set cannot be used. The message says what was expected and found, and shows no key."""

    code = "key_set_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """One key of a set, with what it says of itself."""

    kid: str | None
    kty: str
    crv: str | None
    alg: str | None
    members: Mapping[str, Any] = field(repr=False)

    def verifies(self, algorithm: str) -> bool:
        """Say whether a signature of *algorithm* can be from this key."""
        kty, crv = _FITTING.get(algorithm, ("", None))
        return self.kty == kty and crv in (None, self.crv) and self.alg in (None, algorithm)

    def load(self, algorithm: str) -> Any:
        """Return the key as the library wants it."""
        return jwt.PyJWK(dict(self.members), algorithm).key


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys for signatures of one set, in its order; and the certificates of any of its keys, in DER."""

    keys: tuple[PublicKey, ...]
    certificates: frozenset[bytes] = frozenset()

    def find(self, kid: str | None, algorithm: str) -> PublicKey | None:
        """Return the key that *kid* names; without a kid, the only one that fits, and None where several would."""
        fitting = [key for key in self.keys if key.verifies(algorithm) and (kid is None or key.kid == kid)]
        return fitting[0] if len(fitting) == 1 else None


def parse_key_set(text: str | bytes) -> KeySet:
    """Return the keys for signatures in *text*, of kinds that we verify with; others are passed over.

    Raises KeySetInvalid for what is no key set, holds a private or symmetric key, or an RSA key under 2048 bits.
    """
    if len(text) > _LONGEST:
        raise KeySetInvalid(f"expected a key set of at most {_LONGEST} bytes, found {len(text)}")
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KeySetInvalid("expected a key set as JSON, found something else") from error
    keys = raw.get("keys") if isinstance(raw, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise KeySetInvalid('expected a key set: {"keys": [...]} with an object for each key')
    if len(keys) > MOST_KEYS:
        raise KeySetInvalid(f"expected at most {MOST_KEYS} keys, found {len(keys)}")
    certificates = frozenset(der for key in keys if (der := _certificate_of(key)) is not None)
    return KeySet(tuple(_read(key) for key in keys if _is_for_signatures(key)), certificates)


def _certificate_of(key: Mapping[str, Any]) -> bytes | None:
    """Return the certificate of *key*, the first of its x5c (RFC 7517 section 4.7); None where that is none."""
    match key.get("x5c"):
        case [str(first), *_]:
            pass
        case _:
            return None
    try:
        der = base64.b64decode(first, validate=True)
        x509.load_der_x509_certificate(der)
    except MALFORMED:
        return None
    return der


def _is_for_signatures(key: Mapping[str, Any]) -> bool:
    if _PRIVATE & set(key) or key.get("kty") == "oct":
        raise KeySetInvalid(
            "expected public keys only, found a private or symmetric one: it is not secret now, replace it"
        )
    return key.get("use", "sig") == "sig" and any(_read_kind(key) == kind for kind in _KINDS)


def _read(key: Mapping[str, Any]) -> PublicKey:
    kid, alg = key.get("kid"), key.get("alg")
    found = PublicKey(
        kid=kid if isinstance(kid, str) else None,
        kty=str(key["kty"]),
        crv=None if key["kty"] == "RSA" else str(key["crv"]),
        alg=alg if isinstance(alg, str) else None,
        members=MappingProxyType({name: value for name, value in key.items() if name not in {"alg", "x5c"}}),
    )
    algorithm = next(name for name, (kty, crv) in _FITTING.items() if kty == found.kty and crv in (None, found.crv))
    try:
        loaded = found.load(algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise KeySetInvalid(f"expected a {found.kty} key, found one that cannot be read") from error
    if isinstance(loaded, rsa.RSAPublicKey) and loaded.key_size < _LEAST_RSA_BITS:
        raise KeySetInvalid(f"expected an RSA key of at least {_LEAST_RSA_BITS} bits, found {loaded.key_size}")
    return found


def _read_kind(key: Mapping[str, Any]) -> tuple[Any, Any]:
    return key.get("kty"), None if key.get("kty") == "RSA" else key.get("crv")


_KINDS = frozenset(_FITTING.values())

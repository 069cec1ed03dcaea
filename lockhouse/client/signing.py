"""The client's own key: it signs what proves the client, and requests that are signed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import jwt

__all__ = ["PrivateKey"]

_SIGNS = ("RS256", "PS256", "ES256", "EdDSA")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKey:
    """A private key with the algorithm that it is for and the name by which its public half is published."""

    algorithm: str
    kid: str | None
    material: Any = field(repr=False, compare=False)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any], *, algorithm: str | None = None) -> Self:
        """Return the key that *jwk* holds (RFC 7517). *algorithm* is for one that does not say its own.

        Raises ValueError where it is no private key, or for another algorithm; the message holds nothing of it.
        """
        named = _known(algorithm or str(jwk.get("alg")))
        if "d" not in jwk:
            raise ValueError("expected a private JWK, found no member d: it is the public half")
        try:
            material = jwt.PyJWK(dict(jwk), algorithm=named).key
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            raise ValueError(f"expected a private JWK for {named}, found one that cannot be read") from None
        kid = jwk.get("kid")
        return cls(algorithm=named, kid=None if kid is None else str(kid), material=material)

    @classmethod
    def from_pem(cls, pem: bytes | str, *, algorithm: str, kid: str | None = None) -> Self:
        """Return the key in *pem* (PKCS #8, unencrypted). Raises ValueError, whose message holds nothing of it."""
        named = _known(algorithm)
        try:
            material = jwt.get_algorithm_by_name(named).prepare_key(pem)
        except (jwt.PyJWTError, ValueError, TypeError):
            raise ValueError(f"expected a PEM with a private key for {named}, found something else") from None
        if not hasattr(material, "private_bytes"):
            raise ValueError("expected a PEM with a private key, found a public one")
        return cls(algorithm=named, kid=kid, material=material)

    def sign(self, claims: Mapping[str, Any], *, typ: str = "JWT") -> str:
        """Return *claims* as a signed JWT."""
        named = {} if self.kid is None else {"kid": self.kid}
        return jwt.encode(dict(claims), self.material, algorithm=self.algorithm, headers={"typ": typ, **named})


def _known(algorithm: str) -> str:
    if algorithm not in _SIGNS:
        raise ValueError(f"expected an algorithm of {', '.join(_SIGNS)}, found {algorithm!r}")
    return algorithm

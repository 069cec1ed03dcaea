"""Signing keys: made once, sealed in the database, published by their public half, and kept for ever to verify with."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm
from sqlalchemy import bindparam, select

from engine.storage import Database, Keyring, Place, Unit, insert_or_ignore, to_micros
from protocols.oauth2.tables import SIGNING_KEYS

TOKENS, ASSERTIONS = "tokens", "assertions"
ASSERTION_TYPE = "lockhouse-assertion+jwt"
_FRESH_FOR = timedelta(seconds=60)
_PUBLIC_MEMBERS = ("kty", "n", "e", "crv", "x", "y")


class NoSigningKey(RuntimeError):
    """The database holds no key that may sign now."""

    code = "no_signing_key"

    def __init__(self, purpose: str) -> None:
        super().__init__(f"expected a key for {purpose} that is active, found none: run 'lockhouse init' or add a key")


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
        return cls(
            tokens=_new_key(rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256"),
            assertions=_new_key(ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key that signs tokens now."""

    kid: str
    algorithm: str
    private_key: Any = field(repr=False, compare=False)

    def sign(self, claims: Mapping[str, Any], *, typ: str) -> str:
        """Return *claims* as a compact JWS of this type."""
        return jwt.encode(
            dict(claims), self.private_key, algorithm=self.algorithm, headers={"kid": self.kid, "typ": typ}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Every token key there is, as it stood at ``read_at``."""

    read_at: datetime
    signing: SigningKey | None
    published: tuple[Mapping[str, str], ...]
    verifying: Mapping[str, tuple[str, Any]] = field(repr=False)  # kid → algorithm, public key


_INSERT = insert_or_ignore(SIGNING_KEYS)
_SELECT = (
    select(SIGNING_KEYS)
    .where(SIGNING_KEYS.c.purpose == bindparam("wanted"))
    .order_by(SIGNING_KEYS.c.active_from, SIGNING_KEYS.c.kid)
)


def generate_keys(unit: Unit, *, material: KeyMaterial, keyring: Keyring, now: datetime) -> None:
    """Store the first keys of a deployment, the private halves sealed; for ``lockhouse init``."""
    for purpose, key in ((TOKENS, material.tokens), (ASSERTIONS, material.assertions)):
        unit.execute(
            _INSERT,
            {
                "kid": key.kid,
                "purpose": purpose,
                "algorithm": key.algorithm,
                "public_key": json.dumps(dict(key.public_jwk)),
                "private_key": keyring.seal(_place(key.kid), key.private_key),
                "active_from": to_micros(now),
                "retired_at": None,
                "unpublished_at": None,
            },
        )


class SigningKeys:
    """The keys for tokens, read from the database and remembered for a minute."""

    def __init__(self, *, database: Database, keyring: Keyring) -> None:
        self._database, self._keyring = database, keyring
        self._register: Register | None = None
        # Opening a key takes tens of milliseconds: once for each key, and by one of those who wait for it.
        self._opened: dict[str, SigningKey] = {}
        self._reading = asyncio.Lock()

    async def current(self, now: datetime) -> SigningKey:
        """Return the key that signs at *now*; raise NoSigningKey where there is none."""
        register = await self.register(now)
        if register.signing is None:
            raise NoSigningKey(TOKENS)
        return register.signing

    async def register(self, now: datetime) -> Register:
        """Return all keys, at most a minute old."""
        if (known := self._fresh(now)) is not None:
            return known
        async with self._reading:
            if (known := self._fresh(now)) is not None:
                return known
            rows = await self._database.read(_read_token_keys)
            self._register = self._registered(rows, now)
            return self._register

    def _fresh(self, now: datetime) -> Register | None:
        known = self._register
        return known if known is not None and timedelta(0) <= now - known.read_at < _FRESH_FOR else None

    def _registered(self, rows: Sequence[Any], now: datetime) -> Register:
        at = to_micros(now)
        signing = [row for row in rows if row.active_from <= at and (row.retired_at is None or row.retired_at > at)]
        shown = [row for row in rows if row.unpublished_at is None or row.unpublished_at > at]
        verifying = {row.kid: (row.algorithm, jwt.PyJWK(json.loads(row.public_key), row.algorithm).key) for row in rows}
        return Register(
            read_at=now,
            signing=self._open(signing[-1]) if signing else None,
            published=tuple(_published(row) for row in shown),
            verifying=verifying,
        )

    def _open(self, row: Any) -> SigningKey:
        if row.kid not in self._opened:
            private_key = _private_key(row, self._keyring)
            self._opened[row.kid] = SigningKey(kid=row.kid, algorithm=row.algorithm, private_key=private_key)
        return self._opened[row.kid]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionKey:
    """The key for assertions: not in the published JWKS, and of no use for tokens."""

    kid: str
    private_key: Any = field(repr=False, compare=False)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return *claims* as an assertion."""
        headers = {"kid": self.kid, "typ": ASSERTION_TYPE}
        return jwt.encode(dict(claims), self.private_key, algorithm="EdDSA", headers=headers)

    @property
    def public_key(self) -> Any:
        """The half that verifies."""
        return self.private_key.public_key()


def load_assertion_key(unit: Unit, *, keyring: Keyring) -> AssertionKey:
    """Return the deployment's assertion key; raise NoSigningKey before ``lockhouse init``."""
    rows = unit.execute(_SELECT, {"wanted": ASSERTIONS}).all()
    if not rows:
        raise NoSigningKey(ASSERTIONS)
    return AssertionKey(kid=rows[-1].kid, private_key=_private_key(rows[-1], keyring))


def _read_token_keys(unit: Unit) -> list[Any]:
    return unit.execute(_SELECT, {"wanted": TOKENS}).all()


def _private_key(row: Any, keyring: Keyring) -> Any:
    return serialization.load_der_private_key(keyring.open(_place(row.kid), row.private_key), password=None)


def _published(row: Any) -> Mapping[str, str]:
    """Return the JWK that the world sees: named public members, so that no private one can slip through."""
    public = json.loads(row.public_key)
    members = {name: public[name] for name in _PUBLIC_MEMBERS if name in public}
    return {**members, "kid": row.kid, "alg": row.algorithm, "use": "sig"}


def _new_key(private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, algorithm: str) -> NewKey:
    public = private.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        jwk: dict[str, Any] = RSAAlgorithm.to_jwk(public, as_dict=True)
    else:
        jwk = OKPAlgorithm.to_jwk(public, as_dict=True)
    members = {name: str(jwk[name]) for name in _PUBLIC_MEMBERS if name in jwk}
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return NewKey(kid=_thumbprint(members), algorithm=algorithm, public_jwk=members, private_key=der)


def _thumbprint(jwk: Mapping[str, str]) -> str:
    """Return the key's RFC 7638 thumbprint: a kid that nobody has to choose."""
    required = {"RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}[jwk["kty"]]
    canonical = json.dumps({name: jwk[name] for name in required}, separators=(",", ":"), sort_keys=True)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(canonical.encode())
    return jwt.utils.base64url_encode(digest.finalize()).decode()


def _place(kid: str) -> Place:
    return Place("oauth2_signing_keys", "private_key", kid)

"""Signing keys: made once, sealed in the database, published by their public half, and kept for ever to verify with."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization

from engine.storage import Database, Keyring, Unit
from protocols.oauth2.key_pairs import PUBLIC_MEMBERS
from protocols.oauth2.key_register import ASSERTIONS, TOKENS, place_of, read_keys, times_of
from protocols.oauth2.key_schedule import REMEMBERED_FOR, KeyState, KeyTimes, signer

ASSERTION_TYPE = "lockhouse-assertion+jwt"


class NoSigningKey(RuntimeError):
    """The database holds no key that may sign now."""

    code = "no_signing_key"

    def __init__(self, purpose: str) -> None:
        super().__init__(f"expected a key for {purpose} that is active, found none: run 'lockhouse init' or add a key")


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
    signing: Mapping[str, SigningKey] = field(repr=False)  # algorithm → the key that signs with it
    published: tuple[Mapping[str, str], ...]
    verifying: Mapping[str, tuple[str, Any]] = field(repr=False)  # kid → algorithm, public key
    # keys whose kid is all that is left: what they signed cannot be verified, and nothing else fails for it
    lost: Mapping[str, KeyTimes] = field(default_factory=dict)


class SigningKeys:
    """The keys for tokens, read from the database and remembered for five seconds.

    *algorithms* are those that this deployment signs with; the first is for whoever asks for none.
    """

    def __init__(self, *, database: Database, keyring: Keyring, algorithms: Sequence[str] = ("RS256",)) -> None:
        self.algorithms = tuple(algorithms)
        self._database, self._keyring = database, keyring
        self._register: Register | None = None
        # Opening a key takes tens of milliseconds: once for each key, and by one of those who wait for it.
        self._opened: dict[str, SigningKey] = {}
        self._reading = asyncio.Lock()

    async def current(self, now: datetime, algorithm: str | None = None) -> SigningKey:
        """Return the key that signs with *algorithm* at *now*, the first of the deployment's where none is named.

        Raises NoSigningKey where there is none.
        """
        return self._signer(await self.register(now), algorithm)

    def at_hand(self, unit: Unit, now: datetime, algorithm: str | None = None) -> SigningKey:
        """Return what ``current`` does, inside a unit: the keys are read there where none are remembered.

        They are not remembered then, so that the unit can be run again with the same result.
        """
        return self._signer(self._fresh(now) or self._registered(read_keys(unit, TOKENS), now), algorithm)

    def _signer(self, register: Register, algorithm: str | None) -> SigningKey:
        wanted = algorithm or self.algorithms[0]
        key = register.signing.get(wanted)
        if key is None:
            raise NoSigningKey(f"tokens with {wanted}")
        return key

    async def register(self, now: datetime) -> Register:
        """Return all keys, at most five seconds old."""
        if (known := self._fresh(now)) is not None:
            return known
        async with self._reading:
            if (known := self._fresh(now)) is not None:
                return known
            rows = await self._database.read(lambda unit: read_keys(unit, TOKENS))
            self._register = self._registered(rows, now)
            return self._register

    def _fresh(self, now: datetime) -> Register | None:
        known = self._register
        return known if known is not None and timedelta(0) <= now - known.read_at < REMEMBERED_FOR else None

    def _registered(self, rows: Sequence[Any], now: datetime) -> Register:
        lives = [times_of(row) for row in rows]
        active = {name: signer(lives, name, now) for name in self.algorithms}
        by_kid = {row.kid: row for row in rows}
        verifying = {row.kid: (row.algorithm, key) for row in rows if (key := _public_key(row)) is not None}
        shown = [
            row
            for row, life in zip(rows, lives, strict=True)
            if life.state(now) is not KeyState.VERIFYING and row.kid in verifying
        ]
        return Register(
            read_at=now,
            signing={name: self._open(by_kid[life.kid]) for name, life in active.items() if life is not None},
            published=tuple(_published(row) for row in shown),
            verifying=verifying,
            lost={life.kid: life for life in lives if life.kid not in verifying},
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
    rows = read_keys(unit, ASSERTIONS)
    if not rows:
        raise NoSigningKey(ASSERTIONS)
    return AssertionKey(kid=rows[-1].kid, private_key=_private_key(rows[-1], keyring))


def _private_key(row: Any, keyring: Keyring) -> Any:
    return serialization.load_der_private_key(keyring.open(place_of(row.kid), row.private_key), password=None)


def _public_key(row: Any) -> Any:
    """Return the half that verifies, or None where the row does not hold it any more."""
    try:
        return jwt.PyJWK(json.loads(row.public_key), row.algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None


def _published(row: Any) -> Mapping[str, str]:
    """Return the JWK that the world sees: named public members, so that no private one can slip through."""
    public = json.loads(row.public_key)
    members = {name: public[name] for name in PUBLIC_MEMBERS if name in public}
    return {**members, "kid": row.kid, "alg": row.algorithm, "use": "sig"}

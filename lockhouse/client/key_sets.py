"""A provider's public keys, as they were read, and when to read them again (RFC 7517)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt

from lockhouse.client.errors import ProviderInvalid
from lockhouse.client.exchange import Answer

__all__ = ["KeySet", "read_key_set"]

# A key that we do not know may be new; whoever sends made-up names must not make us ask all the time.
_BETWEEN_LOOKS: Final = 60.0
_USUAL_LIFE: Final = 3600.0
_LONGEST_LIFE: Final = 86_400.0
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """Public keys, read at ``read_at`` and good for ``life`` seconds."""

    keys: tuple[Mapping[str, Any], ...]
    read_at: float
    life: float

    def find(self, kid: str | None, algorithm: str) -> Any:
        """Return the key called *kid* for *algorithm*; without a name, the only one that fits; else None."""
        named = [each for each in self.keys if kid is None or each.get("kid") == kid]
        fitting = [key for each in named if (key := _key(each, algorithm)) is not None]
        return fitting[0] if len(fitting) == 1 else None

    def is_fresh(self, now: float) -> bool:
        """Say whether the keys need not be read again."""
        return now - self.read_at < self.life

    def may_look_again(self, now: float) -> bool:
        """Say whether a key that is not among these may be looked for at the provider."""
        return now - self.read_at >= _BETWEEN_LOOKS


def read_key_set(answer: Answer, *, now: float) -> KeySet:
    """Return the keys in *answer*; raise ProviderInvalid where there are none."""
    keys = answer.told().get("keys")
    if answer.status != 200 or not isinstance(keys, list):
        raise ProviderInvalid(f"expected the provider's keys (JWKS) at its jwks_uri, found status {answer.status}")
    found = _MAX_AGE.search(answer.headers.get("cache-control", ""))
    life = min(float(found[1]), _LONGEST_LIFE) if found else _USUAL_LIFE
    return KeySet(keys=tuple(each for each in keys if isinstance(each, dict)), read_at=now, life=life)


def _key(jwk: Mapping[str, Any], algorithm: str) -> Any:
    """Return the public key in *jwk* if it is one to verify *algorithm* with."""
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithm) != algorithm or jwk.get("kty") == "oct":
        return None
    public = {name: value for name, value in jwk.items() if name != "d"}
    try:
        return jwt.PyJWK(public, algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None

"""Secrets that a client shares with us: made here, or chosen by an operator and judged."""

import math
import secrets

__all__ = ["mint_secret", "secret_weakness"]

_STRONG_BITS = 128


def mint_secret() -> str:
    """Return a new client secret of 256 bits that needs no escaping anywhere."""
    return secrets.token_urlsafe(32)


def secret_weakness(secret: str) -> str | None:
    """Return a warning for an operator's *secret* that may be guessed, or None.

    >>> secret_weakness("hunter2") is None
    False
    """
    kinds = sum(size for present, size in _alphabets(secret) if present)
    varied = min(len(secret), 4 * len(set(secret)))  # one character over and over is no long secret
    bits = varied * math.log2(kinds) if kinds > 1 else 0.0
    if bits >= _STRONG_BITS:
        return None
    return (
        f"this secret has at most about {bits:.0f} bits where {_STRONG_BITS} are wanted: leave it out to have one made"
    )


def _alphabets(secret: str) -> tuple[tuple[bool, int], ...]:
    return (
        (any(c.islower() for c in secret), 26),
        (any(c.isupper() for c in secret), 26),
        (any(c.isdigit() for c in secret), 10),
        (any(not c.isalnum() for c in secret), 33),
    )

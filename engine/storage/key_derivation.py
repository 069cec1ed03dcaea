"""HKDF with SHA-256 (RFC 5869) for keys of one block, and how names are joined into what a key is derived for."""

import hmac


def keyed(key: bytes) -> hmac.HMAC:
    """Return an HMAC that has taken in *key*, to be used many times by ``digest``."""
    return hmac.new(key, digestmod="sha256")


def digest(key: hmac.HMAC, message: bytes) -> bytes:
    """Return the HMAC of *message* (32 bytes).

    A copy costs less than ``hmac.digest``, which takes in the key again and lets go of the interpreter's lock.
    """
    copy = key.copy()
    copy.update(message)
    return copy.digest()


def extract(master: bytes) -> hmac.HMAC:
    """Return HKDF's first half (section 2.2) without a salt, which stands for zeros."""
    return keyed(hmac.digest(bytes(32), master, "sha256"))


def expand(extracted: hmac.HMAC, *info: bytes | str) -> bytes:
    """Return HKDF's second half (section 2.3) for one block (32 bytes): the key that serves *info*."""
    return expand_joined(extracted, joined(b"lockhouse", *info))


def expand_joined(extracted: hmac.HMAC, info: bytes) -> bytes:
    """Return the same for what was joined before."""
    return digest(extracted, info + b"\x01")


def joined(*parts: bytes | str) -> bytes:
    """Return *parts* in one, each behind its length, so that no two lists give the same bytes."""
    whole = b""
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        whole += len(raw).to_bytes(8, "big") + raw
    return whole

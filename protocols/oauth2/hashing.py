"""What is stored of a random text that somebody else holds."""

import hashlib


def hash_of(token: str) -> bytes:
    """Return what of a token is stored. It is random and long, so a fast hash without a key will do."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()

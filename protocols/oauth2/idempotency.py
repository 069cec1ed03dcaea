"""The Idempotency-Key header: one, printable, not too long."""

import re
from collections.abc import Sequence

from protocols.oauth2.errors import invalid_request

_KEY = re.compile(r"[\x20-\x7e]{1,128}", re.ASCII)


def parse_idempotency_key(values: Sequence[str]) -> str | None:
    """Return the one Idempotency-Key, or None where none was sent.

    >>> parse_idempotency_key(["order-17"])
    'order-17'
    """
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise invalid_request("Idempotency-Key: send one, of 1 to 128 printable characters")
    return values[0]

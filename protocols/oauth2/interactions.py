"""The id by which both sides of a financial API's call find it in their logs (FAPI 1.0 part 1, section 6.2.1)."""

import re
import uuid
from collections.abc import Sequence

__all__ = ["INTERACTION_HEADER", "interaction_id"]

INTERACTION_HEADER = "x-fapi-interaction-id"
# RFC 9562 section 4; any version.
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def interaction_id(sent: Sequence[str]) -> str:
    """Return the id for the answer: the one that was *sent*, if it is one UUID; a new one else.

    >>> interaction_id(["c770aef3-6784-41f7-8e0e-ff5f97bddb3a"])
    'c770aef3-6784-41f7-8e0e-ff5f97bddb3a'
    """
    return sent[0] if len(sent) == 1 and _UUID.fullmatch(sent[0]) else str(uuid.uuid4())

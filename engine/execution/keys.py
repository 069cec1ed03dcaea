"""The names of a place in an execution: its position, and the idempotency key of the task that runs there."""

import hashlib
import json
from collections.abc import Sequence

from engine.execution.state import Frame


def position(frames: Sequence[Frame]) -> str:
    """Return node and visit of every frame from the root: the same place is never named twice.

    >>> position([Frame(digest="d", node="ask", visits={"ask": 2}, inputs={}, vars={}, steps={})])
    'ask:2'
    """
    return "/".join(f"{frame.node}:{frame.visits.get(frame.node, 0)}" for frame in frames)


def idempotency_key(execution: str, frames: Sequence[Frame]) -> str:
    """Return hash(execution, frame path, node, visit): retries and take-ups of one visit share it."""
    return hashlib.sha256(json.dumps([execution, position(frames)]).encode()).hexdigest()


def jitter(key: str, attempt: int) -> float:
    """Return a number in [0, 1) that is fixed for *key* and *attempt*, so that a transition stays pure."""
    digest = hashlib.sha256(f"{key}:{attempt}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / (1 << 56)

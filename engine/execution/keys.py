"""The names of a place in an execution: its position, and the idempotency key of the task that runs there."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Protocol


class Standing(Protocol):
    """A frame, for reading or opened for writing."""

    @property
    def node(self) -> str:
        """The node that it stands at."""
        ...

    @property
    def visits(self) -> Mapping[str, int]:
        """How often each node was entered."""
        ...


def position(frames: Iterable[Standing]) -> str:
    """Return node and visit of every frame from the root: the same place is never named twice."""
    return "/".join([f"{frame.node}:{frame.visits.get(frame.node, 0)}" for frame in frames])


def idempotency_key(execution: str, frames: Iterable[Standing]) -> str:
    """Return hash(execution, frame path, node, visit): retries and take-ups of one visit share it."""
    return hashlib.sha256(f"{len(execution)}:{execution}:{position(frames)}".encode()).hexdigest()


def jitter(key: str, attempt: int) -> float:
    """Return a number in [0, 1) that is fixed for *key* and *attempt*, so that a transition stays pure."""
    digest = hashlib.sha256(f"{key}:{attempt}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / (1 << 56)

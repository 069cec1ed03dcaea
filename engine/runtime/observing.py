"""Who watches the engine work: a port, and the one who does not look.

A *part* is what happens between two pauses of an execution: from what wakes it to where it waits again, or ends. What
observers do must be quick, and must not fail.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFacts:
    """What is known of a part once its event is recorded. ``first`` is the carrier of the execution's first part."""

    execution: str
    flow: str
    first: str | None


class Part(Protocol):
    """One part under way."""

    @property
    def carrier(self) -> str | None:
        """What names this part in the database, so that later ones can refer to it; None keeps nothing."""
        ...

    def known(self, facts: PartFacts) -> None:
        """Take note of what the part is about."""
        ...


class Observer(Protocol):
    """Watches the engine."""

    def part(self) -> AbstractContextManager[Part]:
        """Watch a part for the length of the block."""
        ...

    def acting(self, *, flow: str, node: str, executor: str) -> AbstractContextManager[None]:
        """Watch an external task for the length of the block, inside a part."""
        ...

    def started(self, flow: str) -> None:
        """Count an execution whose start is committed."""
        ...

    def ended(self, flow: str, outcome: str) -> None:
        """Count an execution whose end is committed."""
        ...


class _NoPart:
    """A part that nobody watches."""

    carrier: str | None = None

    def known(self, facts: PartFacts) -> None:
        """Forget it."""


class NoObserver:
    """Does not look."""

    def part(self) -> AbstractContextManager[Part]:
        """Watch nothing."""
        return _UNSEEN

    def acting(self, *, flow: str, node: str, executor: str) -> AbstractContextManager[None]:  # noqa: ARG002 - the port's signature
        """Watch nothing."""
        return nullcontext()

    def started(self, flow: str) -> None:
        """Count nothing."""

    def ended(self, flow: str, outcome: str) -> None:
        """Count nothing."""


_UNSEEN: Final[AbstractContextManager[Part]] = nullcontext(_NoPart())

"""What the gate needs from the protocol layer and the engine; both are handed in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from engine import Step
from engine.storage import Unit
from protocols.oauth2 import Closed, Landing, Opened

__all__ = ["Journeys", "Requests"]


class Requests(Protocol):
    """The requests that links lead to."""

    def landing(self, unit: Unit, link: str, now: datetime) -> Landing | None:
        """Return what the request behind *link* asks, or None if there is none."""
        ...

    def open_attempt(self, unit: Unit, *, link: str, execution: str, now: datetime) -> Opened | Closed:
        """Start a login attempt as *execution*, or say why not."""
        ...

    def leave(self, unit: Unit, *, link: str, execution: str, token: str, now: datetime) -> str | None:
        """Return where the browser of *execution* goes now that it is over, once; None: it stays on our page.

        *token* is a random text that it may take along.
        """
        ...


class Journeys(Protocol):
    """The executions that pages show."""

    async def inspect(self, execution: str, *, wait: float = 0) -> Step:
        """Return where *execution* stands; *wait* seconds at most while it works."""
        ...

    async def submit(self, execution: str, *, token: str, action: str, values: Mapping[str, Any]) -> Step:
        """Answer the step *token*; raises StepConflict, StepGone, InvalidFields, UnknownExecution."""
        ...

    async def cancel(self, execution: str, *, reason: str) -> Step:
        """End *execution*."""
        ...

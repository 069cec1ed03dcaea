"""What protocols ask of the engine, to have people asked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from engine.storage import Unit

__all__ = ["FlowStarter"]


class FlowStarter(Protocol):
    """Starts flows for a protocol layer."""

    def start(
        self,
        unit: Unit,
        *,
        execution: str,
        flow: str,
        inputs: Mapping[str, Any],
        on_end: str,
        correlation: str,
        now: datetime,
        locale: str,
    ) -> None:
        """Start *flow* inside the caller's unit; run what runs inside one; tell *on_end* however it ends."""
        ...

"""Says over which channels a person can be reached, before anything is sent.

A flow that knows it need not take a message back from one channel only to find that there is no other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from engine import Context, Contract, Done

if TYPE_CHECKING:
    from engine.storage import Unit  # a check of flows needs the contracts, and no database


class Reachability(Protocol):
    """Whoever knows people's addresses, and which channels there are."""

    def channels(self, unit: Unit, recipient: str) -> Collection[str]:
        """Return the channels over which *recipient* can be reached now."""
        ...


class ContactChannels:
    """The executor ``contact_channels``."""

    contract = Contract.declare(
        name="contact_channels",
        summary="Says over which channels a person can be reached.",
        effect="transactional",
        inputs={"recipient": "id"},
        outcomes={"found": {"channels": "list of string"}},
    )

    def __init__(self, *, contacts: Reachability) -> None:
        self._contacts = contacts

    def run(self, unit: Unit, context: Context, inputs: Mapping[str, Any]) -> Done:  # noqa: ARG002 - the port's signature
        """Look it up; nobody at all is an answer too."""
        return Done("found", {"channels": sorted(self._contacts.channels(unit, inputs["recipient"]))})

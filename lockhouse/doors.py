"""All that links of ours lead to, as one: each protocol layer knows the links that it made."""

from collections.abc import Sequence
from datetime import datetime

from engine.storage import Unit
from lockhouse.gate.ports import Requests
from protocols.oauth2 import Closed, Landing, Opened

__all__ = ["Doors"]


class Doors:
    """Asks one after the other whose link it is."""

    def __init__(self, doors: Sequence[Requests]) -> None:
        self._doors = tuple(doors)

    def landing(self, unit: Unit, link: str, now: datetime) -> Landing | None:
        """Return what the request behind *link* asks, or None if there is none."""
        found = (door.landing(unit, link, now) for door in self._doors)
        return next((landing for landing in found if landing is not None), None)

    def open_attempt(self, unit: Unit, *, link: str, execution: str, now: datetime) -> Opened | Closed:
        """Start a login attempt as *execution*, or say why not."""
        door = self._door(unit, link, now)
        if door is None:
            return Closed("unknown")
        return door.open_attempt(unit, link=link, execution=execution, now=now)

    def leave(self, unit: Unit, *, link: str, execution: str, token: str, now: datetime) -> str | None:
        """Return where the browser of *execution* goes now that it is over, once; None: it stays on our page."""
        door = self._door(unit, link, now)
        return None if door is None else door.leave(unit, link=link, execution=execution, token=token, now=now)

    def _door(self, unit: Unit, link: str, now: datetime) -> Requests | None:
        return next((door for door in self._doors if door.landing(unit, link, now) is not None), None)

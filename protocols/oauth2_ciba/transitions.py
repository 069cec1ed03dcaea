"""A move with all that belongs to it: what the client is told of it, and the end of its long poll."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from engine.storage import Unit
from protocols.oauth2_ciba.deliveries import Deliveries
from protocols.oauth2_ciba.moves import move
from protocols.oauth2_ciba.requests import Request
from protocols.oauth2_ciba.states import Event
from protocols.oauth2_ciba.waiting import Waiters


class Transitions:
    """Moves requests for whoever decides about them: the callback, the ends of flows, the sweep."""

    def __init__(self, *, deliveries: Deliveries, waiters: Waiters) -> None:
        self._deliveries, self._waiters = deliveries, waiters

    def apply(
        self,
        unit: Unit,
        event: Event,
        request: Request,
        *,
        now: datetime,
        reason: str,
        due_at: datetime | None = None,
        writes: Mapping[str, Any] = MappingProxyType({}),
    ) -> bool:
        """Apply *event* to *request*, as `moves.move` does; return whether it moved.

        What the client is told is queued together with the move or not at all: nothing is told that did not happen,
        and nothing happens untold.
        """
        notice = self._deliveries.notice(unit, event, request, writes=writes, now=now)
        if notice is not None and notice.grant is not None:
            writes = {**writes, "grant_id": notice.grant.grant_id}
        if not move(unit, event, request.request_id, now=now, reason=reason, due_at=due_at, writes=writes):
            return False
        if notice is not None:
            self._deliveries.post(unit, notice, now=now)
        unit.after_commit(partial(self._waiters.wake, request.request_id))
        return True

"""Who in this process waits for news of a request: nothing is held for them but an entry here (CIBA Core 10.1).

A move wakes its waiter by the hook of its commit. What another process moved is found by one look at the database for
all that wait here; see `watching`.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# Of so many moves it is remembered that they happened, for a poll that was evaluated just before one of them.
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitLimits:
    """How many long polls may wait in one process: in all, and of one client."""

    held: int = 1_000
    held_each: int = 500


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One that waits: ``news`` is done as soon as there is some."""

    request_id: str
    news: "asyncio.Future[None]" = field(repr=False)

    def tell(self) -> None:
        """Say that there is news."""
        if not self.news.done():
            self.news.set_result(None)


class Waiters:
    """The places of one process. Everything happens on its event loop."""

    def __init__(self, limits: WaitLimits) -> None:
        self._limits = limits
        self._places: dict[str, Place] = {}
        self._each: Counter[str] = Counter()
        self._moved: OrderedDict[str, None] = OrderedDict()
        self._stopped = False

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, request_id: object) -> bool:
        return request_id in self._places

    @property
    def request_ids(self) -> tuple[str, ...]:
        """Return what is waited for."""
        return tuple(self._places)

    @contextmanager
    def place(self, request_id: str, client_id: str) -> Iterator[Place | None]:
        """Give a place to wait for news of the request; None where there is none: answer at once."""
        if not self._is_free(request_id, client_id):
            yield None
            return
        place = Place(request_id, asyncio.get_running_loop().create_future())
        self._places[request_id] = place
        self._each[client_id] += 1
        if request_id in self._moved:
            place.tell()
        try:
            yield place
        finally:
            del self._places[request_id]
            self._each[client_id] -= 1
            if not self._each[client_id]:
                del self._each[client_id]

    def wake(self, request_id: str) -> None:
        """Tell whoever waits for the request that it has moved."""
        if (place := self._places.get(request_id)) is not None:
            place.tell()
            return
        self._moved[request_id] = None
        if len(self._moved) > _REMEMBERED:
            self._moved.popitem(last=False)

    def stop(self) -> None:
        """Have everybody answered at once, now and from now on: the process is to end."""
        self._stopped = True
        for place in self._places.values():
            place.tell()

    def _is_free(self, request_id: str, client_id: str) -> bool:
        limits = self._limits
        return not (
            self._stopped
            or request_id in self._places
            or len(self._places) >= limits.held
            or self._each[client_id] >= limits.held_each
        )

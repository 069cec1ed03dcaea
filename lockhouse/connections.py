"""How many connections the server keeps at a time, and how long one may take to say what it wants.

uvicorn's own limit answers everybody 503 once there are too many, those included who were there before: whoever opens
enough connections shuts out all others. Here only what comes on top is turned away, and whoever is silent has to go.
"""

import asyncio
import logging
import resource
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lockhouse.configuration import SettingsInvalid

__all__ = ["BoundedProtocol", "bounded_protocol", "make_room"]

_log = logging.getLogger(__name__)

_TURNED_AWAY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
)
# Files besides connections: the database, its write-ahead log, outgoing calls, logs.
_OTHER_FILES: Final = 128
_TOLD_EVERY: Final = 10.0


def make_room(connections: int) -> None:
    """Have the system let this process keep so many open; SettingsInvalid where it will not."""
    wanted = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        found = f"this process may have {hard} files open, and {wanted} are needed"
        remedy = f"set at most {max(hard - _OTHER_FILES, 0)}, or raise the limit (ulimit -Hn, LimitNOFILE=)"
        raise SettingsInvalid((f"listen.connections: {found}; {remedy}",))
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class BoundedProtocol(HttpToolsProtocol):
    """One connection, of *most* at a time; each of its requests has to be whole within *patience* seconds.

    Between two requests of one connection it is uvicorn's keep-alive that ends it.
    """

    most: ClassVar[int]
    patience: ClassVar[float]
    told_at: ClassVar[float] = -_TOLD_EVERY
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Take the connection, or turn it away."""
        if len(self.connections) < self.most:
            super().connection_made(transport)
            self._begin_to_wait()
            return
        self.transport = transport  # the library closes it once more when it is lost
        transport.write(_TURNED_AWAY)
        transport.close()
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """See that the request comes to its end."""
        self._begin_to_wait()
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Leave it alone: whatever takes time now is ours."""
        self._stop_waiting()
        super().on_message_complete()

    def _begin_to_wait(self) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(self.patience, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _tell(self) -> None:
        kind = type(self)
        if self.loop.time() >= kind.told_at + _TOLD_EVERY:
            kind.told_at = self.loop.time()
            _log.warning("too_many_connections", extra={"most": self.most})


def bounded_protocol(*, most: int, patience: float) -> type[BoundedProtocol]:
    """Return uvicorn's protocol for at most *most* connections that are patient for *patience* seconds."""
    return type("Bounded", (BoundedProtocol,), {"most": most, "patience": patience})

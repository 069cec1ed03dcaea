"""PostgreSQL's notifications: one connection and one thread that waits on it."""

import asyncio
import os
import select
import threading
from typing import Any

import psycopg

from engine.storage.errors import StorageUnavailable
from engine.storage.postgresql_link import connect
from engine.storage.unit import WIRE_CHANNEL
from engine.storage.wakeups import Wakeups

_PAUSES = (0.05, 0.2, 1.0, 5.0)


class Listener:
    """Waits for notifications from when it is first wanted until it is closed; reconnects by itself.

    All channels share one of PostgreSQL's, with the channel's name as payload: nothing changes on the connection when
    somebody begins to listen.
    """

    def __init__(self, target: str, *, wakeups: Wakeups, patience: float) -> None:
        self._target, self._wakeups, self._patience = target, wakeups, patience
        self._thread: threading.Thread | None = None
        self._tried = threading.Event()
        self._stopped, self._stop = os.pipe()
        self._failures = 0

    async def start(self) -> None:
        """Return once notifications arrive, or once the first try to connect has failed."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="postgresql-listener", daemon=True)
            self._thread.start()
        await asyncio.to_thread(self._tried.wait)

    def close(self) -> None:
        """End the thread and its connection."""
        os.write(self._stop, b"x")
        if self._thread is not None:
            self._thread.join()
        os.close(self._stop)
        os.close(self._stopped)

    # the thread

    def _serve(self) -> None:
        stopping = False
        while not stopping:
            try:
                stopping = self._listen()
            except (psycopg.Error, StorageUnavailable, OSError):
                self._failures += 1
                self._tried.set()
                pause = _PAUSES[min(self._failures, len(_PAUSES)) - 1]
                stopping = bool(select.select([self._stopped], [], [], pause)[0])

    def _listen(self) -> bool:
        """Pass on notifications until told to stop (True)."""
        with connect(self._target, patience=self._patience, autocommit=True) as connection:
            connection.execute(f"LISTEN {WIRE_CHANNEL}")
            if self._failures:
                self._failures = 0
                self._wakeups.wake_all()
            self._tried.set()
            while self._stopped not in self._wait(connection):
                self._wakeups.wake([notice.payload for notice in connection.notifies(timeout=0)])
            return True

    def _wait(self, connection: psycopg.Connection[Any]) -> list[int]:
        ready: list[int] = select.select([connection.fileno(), self._stopped], [], [])[0]
        return ready

"""A real SMTP server that keeps what arrives: the mailbox of the demo's person."""

import asyncio
import email
import email.policy
import queue
import threading
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP

from lockhouse.demo.errors import DemoFailed

__all__ = ["Mailbox"]


class _Inbox:
    """Takes every message; the name and signature of its method are aiosmtpd's."""

    def __init__(self, arrived: "queue.Queue[bytes]") -> None:
        self._arrived = arrived

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802, ARG002 - aiosmtpd's
        self._arrived.put(envelope.content)
        return "250 Message accepted for delivery"


class Mailbox:
    """Listens on a free loopback port, in a thread of its own, until its block is left."""

    def __init__(self) -> None:
        self._arrived: queue.Queue[bytes] = queue.Queue()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mailbox", daemon=True)
        self._server: asyncio.Server | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        # The Controller of aiosmtpd does not take port 0.
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def wait(self, *, seconds: float) -> EmailMessage:
        """Return the next message, or raise `DemoFailed` if none arrives within *seconds*."""
        try:
            content = self._arrived.get(timeout=seconds)
        except queue.Empty:
            raise DemoFailed(f"no mail arrived within {seconds:.0f} seconds") from None
        return email.message_from_bytes(content, policy=email.policy.default)

    async def _listen(self) -> asyncio.Server:
        inbox = _Inbox(self._arrived)
        return await self._loop.create_server(lambda: SMTP(inbox, enable_SMTPUTF8=True), "127.0.0.1", 0)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

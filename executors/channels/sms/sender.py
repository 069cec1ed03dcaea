"""Sends rendered text messages through a gateway's HTTP interface, one request each.

A request that was cut off may have been taken: the next try carries the same key, and a gateway that knows one
(``idempotency_header``) sends nothing twice.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from executors.channels.sms.answer import AnswerRule
from executors.channels.sms.folder import SmsFolder
from executors.channels.sms.request import RequestTemplate, SmsRequest

_log = logging.getLogger(__name__)


class GatewayAnswer(Protocol):
    """What came back; a redirect is an answer like any other."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def body(self) -> bytes:
        """The whole body."""
        ...


class HttpGateway(Protocol):
    """Carries requests, under the deployment's rules for outgoing calls and a time limit."""

    async def call(self, request: SmsRequest) -> GatewayAnswer:
        """Return the answer, whatever its status. Transient: none came. Refused: the address may not be called."""
        ...


class SmsSender:
    """The sender ``sms``. *folder* keeps a copy of each message that the gateway has taken."""

    def __init__(
        self, *, gateway: HttpGateway, request: RequestTemplate, answer: AnswerRule, folder: SmsFolder | None = None
    ) -> None:
        self._gateway, self._request, self._answer, self._folder = gateway, request, answer, folder

    def __repr__(self) -> str:
        return f"SmsSender({self._request!r})"

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:
        """Send the message; return when the gateway has taken it. Raise Refused or Transient otherwise."""
        request = self._request.fill(to=payload["recipient"], text=payload["text"], key=key)
        answer = await self._gateway.call(request)
        if (trouble := self._answer.judge(answer.status, answer.body)) is not None:
            raise trouble
        if self._folder is not None:
            await self._copy(self._folder, payload)

    async def _copy(self, folder: SmsFolder, payload: Mapping[str, Any]) -> None:
        try:
            await asyncio.to_thread(folder.write, payload)
        except OSError as error:
            # The person has the message; a full disk is no reason to send it again.
            _log.warning("sms.copy_failed", extra={"error": type(error).__name__})

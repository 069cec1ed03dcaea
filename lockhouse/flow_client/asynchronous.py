"""The client for programs that await."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx2

from lockhouse.flow_client import wire
from lockhouse.flow_client.errors import AnswerLost, FlowApiError
from lockhouse.flow_client.models import Execution, Step, read_step
from lockhouse.flow_client.wire import Call, Patience


class AsyncFlowClient:
    """Drives flows at *address*. Use it in ``async with``, or call ``close``.

    *transport* stands in for the network, *timeout* is in seconds for one try beyond what the server holds it back.
    """

    def __init__(
        self,
        address: str,
        *,
        patience: Patience | None = None,
        timeout: float = 10.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._patience, self._timeout = patience or Patience(), timeout
        self._http = httpx2.AsyncClient(base_url=address, trust_env=False, transport=transport)

    async def start(
        self, flow: str, inputs: Mapping[str, Any] | None = None, *, locale: str = "en", key: str | None = None
    ) -> Execution:
        """Start *flow*. The same *key* once more gets the same execution, also from another process."""
        return wire.read_start(await self._ask(wire.start(flow, inputs or {}, locale=locale, key=key)))

    async def step(self, execution: Execution) -> Step:
        """Return where *execution* stands."""
        return read_step(await self._ask(wire.show(execution)))

    async def wait(self, execution: Execution, *, seconds: float) -> Step:
        """Return the next step that asks for something, or the end; the current one after *seconds* at most."""
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while True:
            left = max(end - clock(), 0.0)
            step = read_step(await self._ask(wire.show(execution, hold=min(int(left), wire.LONGEST_HOLD))))
            if step.status in {"prompt", "ended"} or clock() >= end:
                return step
            await asyncio.sleep(min(self._patience.first_pause, max(end - clock(), 0.0)))

    async def submit(self, execution: Execution, step: Step, action: str, **values: Any) -> Step:
        """Answer *step*; raise FieldsInvalid, StepTaken or StepGone. Return what comes next."""
        return read_step(await self._ask(wire.submit(execution, step, action, values)))

    async def cancel(self, execution: Execution, *, reason: str = "initiator") -> Step:
        """End *execution*; one that has ended stays as it is."""
        return read_step(await self._ask(wire.cancel(execution, reason)))

    async def signal(
        self, execution: str, name: str, payload: Mapping[str, Any], *, token: str, key: str | None = None
    ) -> None:
        """Send a signal with the *token* that was given out for it."""
        await self._ask(wire.signal(execution, name, payload, token=token, key=key))

    async def events(self, execution: Execution) -> AsyncIterator[Step]:
        """Yield each step until the end; a stream that breaks is taken up again where it broke."""
        reader, tried = wire.EventReader(), 0
        while True:
            tried += 1
            try:
                async for step in self._stream(wire.events(execution, reader.last), reader):
                    tried = 0
                    yield step
                    if step.ended:
                        return
                tried = 0  # the server ends a long stream now and then
                await asyncio.sleep(self._patience.first_pause)
            except httpx2.TransportError as error:
                await self._rest(tried, None, error)
            except FlowApiError as error:
                if not wire.is_worth_repeating(error.status):
                    raise
                await self._rest(tried, None, error)

    async def _stream(self, call: Call, reader: wire.EventReader) -> AsyncIterator[Step]:
        limits = httpx2.Timeout(self._timeout, read=None)
        async with self._http.stream(call.method, call.path, headers=dict(call.headers), timeout=limits) as answer:
            if answer.status_code != 200:
                wire.read(answer.status_code, await answer.aread())
            async for line in answer.aiter_lines():
                if (step := reader.take(line)) is not None:
                    yield step

    async def _ask(self, call: Call) -> Any:
        tried = 0
        while True:
            tried += 1
            try:
                answer = await self._http.request(
                    call.method,
                    call.path,
                    content=call.body,
                    headers=dict(call.headers),
                    timeout=self._timeout + wire.LONGEST_HOLD,
                )
            except httpx2.TransportError as error:
                await self._rest(tried, None, error)
                continue
            if wire.is_worth_repeating(answer.status_code) and tried < self._patience.tries:
                await self._rest(tried, answer.headers.get("retry-after"), None)
                continue
            return wire.read(answer.status_code, answer.content)

    async def _rest(self, tried: int, retry_after: str | None, error: Exception | None) -> None:
        pause = self._patience.pause(tried, retry_after)
        if pause is None:
            raise AnswerLost(f"no answer after {tried} tries: {type(error).__name__}") from error
        await asyncio.sleep(pause)

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

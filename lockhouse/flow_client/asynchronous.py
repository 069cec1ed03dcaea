"""The client for programs that await."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx2

from lockhouse.flow_client import wire
from lockhouse.flow_client.errors import FlowApiError
from lockhouse.flow_client.models import Execution, Step
from lockhouse.flow_client.patience import Following, Patience, Tries, Watch
from lockhouse.flow_client.wire import Call


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

    async def take_part(self, execution: str, token: str) -> Execution:
        """Return *execution* as the person sees it whom the *token* is for; answer it like one's own."""
        return wire.read_part(await self._ask(wire.show_to(execution, token)), token)

    async def step(self, execution: Execution) -> Step:
        """Return where *execution* stands."""
        return wire.read_step_of(await self._ask(wire.show(execution)))

    async def wait(self, execution: Execution, *, seconds: float) -> Step:
        """Return the next step that asks for something, or the end; the current one after *seconds* at most."""
        clock = asyncio.get_running_loop().time
        watch = Watch(execution, end=clock() + seconds, patience=self._patience)
        while True:
            step = wire.read_step_of(await self._ask(watch.call(clock())))
            if (pause := watch.pause(step, clock())) is None:
                return step
            await asyncio.sleep(pause)

    async def submit(self, execution: Execution, step: Step, action: str, **values: Any) -> Step:
        """Answer *step*; raise FieldsInvalid, StepTaken or StepGone. Return what comes next."""
        return wire.read_step_of(await self._ask(wire.submit(execution, step, action, values)))

    async def cancel(self, execution: Execution, *, reason: str = "initiator") -> Step:
        """End *execution*; one that has ended stays as it is."""
        return wire.read_step_of(await self._ask(wire.cancel(execution, reason)))

    async def signal(
        self, execution: str, name: str, payload: Mapping[str, Any], *, token: str, key: str | None = None
    ) -> None:
        """Send a signal with the *token* that was given out for it."""
        await self._ask(wire.signal(execution, name, payload, token=token, key=key))

    async def events(self, execution: Execution) -> AsyncIterator[Step]:
        """Yield each step until the end; a stream that breaks is taken up again where it broke."""
        following = Following(execution, self._patience)
        while True:
            try:
                async for step in self._stream(following):
                    yield step
                    if step.ended:
                        return
                pause = following.after_end()
            except httpx2.TransportError as error:
                pause = following.after_loss(error)
            except FlowApiError as error:
                pause = following.after_refusal(error)
            await asyncio.sleep(pause)

    async def _stream(self, following: Following) -> AsyncIterator[Step]:
        call, limits = following.call(), httpx2.Timeout(self._timeout, read=None)
        async with self._http.stream(call.method, call.path, headers=dict(call.headers), timeout=limits) as answer:
            if not following.is_stream(answer.status_code, answer.headers.get("content-type", "")):
                raise following.refuse(answer.status_code, await answer.aread())
            async for line in answer.aiter_lines():
                if (step := following.take(line)) is not None:
                    yield step

    async def _ask(self, call: Call) -> Any:
        tries, longest = Tries(self._patience), self._timeout + wire.LONGEST_HOLD
        while True:
            try:
                answer = await self._http.request(
                    call.method, call.path, content=call.body, headers=dict(call.headers), timeout=longest
                )
            except httpx2.TransportError as error:
                await asyncio.sleep(tries.after_loss(error))
                continue
            pause = tries.after_answer(answer.status_code, answer.headers.get("retry-after"))
            if pause is None:
                return wire.read(answer.status_code, answer.content)
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

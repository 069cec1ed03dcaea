"""The client for programs that do not await."""

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx2

from lockhouse.flow_client import wire
from lockhouse.flow_client.errors import FlowApiError
from lockhouse.flow_client.models import Execution, Step
from lockhouse.flow_client.patience import Following, Patience, Tries, Watch
from lockhouse.flow_client.wire import Call


class FlowClient:
    """Drives flows at *address*. Use it in ``with``, or call ``close``.

    *transport* stands in for the network, *timeout* is in seconds for one try beyond what the server holds it back.
    """

    def __init__(
        self,
        address: str,
        *,
        patience: Patience | None = None,
        timeout: float = 10.0,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._patience, self._timeout = patience or Patience(), timeout
        self._http = httpx2.Client(base_url=address, trust_env=False, transport=transport)

    def start(
        self, flow: str, inputs: Mapping[str, Any] | None = None, *, locale: str = "en", key: str | None = None
    ) -> Execution:
        """Start *flow*. The same *key* once more gets the same execution, also from another process."""
        return wire.read_start(self._ask(wire.start(flow, inputs or {}, locale=locale, key=key)))

    def take_part(self, execution: str, token: str) -> Execution:
        """Return *execution* as the person sees it whom the *token* is for; answer it like one's own."""
        return wire.read_part(self._ask(wire.show_to(execution, token)), token)

    def step(self, execution: Execution) -> Step:
        """Return where *execution* stands."""
        return wire.read_step_of(self._ask(wire.show(execution)))

    def wait(self, execution: Execution, *, seconds: float) -> Step:
        """Return the next step that asks for something, or the end; the current one after *seconds* at most."""
        clock = time.monotonic
        watch = Watch(execution, end=clock() + seconds, patience=self._patience)
        while True:
            step = wire.read_step_of(self._ask(watch.call(clock())))
            if (pause := watch.pause(step, clock())) is None:
                return step
            time.sleep(pause)

    def submit(self, execution: Execution, step: Step, action: str, **values: Any) -> Step:
        """Answer *step*; raise FieldsInvalid, StepTaken or StepGone. Return what comes next."""
        return wire.read_step_of(self._ask(wire.submit(execution, step, action, values)))

    def cancel(self, execution: Execution, *, reason: str = "initiator") -> Step:
        """End *execution*; one that has ended stays as it is."""
        return wire.read_step_of(self._ask(wire.cancel(execution, reason)))

    def signal(
        self, execution: str, name: str, payload: Mapping[str, Any], *, token: str, key: str | None = None
    ) -> None:
        """Send a signal with the *token* that was given out for it."""
        self._ask(wire.signal(execution, name, payload, token=token, key=key))

    def events(self, execution: Execution) -> Iterator[Step]:
        """Yield each step until the end; a stream that breaks is taken up again where it broke."""
        following = Following(execution, self._patience)
        while True:
            try:
                for step in self._stream(following):
                    yield step
                    if step.ended:
                        return
                pause = following.after_end()
            except httpx2.TransportError as error:
                pause = following.after_loss(error)
            except FlowApiError as error:
                pause = following.after_refusal(error)
            time.sleep(pause)

    def _stream(self, following: Following) -> Iterator[Step]:
        call, limits = following.call(), httpx2.Timeout(self._timeout, read=None)
        with self._http.stream(call.method, call.path, headers=dict(call.headers), timeout=limits) as answer:
            if not following.is_stream(answer.status_code, answer.headers.get("content-type", "")):
                raise following.refuse(answer.status_code, answer.read())
            for line in answer.iter_lines():
                if (step := following.take(line)) is not None:
                    yield step

    def _ask(self, call: Call) -> Any:
        tries, longest = Tries(self._patience), self._timeout + wire.LONGEST_HOLD
        while True:
            try:
                answer = self._http.request(
                    call.method, call.path, content=call.body, headers=dict(call.headers), timeout=longest
                )
            except httpx2.TransportError as error:
                time.sleep(tries.after_loss(error))
                continue
            pause = tries.after_answer(answer.status_code, answer.headers.get("retry-after"))
            if pause is None:
                return wire.read(answer.status_code, answer.content)
            time.sleep(pause)

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""The steps of one execution as server-sent events: each that its bearer can tell apart, then the end."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from engine.contracts import FlowError
from engine.http.holding import Waiting
from engine.http.models import step_json
from engine.http.problems import RETRY_AFTER, Problem
from engine.runtime.engine import Engine
from engine.runtime.steps import Step

MEDIA_TYPE: Final = "text/event-stream"
LONGEST: Final = 600.0
_SIGN_OF_LIFE: Final = 15.0
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream:
    """What happens to one execution from *step* on, as *person* may see it (None: whoever started it).

    *last* is the id of the event that the client saw last.
    """

    def __init__(self, engine: Engine, waiting: Waiting, step: Step, *, last: str | None, person: str | None) -> None:
        self._engine, self._waiting, self._step, self._last = engine, waiting, step, last
        self._person = person

    def response(self, method: str) -> Response:
        """Return the answer: a stream, or 204 where the client has seen the end, which stops it from asking again."""
        if self._step.status == "ended" and _id_of(self._text(self._step)) == self._last:
            return Response(status_code=204, headers=_HEADERS)
        if method == "HEAD":
            return Response(media_type=MEDIA_TYPE, headers=_HEADERS)
        return _Held(self._waiting, self._step.execution, self._lines())

    async def _lines(self) -> AsyncIterator[str]:
        clock = asyncio.get_running_loop().time
        end, step, last = clock() + LONGEST, self._step, self._last
        yield "retry: 2000\n\n"
        while True:
            text = self._text(step)
            if (name := _id_of(text)) != last:
                last = name
                yield f"id: {name}\nevent: step\ndata: {text}\n\n"
            if step.status == "ended" or clock() >= end or self._engine.leaving:
                return
            try:
                after = await self._engine.changed(step.execution, seen=step, wait=_SIGN_OF_LIFE)
            except FlowError:
                return  # the client asks again, and is told what is wrong
            if after == step:
                yield ": still there\n\n"
            step = after

    def _text(self, step: Step) -> str:
        return json.dumps(step_json(step, person=self._person), separators=(",", ":"))


class _Held(StreamingResponse):
    """A stream that takes a place among those who wait, for as long as it lasts."""

    def __init__(self, waiting: Waiting, execution: str, lines: AsyncIterator[str]) -> None:
        super().__init__(lines, media_type=MEDIA_TYPE, headers=_HEADERS)
        self._waiting, self._execution = waiting, execution

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream, or say that all places are taken."""
        with self._waiting.place(self._execution) as free:
            if free:
                await super().__call__(scope, receive, send)
                return
        taken = Problem(
            503, "too_many_streams", "too many wait already; close one", headers={"Retry-After": RETRY_AFTER}
        ).response()
        for name in ("access-control-allow-origin", "access-control-expose-headers", "vary"):
            if name in self.headers:
                taken.headers[name] = self.headers[name]
        await taken(scope, receive, send)


def _id_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]

"""The flow execution API: start, look, answer, tell, cancel. Its handlers only join the engine to the wire."""

import asyncio
import json
import secrets
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from engine.contracts import StepConflict, StepGone
from engine.http.access import Door, idempotency_key, mint
from engine.http.events import EventStream
from engine.http.exposure import takes_endpoint
from engine.http.holding import Waiting, preferred_wait, unless_left
from engine.http.models import is_held_by_another, step_json
from engine.http.operations import Call
from engine.http.person_tokens import PERSON, PersonTokens
from engine.http.problems import Problem, no_execution, no_flow, problem_of
from engine.runtime.engine import Engine
from engine.runtime.steps import Step
from engine.storage import Unit

SCOPE = "flow_api"


class ExecutionHandlers:
    """One method for each operation. Executions that a protocol layer started have no capability: 404."""

    def __init__(self, engine: Engine, *, on_end: str, waiting: Waiting) -> None:
        self._engine, self._on_end, self._waiting = engine, on_end, waiting
        self._door, self._persons = Door(engine.database), PersonTokens(engine)

    async def start(self, call: Call) -> Response:
        """Begin an execution; answer with its first step and its one capability."""
        engine, flow, body = self._engine, call.path["flow"], call.body
        if takes_endpoint(engine.live(flow)):
            raise no_flow()
        key = idempotency_key(call.request.headers.getlist("idempotency-key"))
        execution, capability, now = secrets.token_urlsafe(16), mint(engine.keyring, flow, key), engine.clock.now()

        def let_in(unit: Unit) -> None:
            self._door.let_in(unit, execution, capability, now=now)

        step = await engine.begin(
            execution=execution,
            flow=flow,
            inputs=body.inputs,
            on_end=self._on_end,
            correlation="",
            locale=body.locale,
            key=key,
            scope=SCOPE,
            beside=let_in,
        )
        root = str(call.request.scope.get("root_path", "")).rstrip("/")
        headers = {"Location": f"{root}/executions/{step.execution}"}
        return json_response({"step": step_json(step), "capability": capability}, status=201, headers=headers)

    async def unknown_flow(self, _call: Call) -> Response:
        """Say that a flow is not there, or not exposed: the same words."""
        raise no_flow()

    async def show(self, call: Call) -> Response:
        """Return the current step; with ``Prefer: wait`` held back while there is nothing to do."""
        execution, person = call.path["execution"], await self._let_in(call)
        wait = preferred_wait(call.request.headers.getlist("prefer"))
        if not wait:
            return json_response(step_json(await self._engine.inspect(execution), person=person))
        with self._waiting.place(execution) as free:
            if not free:
                return json_response(step_json(await self._engine.inspect(execution), person=person))
            step = await unless_left(call.request, self._news(execution, person, wait))
        return json_response(step_json(step, person=person), headers={"Preference-Applied": f"wait={wait}"})

    async def submit(self, call: Call) -> Response:
        """Answer the step that the address names."""
        person, body = await self._let_in(call), call.body
        try:
            step = await self._engine.submit(
                call.path["execution"],
                token=call.path["token"],
                action=body.action,
                values=body.values,
                may_answer=lambda asked: asked == person,
            )
        except (StepConflict, StepGone) as error:
            raise problem_of(error, person=person) from None
        return json_response(step_json(step, person=person), status=202 if step.status == "working" else 200)

    async def cancel(self, call: Call) -> Response:
        """End the execution; one that has ended stays as it is."""
        execution = call.path["execution"]
        await self._door.check(execution, call.bearer)
        return json_response(step_json(await self._engine.cancel(execution, reason=call.body.reason)))

    async def events(self, call: Call) -> Response:
        """Stream the steps as server-sent events."""
        person = await self._let_in(call)
        step = await self._engine.inspect(call.path["execution"])
        last = call.request.headers.get("last-event-id")
        stream = EventStream(self._engine, self._waiting, step, last=last, person=person)
        return stream.response(call.request.method)

    async def signal(self, call: Call) -> Response:
        """Take a signal. Whoever sends it holds no capability and learns nothing of the execution."""
        execution = call.path["execution"]
        if not await self._door.is_ours(execution):
            raise no_execution()
        try:
            await self._engine.signal(
                execution,
                name=call.path["name"],
                token=call.bearer,
                payload=call.body.payload,
                key=idempotency_key(call.request.headers.getlist("idempotency-key")),
            )
        except StepConflict:
            raise Problem(409, "signal_refused", "the flow does not take this signal now, or took another") from None
        except StepGone:
            raise Problem(410, "signal_late", "the flow has ended, or waits for this signal no more") from None
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    async def _let_in(self, call: Call) -> str | None:
        """Return for whom the bearer acts: a person, or None for whoever started it. 404 for the token of another."""
        execution = call.path["execution"]
        if not PERSON.fullmatch(call.bearer):
            await self._door.check(execution, call.bearer)
            return None
        person = await self._persons.person_of(execution, call.bearer)
        if person is None:
            raise no_execution()
        return person

    async def _news(self, execution: str, person: str | None, wait: int) -> Step:
        """Return a step that *person* can do something with, or the current one after *wait* seconds."""
        clock = asyncio.get_running_loop().time
        end = clock() + wait
        step = await self._engine.inspect(execution, wait=wait)
        while is_held_by_another(step, person=person) and (left := end - clock()) > 0 and not self._engine.leaving:
            await self._engine.changed(execution, seen=step, wait=left)
            step = await self._engine.inspect(execution, wait=max(end - clock(), 0))
        return step


def json_response(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return *body* as JSON that nobody may store."""
    return Response(
        json.dumps(body, separators=(",", ":")).encode(),
        status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type="application/json",
    )

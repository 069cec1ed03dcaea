"""The operator's API over persons' tokens: give one out, take them back."""

from datetime import timedelta

from starlette.responses import Response

from engine.contracts import UnknownExecution
from engine.http.access import Door
from engine.http.executions import json_response
from engine.http.operations import Call
from engine.http.operator import told
from engine.http.operator_models import PersonTokenBody, TakenBackBody
from engine.http.person_tokens import PersonTokens
from engine.runtime.engine import Engine


class PersonTokenHandlers:
    """One method for each operation. What a protocol layer started has no steps here: 404."""

    def __init__(self, engine: Engine) -> None:
        self._door, self._persons = Door(engine.database), PersonTokens(engine)

    async def give(self, call: Call) -> Response:
        """Give out a token."""
        execution, lasting = await self._ours(call), timedelta(seconds=call.body.seconds)
        given = await self._persons.give(execution, person=call.body.person, lasting=lasting)
        body = PersonTokenBody(token=given.token, expires_at=given.expires_at)
        return json_response(body.model_dump(mode="json"), status=201)

    async def take_back(self, call: Call) -> Response:
        """Make the tokens for an execution worthless."""
        return told(TakenBackBody(taken_back=await self._persons.take_back(await self._ours(call))))

    async def _ours(self, call: Call) -> str:
        execution = call.path["execution"]
        if not await self._door.is_ours(execution):
            raise UnknownExecution(execution)
        return execution

"""The operator's API over executions and dead letters. Tokens and scopes of its own."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel
from starlette.responses import Response

from engine.contracts import UnknownExecution, plain
from engine.http.access import unauthorized
from engine.http.executions import json_response
from engine.http.operations import Call
from engine.http.operator_models import (
    DoneBody,
    ExecutionBody,
    ExecutionDetailBody,
    ExecutionsBody,
    HistoryLine,
    LetterBody,
    LettersBody,
)
from engine.http.problems import Problem
from engine.runtime.engine import Engine
from engine.storage import Outbox, OutgoingMessage, Unit
from engine.storage.executions import Executions
from engine.storage.listing import Listing

T = TypeVar("T")


class Operators(Protocol):
    """Knows the tokens of operators."""

    async def scopes_of(self, token: str) -> frozenset[str] | None:
        """Return what the bearer of *token* may do, None where nobody was given it."""
        ...


class OperatorHandlers:
    """One method for each operation."""

    def __init__(self, engine: Engine, *, operators: Operators) -> None:
        self._engine, self._operators = engine, operators
        self._listing = Listing()
        self._outbox, self._executions = Outbox(engine.keyring), Executions(engine.keyring)

    async def allow(self, token: str, scope: str) -> None:
        """Raise 401 for a token that nobody was given, 403 for one without *scope*."""
        scopes = await self._operators.scopes_of(token)
        if scopes is None:
            raise unauthorized("invalid_token", "this is no operator's token")
        if scope not in scopes:
            challenge = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
            raise Problem(403, "insufficient_scope", f"the token lacks the scope {scope}", headers=challenge)

    async def executions(self, call: Call) -> Response:
        """List executions, newest first, page by page."""
        query = call.query
        after = None
        if query.after is not None:
            at, _, name = query.after.partition(".")
            after = (int(at), name)
        find = partial(self._listing.page, flow=query.flow, status=query.status, limit=query.limit, after=after)
        page = await self._read(find)
        following = f"{page[-1].key[0]}.{page[-1].key[1]}" if len(page) == query.limit else None
        return told(ExecutionsBody(items=[_execution(each) for each in page], next=following))

    async def execution(self, call: Call) -> Response:
        """Show one execution and its history."""
        name = call.path["execution"]
        row = await self._read(partial(self._executions.find, id=name))
        if row is None:
            raise UnknownExecution(name)
        lines = [
            HistoryLine(revision=each.revision, at=each.at, kind=each.kind, node=each.node, facts=plain(each.facts))
            for each in await self._engine.history(name)
        ]
        return told(ExecutionDetailBody(execution=_execution(row), history=lines))

    async def cancel(self, call: Call) -> Response:
        """End an execution, whoever started it."""
        step = await self._engine.cancel(call.path["execution"], reason=call.body.reason)
        return told(DoneBody(id=step.execution, status=step.outcome or step.status))

    async def letters(self, call: Call) -> Response:
        """List messages that were given up."""
        found = await self._read(partial(self._outbox.dead, limit=call.query.limit))
        return told(LettersBody(items=[_letter(each) for each in found]))

    async def retry(self, call: Call) -> Response:
        """Send a dead letter again."""
        return await self._settle(call, self._outbox.retry, "queued")

    async def drop(self, call: Call) -> Response:
        """Give a dead letter up for good, and erase what it said."""
        return await self._settle(call, self._outbox.drop, "dropped")

    async def _settle(self, call: Call, settle: Callable[..., bool], status: str) -> Response:
        name, now = call.path["message"], self._engine.clock.now()
        if not await self._engine.database.run(partial(settle, id=name, now=now)):
            found = await self._read(partial(self._outbox.find, id=name))
            if found is None:
                raise Problem(404, "unknown_message", "there is no message of this id")
            raise Problem(
                409, "not_dead", f"the message is {found.status}; only a dead one can be sent again or dropped"
            )
        return told(DoneBody(id=name, status=status))

    async def _read(self, find: Callable[[Unit], T]) -> T:
        return await self._engine.database.read(find)


def told(body: BaseModel) -> Response:
    """Return *body* as JSON that nobody may store."""
    return json_response(body.model_dump(mode="json"))


def _execution(row: Any) -> ExecutionBody:
    names = ExecutionBody.model_fields
    return ExecutionBody(**{name: getattr(row, name) for name in names})


def _letter(message: OutgoingMessage) -> LetterBody:
    return LetterBody(**{name: getattr(message, name) for name in LetterBody.model_fields})

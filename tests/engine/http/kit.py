"""A house with the flow execution API in front of it, and a client of it."""

import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
from starlette.applications import Starlette

from engine.http import OPERATOR_SCOPES, Cors, Limits, operator_operations, routes
from tests.engine.execution.flows import NOON
from tests.engine.runtime.kit import House, opened

EXPOSED = ("login", "send", "expense", "counting")
LOGIN_INPUTS: Mapping[str, Any] = {
    "subject": "ann",
    "permissions": [{"name": "pay", "title": "Pay", "required": True}, {"name": "see"}],
    "expires_at": (NOON + timedelta(minutes=5)).isoformat(),
}
EXPENSE_INPUTS: Mapping[str, Any] = {
    "amount": 10,
    "manager": "bob",
    "until": (NOON + timedelta(hours=1)).isoformat(),
}


class Badges:
    """Operators: one who may do everything, and for each scope one who may do that alone."""

    async def scopes_of(self, token: str) -> frozenset[str] | None:
        if token == "everything":
            return frozenset(OPERATOR_SCOPES)
        scope = token.replace(".", ":")
        return frozenset({scope}) if scope in OPERATOR_SCOPES else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """One execution as its initiator knows it."""

    id: str
    capability: str
    step: Mapping[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.capability}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The API and whoever calls it."""

    house: House
    app: Starlette
    client: httpx2.AsyncClient

    async def start(self, flow: str = "login", **inputs: Any) -> Started:
        given = {"login": LOGIN_INPUTS, "expense": EXPENSE_INPUTS, "counting": {"what": "trip"}}[flow]
        answer = await self.client.post(f"/flows/{flow}/executions", json={"inputs": {**given, **inputs}})
        assert answer.status_code == 201, answer.text
        return started(answer)

    async def show(self, one: Started, **headers: str) -> httpx2.Response:
        return await self.client.get(f"/executions/{one.id}", headers={**one.headers, **headers})

    async def submit(self, one: Started, token: str, action: str, **values: Any) -> httpx2.Response:
        body = {"action": action, "values": values}
        return await self.client.post(f"/executions/{one.id}/steps/{token}", json=body, headers=one.headers)

    async def post(self, path: str, body: bytes | str, **headers: str) -> httpx2.Response:
        sent = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        return await self.client.post(path, content=body, headers=sent)


def started(answer: httpx2.Response) -> Started:
    told = answer.json()
    return Started(id=told["step"]["execution"], capability=told["capability"], step=told["step"])


@asynccontextmanager
async def fronted(
    house: House,
    *,
    exposed: Collection[str] = EXPOSED,
    limits: Limits | None = None,
    cors: Cors | None = None,
) -> AsyncIterator[Front]:
    """Open *house* and put the API in front of it."""
    async with opened(house):
        served = routes(
            house.engine,
            exposed=exposed,
            on_end="told",
            limits=limits,
            cors=cors,
            also=operator_operations(house.engine, operators=Badges()),
        )
        app = Starlette(routes=served)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://api.example") as client:
            yield Front(house=house, app=app, client=client)


def problem(answer: httpx2.Response, status: int, code: str) -> Any:
    """Return the problem that *answer* must be."""
    told = json.loads(answer.content)
    assert (answer.status_code, told["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["status"] == status
    assert told["type"] == f"urn:lockhouse:problem:{code}"
    return told

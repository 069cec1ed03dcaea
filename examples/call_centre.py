"""A call centre that makes sure who is calling: a web application that asks the caller's phone, and is told by ping.

``uvicorn --factory call_centre:make_application``, with ISSUER, CLIENT_ID and CLIENT_SECRET in the environment. The
client is registered with ``--mode ping --notification-endpoint https://…/told``: while a hundred callers look for
their phones, nobody polls. The agent reads the words on the screen aloud, and the caller compares.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lockhouse.client import (
    ApprovalRequest,
    Approved,
    Asked,
    AsyncCibaClient,
    CibaClientError,
    ClientSecretBasic,
    Notifications,
    PersonNotAsked,
)
from lockhouse.client.starlette import notification_route

WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heron")


@dataclass
class Call:
    """One call, and what is known of its caller."""

    words: str
    state: str = "asked"
    caller: str | None = None


class CallCentre:
    """The calls of this process."""

    def __init__(self, client: AsyncCibaClient) -> None:
        self._client = client
        self._calls: dict[str, Call] = {}
        self._waiting: set[asyncio.Task[None]] = set()

    async def begin(self, request: Request) -> Response:
        """Take a call: ask whoever says that they call, and show the agent what to read aloud."""
        name = (await request.json())["caller"]
        words, number = " ".join(secrets.choice(WORDS) for _ in range(3)), secrets.token_hex(8)
        try:
            asked = await self._client.ask(ApprovalRequest(login_hint=name, binding_message=words), key=number)
        except PersonNotAsked:
            return JSONResponse({"detail": "nobody by that name can be asked"}, 404)
        self._calls[number] = Call(words)
        waiting = asyncio.create_task(self._wait(self._calls[number], asked))
        self._waiting.add(waiting)
        waiting.add_done_callback(self._waiting.discard)
        return JSONResponse({"call": number, "read_aloud": words}, 201)

    async def show(self, request: Request) -> Response:
        """Tell the agent's screen how it stands."""
        call = self._calls.get(request.path_params["number"])
        if call is None:
            return JSONResponse({"detail": "no such call"}, 404)
        return JSONResponse({"state": call.state, "caller": call.caller})

    async def _wait(self, call: Call, asked: Asked) -> None:
        try:
            outcome = await self._client.wait(asked)
        except CibaClientError:
            call.state = "unknown"  # never take an error for a yes
            return
        if isinstance(outcome, Approved):
            call.state, call.caller = "verified", outcome.subject
        else:
            call.state = type(outcome).__name__.lower()


def make_application() -> Starlette:
    """Return the web application."""
    proof = ClientSecretBasic(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    client = AsyncCibaClient(os.environ["ISSUER"], proof, notifications=Notifications("ping"))
    centre = CallCentre(client)

    @asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    routes = [
        Route("/calls", centre.begin, methods=["POST"]),
        Route("/calls/{number}", centre.show),
        notification_route("/told", client),
    ]
    return Starlette(routes=routes, lifespan=lifespan)

"""A client that is told, and the outbox that tells it: the shop of the world, registered for ping or for push."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from engine import Engine
from engine.storage import Outbox, OutgoingMessage
from protocols.oauth2_ciba import PING_SENDER, PUSH_SENDER, NotificationSender
from tests.engine.runtime.kit import FixedFlows
from tests.protocols.changed import change
from tests.protocols.world import KEYRING, World

ENDPOINT = "https://client.example/told"
TOKEN = "8d67dc78-7faa-4d41-aabd-67707b374255"
OUTBOX = Outbox(KEYRING)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One POST that was made."""

    url: str
    token: str
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Line:
    """The way to the client's endpoint: answers 204 unless it is told otherwise, and keeps what was sent."""

    sent: list[Sent] = field(default_factory=list)
    answers: list[int | Exception] = field(default_factory=list)

    async def post(self, url: str, *, token: str, body: bytes) -> int:
        self.sent.append(Sent(url=url, token=token, body=body))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return answer


class Asking:
    """Asks the records before a message leaves, as the server does."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def may_tell(self, request_id: str, status: str) -> bool:
        world = self._world
        return await world.database.read(lambda unit: world.records.may_tell(unit, request_id, status))


@dataclass(kw_only=True)
class Notified:
    """A world whose shop is told, with the outbox worked off only when a test says so."""

    world: World
    line: Line
    engine: Engine
    mode: str

    async def asked(self, **changes: str) -> str:
        """Send a good request and return its auth_req_id."""
        token = None if self.mode == "poll" else TOKEN
        return await self.world.asked(client_notification_token=token, **changes)

    async def approved(self, **changes: str) -> str:
        """Send a request, have it approved, and return its auth_req_id."""
        auth_req_id = await self.asked(**changes)
        await self.world.approve(auth_req_id)
        return auth_req_id

    async def deliver(self) -> list[Sent]:
        """Work the outbox off, and return what was sent."""
        before = len(self.line.sent)
        await self.engine.run_due()
        return self.line.sent[before:]

    async def deliver_until_over(self) -> None:
        """Let the time pass in which a message is tried."""
        for _ in range(80):
            await self.deliver()
            self.world.clock.forward(10)

    async def messages(self) -> tuple[OutgoingMessage, ...]:
        """Return what is in the outbox."""
        return await self.world.database.read(lambda unit: OUTBOX.newest(unit, limit=99))


@asynccontextmanager
async def notified(world: World, mode: str) -> AsyncIterator[Notified]:
    """Register the shop for *mode*, and yield what a test of it needs."""
    if mode != "poll":
        await change(world, delivery_mode=mode, notification_endpoint=ENDPOINT)
    line = Line()
    sender = NotificationSender(gateway=line, guard=Asking(world))
    engine = Engine(
        database=world.database,
        flows=FixedFlows(),
        executors=(),
        on_end={},
        senders={PING_SENDER: sender, PUSH_SENDER: sender},
        on_settled=world.records.settlements(),
        keyring=KEYRING,
        clock=world.clock,
        lease=timedelta(seconds=10),
        work=False,
    )
    async with engine:
        yield Notified(world=world, line=line, engine=engine, mode=mode)

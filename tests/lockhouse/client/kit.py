"""Both clients behind one face, on a world whose time a test turns: a pause passes at once, and things happen in it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2

from lockhouse.client import ApprovalRequest, AsyncCibaClient, Authentication, CibaClient, ClientSecretBasic, Clock
from lockhouse.client.exchange import Rest, Rested
from tests.protocols.surroundings import Hand
from tests.protocols.world import ISSUER, SECRETS, SHOP, World

QUESTION = ApprovalRequest(login_hint="ann", scope="openid profile", binding_message="Order 17")
BASIC = ClientSecretBasic(SHOP, SECRETS[SHOP])


@dataclass
class Network(httpx2.AsyncBaseTransport):
    """Delivers each request; loses the first *lost* answers to what ends with *path*, and *instead* answers itself.

    Whether or not its answer is lost, ``seen`` keeps what was sent.
    """

    inner: httpx2.AsyncBaseTransport
    lost: int = 0
    path: str = ""
    instead: list[httpx2.Response] = field(default_factory=list)
    seen: list[httpx2.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        meant = request.url.path.endswith(self.path)
        if meant and self.instead:
            return self.instead.pop(0)
        answer = await self.inner.handle_async_request(request)
        if meant and self.lost:
            self.lost -= 1
            await answer.aread()
            raise httpx2.ReadError("the answer was lost")
        return answer

    def sent_to(self, path: str) -> list[httpx2.Request]:
        """Return the requests to what ends with *path*."""
        return [each for each in self.seen if each.url.path.endswith(path)]


@dataclass
class Days:
    """The time of a test: each rest turns the clock by itself, and does the next of ``during``."""

    hand: Hand
    rested: list[float] = field(default_factory=list)
    during: list[Callable[[], Awaitable[object]]] = field(default_factory=list)

    def clock(self) -> Clock:
        """Return the clock for a client."""
        return Clock(now=self._seconds, steady=self._seconds)

    def _seconds(self) -> float:
        return self.hand.now().timestamp()

    async def rest(self, seconds: float) -> None:
        """Let *seconds* pass, or what happens meanwhile."""
        self.rested.append(round(seconds, 3))
        self.hand.forward(seconds)
        if self.during:
            await self.during.pop(0)()


class _AsyncQuick(AsyncCibaClient):
    days: Days

    async def _rest(self, pause: Rest) -> Rested:
        await self.days.rest(pause.seconds)
        return Rested()


class _Quick(CibaClient):
    days: Days
    loop: asyncio.AbstractEventLoop

    def _rest(self, pause: Rest) -> Rested:
        asyncio.run_coroutine_threadsafe(self.days.rest(pause.seconds), self.loop).result(20)
        return Rested()


class Bridge(httpx2.BaseTransport):
    """Carries requests of a thread into the loop where the world lives."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, loop: asyncio.AbstractEventLoop) -> None:
        self._inner, self._loop = inner, loop

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return asyncio.run_coroutine_threadsafe(self._carry(request), self._loop).result(20)

    async def _carry(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._inner.handle_async_request(request)
        content = await answer.aread()
        return httpx2.Response(answer.status_code, headers=answer.headers, content=content)


@dataclass
class Side:
    """One of the two clients, called in the same way."""

    kind: str
    client: AsyncCibaClient | CibaClient
    network: Network
    days: Days

    async def do(self, name: str, *arguments: Any, **options: Any) -> Any:
        """Call the client's method *name*."""
        method = getattr(self.client, name)
        if self.kind == "async":
            return await method(*arguments, **options)
        return await asyncio.to_thread(method, *arguments, **options)


def make_side(world: World, kind: str, authentication: Authentication = BASIC, **options: Any) -> Side:
    """Return a client of this *kind* in *world*. A provider that held polls back would do so in real time."""
    options = {"long_poll": False, **options}
    network, days = Network(world.http._transport), Days(world.clock)
    if kind == "async":
        quick = _AsyncQuick(ISSUER, authentication, clock=days.clock(), transport=network, **options)
        quick.days = days
        return Side(kind, quick, network, days)
    loop = asyncio.get_running_loop()
    slow = _Quick(ISSUER, authentication, clock=days.clock(), transport=Bridge(network, loop), **options)
    slow.days, slow.loop = days, loop
    return Side(kind, slow, network, days)


def make_resting_side(world: World, kind: str, **options: Any) -> Side:
    """Return a client that really rests, in real time."""
    network, days = Network(world.http._transport), Days(world.clock)
    clock = replace(days.clock(), steady=time.monotonic)
    client: AsyncCibaClient | CibaClient
    if kind == "async":
        client = AsyncCibaClient(ISSUER, BASIC, clock=clock, transport=network, **options)
    else:
        bridge = Bridge(network, asyncio.get_running_loop())
        client = CibaClient(ISSUER, BASIC, clock=clock, transport=bridge, **options)
    return Side(kind, client, network, days)


async def nothing() -> None:
    """Let a rest pass."""

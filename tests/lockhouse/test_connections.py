"""More connections than there is room for, and ones that say nothing: with real sockets."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lockhouse.configuration import SettingsInvalid
from lockhouse.connections import make_room
from lockhouse.serve import bind, build_server
from lockhouse.settings import ListenSection

pytestmark = pytest.mark.anyio
ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LONG = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nbeginning"


async def answer(request: Request) -> Response:
    return Response(f"{len(await request.body())} bytes")


async def slowly(_request: Request) -> Response:
    await asyncio.sleep(1.2)
    return Response("at last")


class Client:
    """One socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, text: bytes = ASK) -> bytes:
        """Send *text*; return the first line of what comes, empty where the server hangs up."""
        self.writer.write(text)
        line = await asyncio.wait_for(self.reader.readline(), 10)
        length = 0
        while line and (head := await self.reader.readline()).strip():
            name, _, value = head.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        await self.reader.readexactly(length if line else 0)
        return line.strip()

    async def is_hung_up_on(self) -> bool:
        return await asyncio.wait_for(self.reader.read(1), 10) == b""


class Place:
    """A server with little room, and those who connect to it."""

    def __init__(self, port: int, closing: AsyncExitStack) -> None:
        self._port, self._closing = port, closing

    async def connect(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self._port))
        self._closing.callback(client.writer.close)
        return client


@asynccontextmanager
async def serving(*, connections: int, patience: int) -> AsyncIterator[Place]:
    """Serve with so much room, without taking the signals of the test run."""
    started = asyncio.Event()
    routes = [Route("/", answer, methods=["GET", "POST"]), Route("/slowly", slowly)]
    application = Starlette(routes=routes)
    listen = ListenSection(connections=connections, patience=patience)
    server = build_server(application, listen=listen, on_started=started.set)
    with bind("127.0.0.1", 0) as listener:
        running = asyncio.create_task(server._serve(sockets=[listener]))
        await asyncio.wait_for(started.wait(), 10)
        async with AsyncExitStack() as closing:
            yield Place(listener.getsockname()[1], closing)
        server.should_exit = True
        await running


async def test_who_comes_on_top_is_turned_away_and_nobody_else() -> None:
    async with serving(connections=8, patience=60) as place:
        there = [await place.connect() for _ in range(8)]
        before = [await client.ask() for client in there]
        above = await place.connect()
        turned_away = await above.ask(b"")
        closed = await above.is_hung_up_on()
        after = [await client.ask() for client in there]
        there[0].writer.close()
        await there[0].writer.wait_closed()
        again = await (await place.connect()).ask()

    assert set(before) == set(after) == {b"HTTP/1.1 200 OK"}
    assert turned_away == b"HTTP/1.1 503 Service Unavailable"
    assert closed
    assert again == b"HTTP/1.1 200 OK"


async def test_who_does_not_come_to_the_point_gives_the_place_back() -> None:
    async with serving(connections=9, patience=1) as place:
        silent = [await place.connect() for _ in range(9)]
        for number, client in enumerate(silent):
            client.writer.write((b"", ASK[:-2], LONG)[number % 3])
        hung_up = [await client.is_hung_up_on() for client in silent]
        served = await (await place.connect()).ask()

    assert all(hung_up)
    assert served == b"HTTP/1.1 200 OK"


async def test_who_waits_for_an_answer_is_not_hurried() -> None:
    async with serving(connections=8, patience=1) as place:
        client = await place.connect()
        served = await client.ask(ASK.replace(b"/ ", b"/slowly ", 1))

    assert served == b"HTTP/1.1 200 OK"


def test_more_than_the_system_allows_is_a_mistake_in_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, 1024))
    with pytest.raises(SettingsInvalid, match=r"listen\.connections: .* 1024 files .* set at most 896"):
        make_room(1000)


def test_the_soft_limit_is_raised_as_far_as_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, limits: asked.append(limits))
    make_room(100)
    make_room(1000)
    assert asked == [(1128, 4096)]

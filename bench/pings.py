"""Pings on their way: how soon after an approval a client is told, and how many are told in a second."""

import asyncio
import json
import time
from dataclasses import dataclass
from statistics import quantiles

from bench.callers import Caller

TOKEN = "8d67dc78-7faa-4d41-aabd-67707b374255"
_AT_ONCE = 32
_HEAD_ENDS = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class PingFigures:
    """What came of telling *told* clients."""

    told: int
    per_second: float
    p50_ms: float
    p99_ms: float


class Listener:
    """The client's endpoint: notes when each auth_req_id was told, and answers 204."""

    def __init__(self) -> None:
        self.heard: dict[str, float] = {}
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0, backlog=1024)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(_HEAD_ENDS)).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        told = json.loads(await reader.readexactly(length))
        self.heard.setdefault(told["auth_req_id"], time.monotonic())
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()


async def measure_pings(port: int, listener: Listener, *, pings: int) -> PingFigures:
    """Approve *pings* requests of a client that is told, and wait until it has heard of all."""
    callers = [await Caller.to(port) for _ in range(_AT_ONCE)]
    ids: list[str] = []
    approved: dict[str, float] = {}

    async def ask(caller: Caller, mine: int) -> None:
        mine_of_all = range(mine, pings, _AT_ONCE)
        ids.extend([await caller.begin(0, person, client_notification_token=TOKEN) for person in mine_of_all])

    async def approve(caller: Caller, mine: int) -> None:
        for auth_req_id in ids[mine::_AT_ONCE]:
            approved[auth_req_id] = await caller.approve(auth_req_id)

    await asyncio.gather(*(ask(caller, number) for number, caller in enumerate(callers)))
    began = time.monotonic()
    await asyncio.gather(*(approve(caller, number) for number, caller in enumerate(callers)))
    while len(listener.heard) < pings:  # noqa: ASYNC110 - the listener tells nobody
        await asyncio.sleep(0.01)
    took = max(listener.heard.values()) - began
    for caller in callers:
        caller.close()
    cuts = quantiles(
        [max(0.0, listener.heard[each] - at) * 1000 for each, at in approved.items()], n=100, method="inclusive"
    )
    return PingFigures(told=pings, per_second=pings / took, p50_ms=cuts[49], p99_ms=cuts[98])

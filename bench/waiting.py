"""Pending requests that somebody waits for: held back by the server, or asked for again and again."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from bench.callers import BUSY, LATER, Answer, Caller
from bench.programs import Program

WAIT = 30
INTERVAL = 5
_AT_ONCE = 32
_WOKEN_EVERY = 0.02
# Between two parts of the crowd, so that it comes over a few seconds.
_PAUSE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFigures:
    """What *held* long polls cost one process, and how soon the *woken* ones of them heard of their approval."""

    held: int
    bytes_each: float
    woken: int
    p50_ms: float
    p99_ms: float
    longest_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CostFigures:
    """Processor seconds of the server in a minute for *pending* requests, by either way of asking."""

    pending: int
    by_interval: float
    by_waiting: float


async def begin(port: int, *, clients: int, requests: int) -> list[tuple[int, str]]:
    """Return pending requests: the client and the auth_req_id of each."""
    made: list[tuple[int, str]] = []

    async def ask(mine: int) -> None:
        caller = await Caller.to(port)
        mine_of_all = range(mine, requests, _AT_ONCE)
        made.extend([(number % clients, await caller.begin(number % clients, number)) for number in mine_of_all])
        caller.close()

    await asyncio.gather(*(ask(number) for number in range(_AT_ONCE)))
    return made


async def measure_interval(port: int, server: Program, pending: Sequence[tuple[int, str]]) -> float:
    """Return the processor seconds of a minute in which each of *pending* is asked for every five seconds."""
    before = server.cpu_seconds()

    async def ask(mine: int) -> None:
        caller = await Caller.to(port)
        for client, auth_req_id in pending[mine::_AT_ONCE]:
            assert (await caller.poll(client, auth_req_id)).body["error"] == "authorization_pending"
        caller.close()

    await asyncio.gather(*(ask(number) for number in range(_AT_ONCE)))
    return (server.cpu_seconds() - before) * 60 / INTERVAL


class Crowd:
    """One connection for each pending request, on which somebody waits until it is decided."""

    def __init__(self, port: int, pending: Sequence[tuple[int, str]]) -> None:
        self._port, self._pending = port, pending
        self._tasks: dict[str, asyncio.Task[Answer]] = {}

    async def gather(self) -> None:
        """Have everybody wait: those who came are asked in again as soon as they were sent away."""
        for at in range(0, len(self._pending), 256):
            part = self._pending[at : at + 256]
            callers = await asyncio.gather(*(Caller.to(self._port) for _ in part))
            for (client, auth_req_id), caller in zip(part, callers, strict=True):
                self._tasks[auth_req_id] = asyncio.create_task(self._wait(caller, client, auth_req_id))
            await asyncio.sleep(_PAUSE)

    async def woken(self, auth_req_id: str) -> Answer:
        """Return the answer that a decided request brought."""
        return await self._tasks[auth_req_id]

    async def leave(self) -> None:
        """Everybody hangs up."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _wait(self, caller: Caller, client: int, auth_req_id: str) -> Answer:
        try:
            while True:
                answer = await caller.poll(client, auth_req_id, wait=WAIT)
                if answer.status == BUSY:
                    await asyncio.sleep(LATER)
                elif answer.body.get("error") != "authorization_pending":
                    return answer
        finally:
            caller.close()


async def measure_waiting(
    port: int, server: Program, pending: Sequence[tuple[int, str]], *, woken: int
) -> tuple[WaitFigures, float]:
    """Hold a poll for each of *pending*, wake some, and return what it came to, and the processor seconds a minute."""
    before = server.number("memory")
    crowd = Crowd(port, pending)
    await crowd.gather()
    await asyncio.sleep(2)
    each = (server.number("memory") - before) / len(pending)
    began, used = time.monotonic(), server.cpu_seconds()
    # One whole turn: everybody is sent away once and comes back.
    await asyncio.sleep(WAIT)
    minute = (server.cpu_seconds() - used) * 60 / (time.monotonic() - began)
    delays = []
    for _, auth_req_id in pending[:woken]:
        caller = await Caller.to(port)
        at = await caller.approve(auth_req_id)
        caller.close()
        answer = await crowd.woken(auth_req_id)
        assert "access_token" in answer.body, answer
        delays.append(max(0.0, answer.at - at) * 1000)
        await asyncio.sleep(_WOKEN_EVERY)
    await crowd.leave()
    cuts = quantiles(delays, n=100, method="inclusive")
    figures = WaitFigures(
        held=len(pending), bytes_each=each, woken=woken, p50_ms=cuts[49], p99_ms=cuts[98], longest_ms=max(delays)
    )
    return figures, minute

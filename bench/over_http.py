"""How fast a flow is driven over HTTP, beside a bare route of the same server.

    .venv/bin/python bench/over_http.py [--json] [--write] [--quick] [--only sqlite|postgresql]

It is not called http.py: a script's folder comes first on Python's path, and the standard library has an http too.
A load speaks HTTP/1.1 over kept connections from this process: what it costs is the same for every line of the table.
"""

import argparse
import asyncio
import json
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from bench.programs import BenchFailed, Program, postgresql, program, python
from bench.readme import MarksMissing, write

MARKS = ("<!-- from here on written by bench/over_http.py --write -->", "<!-- to here, by bench/over_http.py -->")
NAMES = {"hello": "bare route", "echo": "JSON and back", "step": "a step", "show": "looking", "start": "a start"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one load came to: medians over the rounds."""

    database: str
    load: str
    connections: int
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    to_bare: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One load in one round."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float


class Connection:
    """One kept connection that asks and reads."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        self._reader, self._writer, self._port = reader, writer, port
        self.bearer = ""

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return the body of the answer; BenchFailed where it is a refusal."""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
        if self.bearer:
            head += f"Authorization: Bearer {self.bearer}\r\n"
        if method == "POST":
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(f"{head}\r\n".encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        told = await self._reader.readexactly(length)
        if answer[9:10] != b"2":
            raise BenchFailed(f"{method} {path}: expected an answer, found {answer[:60]!r} {told[:300]!r}")
        return told


Work = Callable[[Connection], Awaitable[Callable[[], Awaitable[object]]]]


async def hello(connection: Connection) -> Callable[[], Awaitable[object]]:
    """Ask for the bare route, again and again."""
    return lambda: connection.ask("GET", "/hello")


async def echo(connection: Connection) -> Callable[[], Awaitable[object]]:
    """Send the body of an answer to a route that only reads it."""
    return lambda: connection.ask("POST", "/echo", _ANSWER)


async def start(connection: Connection) -> Callable[[], Awaitable[object]]:
    """Start one execution after the other."""
    return lambda: connection.ask("POST", "/flows/questions/executions", b"{}")


async def show(connection: Connection) -> Callable[[], Awaitable[object]]:
    """Look at one execution."""
    step = await _begin(connection)
    path = f"/executions/{step['execution']}"
    return lambda: connection.ask("GET", path)


async def step(connection: Connection) -> Callable[[], Awaitable[object]]:
    """Answer one step after the other of one execution."""
    current = await _begin(connection)

    async def once() -> None:
        nonlocal current
        path = f"/executions/{current['execution']}/steps/{current['token']}"
        current = json.loads(await connection.ask("POST", path, _ANSWER))

    return once


_ANSWER = json.dumps({"action": "submit", "values": {"answer": "and then I went home"}}).encode()
WORK: Mapping[str, Work] = {"hello": hello, "echo": echo, "step": step, "show": show, "start": start}


async def _begin(connection: Connection) -> dict[str, Any]:
    told = json.loads(await connection.ask("POST", "/flows/questions/executions", b"{}"))
    connection.bearer = told["capability"]
    found: dict[str, Any] = told["step"]
    return found


async def load(server: Program, port: int, work: Work, *, connections: int, seconds: float) -> Sample:
    """Do *work* over so many connections for so many seconds."""
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]
    acts = [await work(Connection(reader, writer, port)) for reader, writer in opened]
    spent: list[float] = []
    cpu, began = server.cpu_seconds(), time.perf_counter()

    async def repeat(act: Callable[[], Awaitable[object]]) -> None:
        while (at := time.perf_counter()) < began + seconds:
            await act()
            spent.append(time.perf_counter() - at)

    await asyncio.gather(*(repeat(act) for act in acts))
    lasted, used = time.perf_counter() - began, server.cpu_seconds() - cpu
    for _, writer in opened:
        writer.close()
    return Sample(
        rate=len(spent) / lasted,
        p50_ms=median(spent) * 1000,
        p99_ms=quantiles(spent, n=100)[98] * 1000,
        cpu_ms=used * 1000 / len(spent),
    )


def measure(*, only: str | None, rounds: int, seconds: float, connections: tuple[int, ...]) -> dict[str, Any]:
    """Load both databases in rounds and return all that was found."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lockhouse-bench-")))
        urls: dict[str, str] = {}
        durable: Mapping[str, str] = {}
        if only != "postgresql":
            urls["sqlite"] = f"sqlite:///{folder / 'flows.sqlite'}"
        if only != "sqlite":
            urls["postgresql"], durable = stack.enter_context(postgresql())
        lines = []
        for name, url in urls.items():
            server = stack.enter_context(program(name, *python("http_target", url)))
            lines += _lines(
                name, server, server.number("ready"), rounds=rounds, seconds=seconds, connections=connections
            )
    about = {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **({"postgresql": durable["server_version"]} if durable else {}),
        "rounds": rounds,
        "seconds_each_load": seconds,
    }
    return {"about": about, "table": [asdict(line) for line in lines], "text": as_markdown(about, lines)}


def _lines(
    name: str, server: Program, port: int, *, rounds: int, seconds: float, connections: tuple[int, ...]
) -> list[Line]:
    found = []
    for count in connections:
        samples: dict[str, list[Sample]] = {kind: [] for kind in WORK}
        for _ in range(rounds):
            for kind, work in WORK.items():
                sample = asyncio.run(load(server, port, work, connections=count, seconds=seconds))
                samples[kind].append(sample)
        for kind, taken in samples.items():
            # A ratio is taken inside each round: the machine may be slower in another.
            ratios = [each.rate / bare.rate for each, bare in zip(taken, samples["hello"], strict=True)]
            found.append(
                Line(
                    database=name,
                    load=kind,
                    connections=count,
                    rate=median(each.rate for each in taken),
                    p50_ms=median(each.p50_ms for each in taken),
                    p99_ms=median(each.p99_ms for each in taken),
                    cpu_ms=median(each.cpu_ms for each in taken),
                    to_bare=median(ratios),
                )
            )
    return found


def as_markdown(about: Mapping[str, Any], lines: list[Line]) -> str:
    """Return the table for people."""
    head = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in about.items())
    rows = [
        f"| {line.database} | {NAMES[line.load]} | {line.connections} | {line.rate:,.0f} | {line.p50_ms:.2f} "
        f"| {line.p99_ms:.2f} | {line.cpu_ms:.2f} | {line.to_bare:.2f} |"
        for line in lines
    ]
    table = [
        "| database | load | c | a second | p50, ms | p99, ms | CPU, ms | of the bare route |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        *rows,
    ]
    return f"{head}.\n\n" + "\n".join(table)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench/over_http.py", description="Measure the flow API beside a bare route.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help="put what was found into bench/README.md")
    parser.add_argument("--quick", action="store_true", help="see that it works: one short round")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database")
    asked = parser.parse_args()
    rounds, seconds, connections = (1, 0.5, (1, 16)) if asked.quick else (5, 1.5, (1, 16, 64))
    try:
        found = measure(only=asked.only, rounds=rounds, seconds=seconds, connections=connections)
        if asked.write:
            write(found["text"], marks=MARKS)
    except (BenchFailed, MarksMissing) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(found, indent=2) if asked.json else found["text"])
    return 0


if __name__ == "__main__":
    sys.exit(main())

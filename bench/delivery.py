"""What it costs to tell clients: long polls that wait in one process, pings, and either kind of poll in a minute.

    .venv/bin/python bench/delivery.py [--json] [--write] [--quick] [--only waiting|pings]

Everything runs on loopback and SQLite, in processes and folders of its own that are gone at the end.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.pings import Listener, PingFigures, measure_pings
from bench.programs import BenchFailed, Program, program, python
from bench.readme import MarksMissing, write
from bench.waiting import CostFigures, WaitFigures, begin, measure_interval, measure_waiting
from lockhouse.connections import make_room

MARKS = ("<!-- from here on written by bench/delivery.py --write -->", "<!-- to here, by bench/delivery.py -->")
_MOST = 11_000
_SETTINGS = {"LOCKHOUSE_CIBA__LONG_POLLS": "100000", "LOCKHOUSE_CIBA__LONG_POLLS_PER_CLIENT": "100000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is done."""

    clients: int = 500
    waiting: int = 10_000
    woken: int = 500
    pings: int = 1_000


QUICK = Plan(clients=20, waiting=300, woken=40, pings=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything that was measured."""

    waiting: WaitFigures | None
    cost: CostFigures | None
    pings: PingFigures | None


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench/delivery.py", description="Measure how clients are told.")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--write", action="store_true", help="put what was found into bench/README.md")
    parser.add_argument("--quick", action="store_true", help="see that it works: few requests")
    parser.add_argument("--only", choices=["waiting", "pings"], help="one of the two")
    asked = parser.parse_args()
    if asked.write and (asked.quick or asked.only):
        parser.error("--write: expected the whole plan, found a part of it: leave out --only and --quick")
    try:
        make_room(_MOST)
        found = asyncio.run(measure(QUICK if asked.quick else Plan(), only=asked.only))
        text = as_report(found)
        if asked.write:
            write(text, marks=MARKS)
    except (BenchFailed, MarksMissing) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(found), indent=2) if asked.json else text)
    return 0


async def measure(plan: Plan, *, only: str | None) -> Found:
    """Measure what is asked for, each on a server of its own."""
    waiting, cost = await _measure_waiting(plan) if only in (None, "waiting") else (None, None)
    pings = await _measure_pings(plan) if only in (None, "pings") else None
    return Found(waiting=waiting, cost=cost, pings=pings)


async def _measure_waiting(plan: Plan) -> tuple[WaitFigures, CostFigures]:
    with _server(plan, **_SETTINGS) as (server, port):
        pending = await begin(port, clients=plan.clients, requests=plan.waiting)
        by_interval = await measure_interval(port, server, pending)
        waiting, by_waiting = await measure_waiting(port, server, pending, woken=plan.woken)
    return waiting, CostFigures(pending=plan.waiting, by_interval=by_interval, by_waiting=by_waiting)


async def _measure_pings(plan: Plan) -> PingFigures:
    listener = Listener()
    async with listener as origin:
        arguments = ("--deliver", "--ping", f"{origin}/told")
        with _server(plan, *arguments, LOCKHOUSE_OUTGOING__ALLOWED=origin) as (_, port):
            return await measure_pings(port, listener, pings=plan.pings)


@contextmanager
def _server(plan: Plan, *arguments: str, **settings: str) -> Iterator[tuple[Program, int]]:
    persons = max(plan.waiting, plan.pings)
    os.environ.update(settings)
    with tempfile.TemporaryDirectory(prefix="lockhouse-bench-") as folder:
        size = (str(plan.clients), str(persons))
        with program("lockhouse", *python("target", str(Path(folder) / "op"), "", *size, *arguments)) as server:
            yield server, server.number("ready")
    for name in settings:
        del os.environ[name]


def as_report(found: Found) -> str:
    """Return what was found, for people."""
    about = f"cores {os.cpu_count()}, load_average {os.getloadavg()[2]:.1f}, SQLite"
    rows = ["| what | figure |", "| --- | --- |", *(f"| {name} | {figure} |" for name, figure in _rows(found))]
    return "\n".join([about, "", *rows])


def _rows(found: Found) -> Iterator[tuple[str, Any]]:
    if (held := found.waiting) is not None:
        yield f"long polls waiting in one process: {held.held:,}", f"{held.bytes_each / 1000:.1f} kB each"
        heard = f"{held.p50_ms:.1f} ms p50, {held.p99_ms:.1f} ms p99, {held.longest_ms:.1f} ms at most"
        yield f"from the commit of an approval to its client ({held.woken:,} of them)", heard
    if (cost := found.cost) is not None:
        yield f"a minute of {cost.pending:,} pending, polled every 5 s", f"{cost.by_interval:.1f} CPU seconds"
        yield f"a minute of {cost.pending:,} pending, long polls of 30 s", f"{cost.by_waiting:.1f} CPU seconds"
    if (pings := found.pings) is not None:
        yield f"pings: {pings.told:,}", f"{pings.per_second:.0f} a second, approvals included"
        yield "from the commit of an approval to its ping", f"{pings.p50_ms:.1f} ms p50, {pings.p99_ms:.1f} ms p99"


if __name__ == "__main__":
    sys.exit(main())

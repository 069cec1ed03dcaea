"""How fast the protocol is, beside a bare route and beside oidc-provider in memory.

    .venv/bin/python bench/protocol.py [--json] [--rounds N] [--quick]

Everything runs on loopback, in processes and folders of its own that are gone at the end. bench/README.md explains.
"""

import argparse
import asyncio
import json
import os
import platform
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.counting import count_work
from bench.figures import (
    CIBA_KINDS,
    FLOOR,
    KINDS,
    PEER,
    POSTGRESQL,
    SQLITE,
    Sample,
    as_markdown,
    judged,
    lines,
    memory_as_markdown,
    work_as_markdown,
)
from bench.people import register
from bench.programs import BenchFailed, Program, install_peers, node, peer_versions, postgresql, program, python
from bench.target import SETTINGS
from lockhouse.configuration import load_configuration
from lockhouse.installation import create_installation, opened
from lockhouse.logs import configure_logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is done."""

    rounds: int
    seconds: float
    connections: tuple[int, ...]
    clients: int
    persons: int
    pending: int


FULL = Plan(rounds=5, seconds=1.5, connections=(1, 16, 64), clients=500, persons=10_000, pending=10_000)
QUICK = Plan(rounds=1, seconds=0.5, connections=(1, 16), clients=20, persons=500, pending=3_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A server under load."""

    name: str
    server: Program
    port: int
    kinds: tuple[str, ...]
    ids: Path


def main() -> int:
    """Measure and print."""
    asked = _arguments()
    # Whoever ends us by SIGTERM, a time limit say, has everything that we started ended as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    plan = QUICK if asked.quick else FULL
    plan = Plan(**{**asdict(plan), "rounds": asked.rounds or plan.rounds})
    try:
        install_peers()
        found = measure(plan)
    except BenchFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(found, indent=2) if asked.json else found["text"])
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure Lockhouse's protocol beside a bare route and oidc-provider.")
    parser.add_argument("--json", action="store_true", help="print everything, each sample too, as JSON")
    parser.add_argument("--rounds", type=int, help="rounds of all loads (5; the median of fewer says little)")
    parser.add_argument("--quick", action="store_true", help="see that it works: one short round")
    asked = parser.parse_args()
    if asked.rounds is not None and not 1 <= asked.rounds <= 50:
        parser.error("--rounds: expected 1 to 50")
    return asked


def measure(plan: Plan) -> dict[str, Any]:
    """Count, fill, load in rounds, and return all that was found."""
    began = time.monotonic()
    work = asyncio.run(_count())
    with subjects(plan) as (running, load, durable):
        memory = {each.name: _fill(each, load, plan) for each in running if each.name != FLOOR}
        samples = list(_rounds(running, load, plan))
    table = lines(samples)
    about = {**_about(), **durable, **peer_versions(), "seconds": round(time.monotonic() - began)}
    parts = [
        ", ".join(f"{name} {value}" for name, value in about.items()),
        as_markdown(table),
        work_as_markdown(work),
        memory_as_markdown(memory),
        "\n".join(judged(table)),
    ]
    return {
        "about": about,
        "plan": asdict(plan),
        "table": [asdict(line) for line in table],
        "work": work,
        "memory": memory,
        "samples": [asdict(sample) for sample in samples],
        "text": "\n\n".join(parts),
    }


async def _count() -> dict[str, dict[str, int]]:
    """Count the database's work in a small installation of its own."""
    os.environ.update(SETTINGS)
    configure_logs(form="console", level="error")
    with tempfile.TemporaryDirectory(prefix="lockhouse-bench-") as folder:
        # Making an installation runs an event loop of its own.
        made = await asyncio.to_thread(
            create_installation, Path(folder) / "op", issuer="http://localhost:8400", url=None
        )
        assert made.file is not None
        async with opened(load_configuration(made.file)) as installation:
            await register(installation, clients=1, persons=2)
            return await count_work(installation)


@contextmanager
def subjects(plan: Plan) -> Iterator[tuple[list[Subject], Program, dict[str, str]]]:
    """Start everything, and end it."""
    size = (str(plan.clients), str(plan.persons))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lockhouse-bench-")))
        url, durable = stack.enter_context(postgresql())
        commands = {
            FLOOR: python("floor"),
            PEER: node("peer.mjs", *size),
            SQLITE: python("target", str(folder / "sqlite"), "", *size),
            POSTGRESQL: python("target", str(folder / "postgresql"), url, *size),
        }
        running = []
        for name, command in commands.items():
            server = stack.enter_context(program(name, *command))
            kinds = ("hello", "form") if name == FLOOR else CIBA_KINDS
            ids = folder / f"{name.replace(' ', '-')}.ids"
            running.append(Subject(name=name, server=server, port=server.number("ready"), kinds=kinds, ids=ids))
        load = stack.enter_context(program("autocannon", *node("load.mjs")))
        yield running, load, {f"postgresql_{name}": value for name, value in durable.items()}


def _fill(subject: Subject, load: Program, plan: Plan) -> dict[str, float]:
    """Make the pending requests that polls ask for, and return what they cost in memory."""
    # What only the first requests cost: compiled code, plans, caches.
    for kind in ("begin", "cycle"):
        _load(load, _job(subject, plan, kind, 4, 0) | {"seconds": min(plan.seconds, 1.0)})
    before = subject.server.number("memory")
    _load(load, _job(subject, plan, "begin", 16, 0) | {"amount": plan.pending})
    growth = subject.server.number("memory") - before
    return {"before": before, "per_10000": growth * 10_000 / plan.pending}


def _rounds(running: list[Subject], load: Program, plan: Plan) -> Iterator[Sample]:
    for number in range(plan.rounds):
        for kind in KINDS:
            for connections in plan.connections:
                able = [each for each in running if kind in each.kinds]
                # Nobody is always first, or always right after the same other one.
                turned = able[number % len(able) :] + able[: number % len(able)]
                for subject in turned:
                    job = _job(subject, plan, kind, connections, number)
                    before = subject.server.cpu_seconds()
                    found = _load(load, job)
                    yield _sample(number, subject, job, found, subject.server.cpu_seconds() - before)


def _sample(
    number: int, subject: Subject, job: Mapping[str, Any], found: Mapping[str, Any], cpu_seconds: float
) -> Sample:
    each = KINDS[job["kind"]][1]
    return Sample(
        round=number,
        subject=subject.name,
        kind=job["kind"],
        connections=job["connections"],
        rate=found["per_second"] / each,
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        cpu_ms=cpu_seconds * 1000 / max(1, found["answered"]) * each,
    )


def _job(subject: Subject, plan: Plan, kind: str, connections: int, number: int) -> dict[str, Any]:
    return {
        "url": f"http://127.0.0.1:{subject.port}",
        "kind": kind,
        "connections": connections,
        "seconds": plan.seconds,
        "clients": plan.clients,
        "persons": plan.persons,
        # Other people in each round, so that nobody is asked far more often than others.
        "offset": number * 7919 + connections * 101,
        "ids": str(subject.ids),
    }


def _load(load: Program, job: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(load.say(json.dumps(job)))
    if found["wrong"]:
        raise BenchFailed(f"{job['kind']} at {job['url']}: {found['wrong']} wrong answers, such as {found['sample']}")
    return found


def _about() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": str(os.cpu_count()),
        "memory": f"{memory / 1e9:.0f} GB",
        "load_average": f"{os.getloadavg()[2]:.1f}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "sqlite_synchronous": "FULL",
        **{name: version(name) for name in ("lockhouse", "starlette", "uvicorn", "uvloop", "sqlalchemy", "psycopg")},
    }


if __name__ == "__main__":
    sys.exit(main())

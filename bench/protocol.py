"""How fast the protocol is, beside a bare route and beside oidc-provider in memory.

    .venv/bin/python bench/protocol.py [--json] [--write] [--quick] [--only LOADS] [--c N,…] [--subject WHO] …

Everything runs on loopback, in processes and folders of its own that are gone at the end. bench/README.md explains.
"""

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

from bench.client_keys import make_client_key
from bench.counting import count_work
from bench.figures import FLOOR, KINDS, PEER, POSTGRESQL, SQLITE, Sample, as_report, lines
from bench.people import register
from bench.plan import Plan, read_arguments
from bench.programs import BenchFailed, Program, install_peers, node, peer_versions, postgresql, program, python
from bench.readme import MarksMissing, write
from bench.target import SETTINGS
from lockhouse.configuration import load_configuration
from lockhouse.installation import create_installation, opened
from lockhouse.logs import configure_logs

# What hangs, a program or a load, is ended this many times after the plan's own time.
_PATIENCE = 2


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
    asked = read_arguments()
    # Whoever ends us by SIGTERM, a time limit say, has everything that we started ended as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(round(asked.plan.minutes * 60 * _PATIENCE))
    try:
        install_peers()
        found = measure(asked.plan)
        if asked.write:
            write(found["text"])
    except (BenchFailed, MarksMissing) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(found, indent=2) if asked.json else found["text"])
    return 0


def _too_long(*_: object) -> None:
    raise BenchFailed("a load or a program did not end: try again, or with a greater --minutes")


def measure(plan: Plan) -> dict[str, Any]:
    """Count, fill, load in rounds, and return all that was found."""
    began = time.monotonic()
    work = asyncio.run(_count())
    with subjects(plan) as (running, load, durable):
        memory = {each.name: _fill(each, load, plan) for each in running if "poll" in each.kinds}
        samples = list(_rounds(running, load, plan, began=began))
    table = lines(samples)
    rounds = len({sample.round for sample in samples})
    about = {
        **_about(),
        **durable,
        **peer_versions(),
        "clients": plan.clients,
        "persons": plan.persons,
        "pending": plan.pending,
        "rounds": rounds,
        "seconds_each_load": plan.seconds,
        "seconds_in_all": round(time.monotonic() - began),
    }
    return {
        "about": about,
        "plan": asdict(plan),
        "table": [asdict(line) for line in table],
        "work": work,
        "memory": memory,
        "samples": [asdict(sample) for sample in samples],
        "text": as_report(about=about, table=table, work=work, memory=memory),
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
    """Start everything that *plan* has a load for, and end it."""
    size = (str(plan.clients), str(plan.persons))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lockhouse-bench-")))
        make_client_key(folder)
        wanted = plan.loaded
        url, durable = stack.enter_context(postgresql()) if POSTGRESQL in wanted else ("", {})
        commands = {
            FLOOR: python("floor"),
            PEER: node("peer.mjs", *size),
            SQLITE: python("target", str(folder / "sqlite"), "", *size),
            POSTGRESQL: python("target", str(folder / "postgresql"), url, *size),
        }
        running = []
        for name in wanted:
            server = stack.enter_context(program(name, *commands[name]))
            ids = folder / f"{name.replace(' ', '-')}.ids"
            running.append(
                Subject(name=name, server=server, port=server.number("ready"), kinds=plan.kinds_of(name), ids=ids)
            )
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


def _rounds(running: list[Subject], load: Program, plan: Plan, *, began: float) -> Iterator[Sample]:
    longest = 0.0
    for number in range(plan.rounds):
        started = time.monotonic()
        if number and started + longest > began + plan.minutes * 60:
            return
        yield from _round(number, running, load, plan)
        longest = max(longest, time.monotonic() - started)


def _round(number: int, running: list[Subject], load: Program, plan: Plan) -> Iterator[Sample]:
    for kind in KINDS:
        able = [each for each in running if kind in each.kinds]
        if not able:
            continue
        # Nobody is always first, or always right after the same other one.
        turned = able[number % len(able) :] + able[: number % len(able)]
        for connections in plan.connections:
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

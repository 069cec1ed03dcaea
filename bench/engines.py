"""The same five-step flow with one pause on Lockhouse's engine and on others, SQLite FULL, in one run.

``--quick`` (does it work?), ``--json`` (every sample), ``--write`` (the table into bench/README.md, section Engine),
``--only NAME,NAME``. The peers of ``requirements-peers.txt`` are installed into a virtual environment of their own.
"""

import argparse
import asyncio
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

import uvloop
from sqlalchemy import text

from bench.readme import write
from engine import Context, Contract, Done, Engine
from engine.language import load_flows
from engine.storage import ENGINE_TABLES, Database, Keyring, Unit, upgrade

ROOT: Final = Path(__file__).resolve().parent.parent
MARKS: Final = ("<!-- written by bench/engines.py --write -->", "<!-- to the end of the engine's -->")
OURS: Final = "Lockhouse"
PEERS: Final = ("LangGraph", "SpiffWorkflow", "Burr", "transitions loop")
FLOW = """
flow: five
version: 1.0.0
language: 1
type: utility
title: Five steps with one pause
outcomes: {done: {total: integer}}
start: one
nodes:
  one: {task: count, with: {number: 1}, routes: {counted: two}}
  two: {task: count, with: {number: 2}, routes: {counted: ask}}
  ask: {prompt: {title: "Go on?"}, submits: [], routes: {go: three}}
  three: {task: count, with: {number: 3}, routes: {counted: done}}
  done: {end: done, with: {total: =steps.three.total}}
"""


class Count:
    """A step that costs nothing but being a step."""

    contract = Contract.declare(
        name="count",
        summary="Counts.",
        effect="transactional",
        inputs={"number": "integer"},
        outcomes={"counted": {"total": "integer"}},
    )

    def run(self, _unit: Unit, _context: Context, inputs: Mapping[str, Any]) -> Done:
        """Count."""
        return Done("counted", {"total": inputs["number"]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One engine with so many flows in flight, in one round."""

    subject: str
    in_flight: int
    rate: float
    resume_p50_ms: float
    resume_p99_ms: float
    parked_bytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """An engine that begins on a database with parked flows."""

    flows: int
    start_up_ms: float
    memory_mb: float
    without_memory_mb: float
    due_plan: str


def made_engine(folder: Path, name: str) -> tuple[Engine, Path]:
    """Return an engine on a new file."""
    flows = folder / "flows"
    flows.mkdir(exist_ok=True)
    (flows / "five.yaml").write_text(FLOW)
    path = folder / f"{name}.sqlite"
    upgrade(f"sqlite:///{path}", [ENGINE_TABLES])
    return opened_engine(folder, path), path


def opened_engine(folder: Path, path: Path) -> Engine:
    """Return an engine on the file *path*."""
    return Engine(
        database=Database.open(f"sqlite:///{path}"),
        flows=load_flows(folder / "flows", contracts=[Count.contract]),
        executors=[Count()],
        on_end={"nobody": lambda _unit, _ended: None},
        senders={},
        keyring=Keyring({"k1": bytes(32)}, "k1"),
    )


async def begun(engine: Engine, name: str) -> str:
    """Begin one flow and return the token of its pause."""
    step = await engine.begin(execution=name, flow="five", inputs={}, on_end="nobody", correlation=name)
    return step.token or ""


async def ours(folder: Path, flows: int, in_flight: int) -> Sample:
    """Measure our engine."""
    engine, path = made_engine(folder, f"lockhouse-{in_flight}-{time.monotonic_ns()}")
    resumed: list[float] = []
    async with engine:
        gate = asyncio.Semaphore(in_flight)

        async def whole(number: int) -> None:
            async with gate:
                token = await begun(engine, f"f{number}")
                started = time.perf_counter()
                step = await engine.submit(f"f{number}", token=token, action="go", values={})
                resumed.append((time.perf_counter() - started) * 1000)
                if step.outcome != "done":
                    raise AssertionError(step)

        await whole(-1)
        resumed.clear()
        started = time.perf_counter()
        await asyncio.gather(*(whole(number) for number in range(flows)))
        rate = flows / (time.perf_counter() - started)
        size = file_size(path)
        await asyncio.gather(*(begun(engine, f"p{number}") for number in range(flows)))
        parked = (file_size(path) - size) / flows
        await engine.database.close()
    return sample(OURS, in_flight, rate, sorted(resumed), parked)


async def parked(folder: Path, flows: int) -> Parked:
    """Park *flows*, and look at an engine that begins beside them, in a process of its own."""
    engine, path = made_engine(folder, "parked")
    async with engine:
        for first in range(0, flows, 500):
            await asyncio.gather(*(begun(engine, f"p{number}") for number in range(first, min(first + 500, flows))))
        await engine.database.close()
    empty, empty_path = made_engine(folder, "empty")
    await empty.database.close()
    seconds, memory, plan = beginning(folder, path)
    _, without, _ = beginning(folder, empty_path)
    return Parked(flows=flows, start_up_ms=seconds * 1000, memory_mb=memory, without_memory_mb=without, due_plan=plan)


def beginning(folder: Path, path: Path) -> tuple[float, float, str]:
    """Return how long opening takes in a new process, its memory in MB, and how it looks for due timers."""
    asked = [sys.executable, __file__, "--open", str(folder), str(path)]
    said = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
    return said["seconds"], said["memory"], said["plan"]


async def open_and_tell(folder: Path, path: Path) -> dict[str, Any]:
    """Open an engine, let it look for due work once, and tell what that took."""
    engine = opened_engine(folder, path)
    started = time.perf_counter()
    async with engine:
        await engine.run_due()
        seconds = time.perf_counter() - started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        due = text(
            "EXPLAIN QUERY PLAN SELECT id FROM engine_executions WHERE status IN ('ready', 'waiting', 'ending') "
            "AND wake_at <= 0 ORDER BY wake_at LIMIT 64"
        )
        rows = await engine.database.read(lambda unit: unit.execute(due).all())
        await engine.database.close()
    return {"seconds": seconds, "memory": memory, "plan": "; ".join(str(row[-1]) for row in rows)}


def file_size(path: Path) -> int:
    """Return what a database takes on disk, with its log written back."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def peers_python(folder: Path) -> Path:
    """Install the peers into *folder* and return the Python that has them."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    wanted = ROOT / "bench" / "requirements-peers.txt"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", str(wanted)]
    subprocess.run(pip, check=True)
    return python


def of_peer(python: Path, name: str, folder: Path, flows: int, in_flight: int) -> tuple[Sample, dict[str, str]]:
    """Measure one peer in a process of its own."""
    script = str(ROOT / "bench" / "engines_peers.py")
    asked = [str(python), script, name, str(folder), str(flows), str(in_flight)]
    said = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
    found = sample(name, in_flight, said["rate"], said["resume_ms"], said["parked_bytes"])
    return found, said["versions"]


def sample(subject: str, in_flight: int, rate: float, resumed: Sequence[float], parked_bytes: float) -> Sample:
    """Return a sample with the percentiles of *resumed* (sorted, milliseconds)."""
    return Sample(
        subject=subject,
        in_flight=in_flight,
        rate=rate,
        resume_p50_ms=resumed[len(resumed) // 2],
        resume_p99_ms=resumed[min(len(resumed) - 1, len(resumed) * 99 // 100)],
        parked_bytes=parked_bytes,
    )


def ratios(samples: Sequence[Sample]) -> dict[tuple[str, int], float]:
    """Return how many times as many flows a second ours does, by peer and flows in flight; medians of the rounds."""
    rate = {
        (subject, in_flight): median(s.rate for s in samples if (s.subject, s.in_flight) == (subject, in_flight))
        for subject, in_flight in {(s.subject, s.in_flight) for s in samples}
    }
    return {
        (subject, in_flight): rate[OURS, in_flight] / found
        for (subject, in_flight), found in rate.items()
        if subject != OURS and (OURS, in_flight) in rate
    }


def as_markdown(samples: Sequence[Sample], parking: Parked | None, versions: Mapping[str, str]) -> str:
    """Return what is written into the README."""
    lines = [
        ", ".join(f"{name} {number}" for name, number in sorted(versions.items())),
        "",
        "| engine | in flight | flows per second | resume p50 ms | resume p99 ms | bytes a parked flow | ours is |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    times = ratios(samples)
    for subject, in_flight in dict.fromkeys((s.subject, s.in_flight) for s in samples):
        of = [s for s in samples if (s.subject, s.in_flight) == (subject, in_flight)]
        ours_is = f"{times[subject, in_flight]:.1f} times" if (subject, in_flight) in times else ""
        rate, size = median(s.rate for s in of), median(s.parked_bytes for s in of)
        p50, p99 = median(s.resume_p50_ms for s in of), median(s.resume_p99_ms for s in of)
        lines.append(f"| {subject} | {in_flight} | {rate:,.0f} | {p50:.1f} | {p99:.1f} | {size:,.0f} | {ours_is} |")
    if parking is not None:
        told = (
            f"With {parking.flows:,} flows parked an engine opens in {parking.start_up_ms:,.0f} ms and takes "
            f"{parking.memory_mb:,.0f} MB, with none parked {parking.without_memory_mb:,.0f} MB. "
            f"It finds due timers by `{parking.due_plan}`."
        )
        lines += ["", told]
    return "\n".join(lines)


def main() -> int:
    """Measure, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--json", action="store_true", help="print every sample")
    parser.add_argument("--write", action="store_true", help="put the table into bench/README.md")
    parser.add_argument("--only", default="", help="peers to measure, by name, with commas")
    parser.add_argument("--peers", type=Path, default=ROOT / "bench" / ".peers", help="where the peers are installed")
    parser.add_argument("--open", nargs=2, type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.open:
        sys.stdout.write(json.dumps(uvloop.run(open_and_tell(*asked.open))))
        return 0
    rounds, flows, many = (1, 40, 1_000) if asked.quick else (3, 600, 100_000)
    names = [name for name in PEERS if not asked.only or name in asked.only.split(",")]
    python = peers_python(asked.peers) if names else Path()
    samples: list[Sample] = []
    versions = {name: version(name) for name in ("lockhouse", "uvloop")}
    versions |= {"python": sys.version.split()[0], "sqlite_synchronous": "FULL"}
    with tempfile.TemporaryDirectory(prefix="bench-engine-") as place:
        folder = Path(place)
        for number in range(rounds):
            for in_flight in (1, 32):
                samples.append(uvloop.run(ours(folder, flows, in_flight)))
                for name in names:
                    within = folder / f"{number}-{name.split()[0]}"
                    within.mkdir(exist_ok=True)
                    found, of_it = of_peer(python, name, within, max(20, flows // 4), in_flight)
                    samples.append(found)
                    versions |= of_it
        parking = uvloop.run(parked(folder, many))
    table = as_markdown(samples, parking, versions)
    if asked.json:
        said = {"samples": [asdict(s) for s in samples], "parked": asdict(parking), "versions": versions}
        sys.stdout.write(json.dumps(said, indent=1) + "\n")
    else:
        sys.stdout.write(table + "\n")
    if asked.write:
        write(table, marks=MARKS)
    return 0


if __name__ == "__main__":
    sys.exit(main())

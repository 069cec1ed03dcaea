"""Make each change that a test of tests/spec names, run that one test, and expect it to fail.

    run_spec_mutants.py [TEXT ...]    only mutants of tests whose name holds one of TEXT

The programs' own modules are imported after a fork, each time anew: the one that is changed comes from memory, so
that nothing is written and no two mutants meet.
"""

import importlib
import importlib.machinery
import importlib.util
import os
import pickle
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
# What takes long to import and is never changed: had once, before the first fork.
WARM = (
    *("alembic.command", "alembic.operations.toimpl", "argon2", "cryptography.x509", "httpx2"),
    *(
        "engine",
        "engine.storage",
        "engine.testing",
        "jwt",
        "phonenumbers",
        "psycopg",
        "pydantic",
        "pytest",
        "sqlalchemy.dialects.postgresql",
    ),
    *("sqlalchemy.dialects.sqlite", "starlette.applications", "structlog", "uvicorn", "yaml"),
)
PYTEST = (
    "-q",
    "--no-header",
    "--assert=plain",
    "-p",
    "no:cacheprovider",
    "-p",
    "anyio.pytest_plugin",
    "-p",
    "pytest_timeout",
)
SECONDS = 60


class Changed(importlib.machinery.SourceFileLoader):
    """Finds and loads one module, from changed source; every other module is found as ever."""

    def __init__(self, file: str, source: str) -> None:
        parts = Path(file).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        super().__init__(name, str(ROOT / file))
        self._source = source

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol's signature
        target: ModuleType | None = None,  # noqa: ARG002 - the same
    ) -> importlib.machinery.ModuleSpec | None:
        """Return where the changed module is; None for another one."""
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, name: str) -> CodeType:  # noqa: ARG002 - the loader's signature
        """Return the changed code, whatever is cached of the unchanged."""
        return compile(self._source, self.path, "exec", dont_inherit=True)


@dataclass
class Watch:
    """A plug-in of pytest that remembers how the test went, phase by phase."""

    failed: list[str] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note a phase that failed."""
        if report.failed:
            self.failed.append(report.when)


@dataclass(frozen=True)
class Verdict:
    """What came of one mutant: red is what is wanted."""

    colour: str
    said: str


def list_mutants() -> tuple[Any, ...]:
    """Return every mutant. Imports all tests: for a process of its own."""
    return tuple(importlib.import_module("tests.spec.collecting").mutants())


def judge(mutant: Any) -> Verdict:
    """Run the mutant's test with its change. For a process of its own."""
    pytest = importlib.import_module("pytest")
    try:
        sys.meta_path.insert(0, Changed(mutant.mutation.file, mutant.mutation.source()))
    except ValueError as error:
        return Verdict("broken", str(error))
    watch = Watch()
    with tempfile.TemporaryFile("w+") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        code = pytest.main([*PYTEST, f"--timeout={SECONDS}", mutant.proof.node], plugins=[watch])
        sys.stdout.flush()
        said.seek(0)
        text = said.read()
    if "call" in watch.failed:
        return Verdict("red", "")
    return Verdict("green" if code == 0 else "broken", text[-2000:])


@dataclass(frozen=True)
class Child:
    """A process that computes one value and leaves it in a file."""

    pid: int
    file: Path

    @classmethod
    def begin(cls, folder: Path, compute: Callable[[], Any]) -> "Child":
        """Fork; the new process computes and ends without returning here."""
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        if pid := os.fork():
            return cls(pid, Path(name))
        signal.alarm(2 * SECONDS)  # whatever hangs is ended by it
        try:
            made = compute()
        except BaseException:  # noqa: BLE001 - a process that says what ended it, and then ends
            made = Verdict("broken", traceback.format_exc())
        try:
            Path(name).write_bytes(pickle.dumps(made))
        finally:
            os._exit(0)

    def result(self) -> Any:
        """Return what it computed, None where it ended before that."""
        made = self.file.read_bytes()
        return pickle.loads(made) if made else None


def judge_all(mutants: Sequence[Any], folder: Path) -> Iterator[tuple[Any, Verdict]]:
    """Yield each mutant with its verdict, a few at a time."""
    waiting = list(mutants)
    running: dict[int, tuple[Any, Child]] = {}
    while waiting or running:
        while waiting and len(running) < WORKERS:
            mutant = waiting.pop(0)
            child = Child.begin(folder, partial(judge, mutant))
            running[child.pid] = (mutant, child)
        pid, _ = os.wait()
        mutant, child = running.pop(pid)
        yield mutant, child.result() or Verdict("broken", "its process ended early")


def main(wanted: list[str]) -> int:
    """Judge every mutant and print the table."""
    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path.insert(0, str(ROOT))
    for name in WARM:
        importlib.import_module(name)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        listing = Child.begin(Path(folder), list_mutants)
        os.waitpid(listing.pid, 0)
        found = listing.result()
        if not isinstance(found, tuple):
            print(f"the tests cannot be listed: {found}")
            return 1
        chosen = [one for one in found if not wanted or any(text in one.proof.test for text in wanted)]
        rows = []
        for mutant, verdict in judge_all(chosen, Path(folder)):
            print(f"{verdict.colour:6} {mutant.proof.test}  ({mutant.mutation.file})", flush=True)
            rows.append((mutant, verdict))
    left = [(mutant, verdict) for mutant, verdict in rows if verdict.colour != "red"]
    for mutant, verdict in left:
        change = f"{mutant.mutation.replace!r}\n  became {mutant.mutation.by!r}"
        print(f"\n{verdict.colour}: {mutant.proof.node}\n  {change}\n{verdict.said}")
    print(f"{len(rows) - len(left)} of {len(rows)} mutants are red, in {time.monotonic() - began:.0f} s")
    return 1 if left or not rows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

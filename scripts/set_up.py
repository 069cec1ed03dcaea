"""Make ``.venv`` hold what requirements.lock says, and Lockhouse itself; do nothing when it already does.

Runs on any Python 3.11+ with the standard library alone. The stamp is written last and names the folder, so that an
interrupted run and a clone that was moved or copied are both noticed and repaired.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "lockhouse.stamp"
LOCK = ROOT / "requirements.lock"


def main() -> int:
    """Bring the environment up to date and say briefly what was done."""
    with one_at_a_time():
        found = read_stamp()
        wanted = expected_stamp(found)
        if wanted == found and runs():
            return 0
        started = time.monotonic()
        STAMP.unlink(missing_ok=True)
        if {**wanted, "package": ""} != {**found, "package": ""} or not runs():
            make_environment()
            install_locked()
        say("installing lockhouse itself, from this folder")
        pip("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        STAMP.write_text(json.dumps(wanted))
        say(f"ready after {time.monotonic() - started:.0f} s", mark="✓")
    return 0


def expected_stamp(found: dict[str, str]) -> dict[str, str]:
    """Return what the stamp says of an environment that fits this folder, this lock, this package and this Python.

    The Python of an environment that was *found* stays, unless somebody names another: `make test PYTHON=python3.13`.
    """
    here = ".".join(map(str, sys.version_info[:2]))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    package = json.dumps([project["build-system"], project["project"], project["tool"]["hatch"]], sort_keys=True)
    return {
        "folder": str(ROOT),
        "lock": hashlib.sha256(LOCK.read_bytes()).hexdigest(),
        "package": hashlib.sha256(package.encode()).hexdigest(),
        "python": here if os.environ.get("PYTHON") else found.get("python", here),
    }


def read_stamp() -> dict[str, str]:
    """Return the stamp of the environment that is there, empty when there is none that can be read."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def runs() -> bool:
    """Return whether the environment's Python starts: the one that it was made from may be gone."""
    try:
        done = subprocess.run([PYTHON, "-c", "import pip"], check=False, capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


def make_environment() -> None:
    """Make a fresh ``.venv``; whatever was there had the wrong folder, the wrong lock, or was half done."""
    say(f"making .venv with Python {sys.version.split()[0]}")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)


def install_locked() -> None:
    """Install every package of the lock, each checked against its hash."""
    total = sum(1 for line in LOCK.read_text().splitlines() if line[:1].isalnum())
    say(f"installing up to {total} packages from requirements.lock (about a minute)")
    pip("install", "--require-hashes", "--requirement", str(LOCK), count_to=total)


def pip(*arguments: str, count_to: int = 0) -> None:
    """Run the environment's pip; show a count on a terminal, and everything it said when it fails."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments, "--progress-bar=off"]
    said: list[str] = []
    collected = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            said.append(line)
            collected += line.startswith("Collecting ")
            if count_to and sys.stdout.isatty():
                print(f"\r  {collected} of {count_to}", end="", flush=True)
    if count_to and sys.stdout.isatty():
        print("\r\033[K", end="", flush=True)
    if process.returncode != 0:
        print("".join(said[-40:]), file=sys.stderr)
        say("pip could not install; its last words are above. Is a package index reachable? Then run make again.", "✗")
        raise SystemExit(1)


def say(text: str, mark: str = "·") -> None:
    """Print one line of progress."""
    print(f"{mark} {text}", flush=True)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let two runs of make in one folder wait for each other."""
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("interrupted; the next make starts the set-up again", mark="✗")
        sys.exit(130)

"""Print the path of an nginx that runs; install Debian's package when there is none and we are root.

Looked for in this order: the environment variable LOCKHOUSE_TEST_NGINX, the PATH, the folders for administrators.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SYSTEM = (Path("/usr/sbin/nginx"), Path("/usr/local/sbin/nginx"), Path("/opt/homebrew/bin/nginx"))


def main() -> int:
    """Print the path, or say on standard error what was tried and what to do."""
    named = os.environ.get("LOCKHOUSE_TEST_NGINX")
    if named:
        if runs(named):
            print(named)
            return 0
        return fail(f"LOCKHOUSE_TEST_NGINX names {named}, which does not run; name one that does, or unset it")
    for find in (here, by_debian):
        for candidate in find():
            if runs(candidate):
                print(candidate)
                return 0
    return fail(
        "no nginx runs here and none could be installed",
        "to do: install one (Debian: apt-get install --no-install-recommends nginx-light), or set LOCKHOUSE_TEST_NGINX",
    )


def here() -> Iterator[str]:
    """Yield those of this machine; who is not root rarely has the folders for administrators on the PATH."""
    yield from filter(None, [shutil.which("nginx")])
    yield from (str(program) for program in SYSTEM if program.exists())


def by_debian() -> Iterator[str]:
    """Install Debian's package where we are root, and yield that."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    print("· installing Debian's nginx-light", file=sys.stderr, flush=True)
    done(["apt-get", "update", "-qq"], seconds=180)
    if done(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "nginx-light"], seconds=240):
        yield from here()


def runs(path: str) -> bool:
    """Return whether the program starts."""
    return done([path, "-v"], seconds=30)


def done(command: list[str], *, seconds: float) -> bool:
    """Run *command* quietly and return whether it ended well and in time."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        ended = subprocess.run(command, check=False, capture_output=True, timeout=seconds, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0


def fail(*lines: str) -> int:
    """Say what is wrong, and return the exit status for it."""
    print("\n  ".join(("✗ " + lines[0], *lines[1:])), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""Print the path of an nginx that runs; install Debian's package when there is none and we are root.

Looked for in this order: the environment variable LOCKHOUSE_TEST_NGINX, the PATH, the folders for administrators.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from installing import done, fail, installed_by_debian

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
    if installed_by_debian("nginx-light", seconds=240):
        yield from here()


def runs(path: str) -> bool:
    """Return whether the program starts."""
    return done([path, "-v"], seconds=30)


if __name__ == "__main__":
    sys.exit(main())

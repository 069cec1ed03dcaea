"""Print the path of a Chromium that runs; install one when there is none.

Looked for in this order: the environment variable LOCKHOUSE_TEST_CHROMIUM, the PATH, Playwright's own folder.
Installed in this order: Playwright's own download, Debian's package where we are root. Each is believed only after it
has run.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from installing import done, fail, installed_by_debian, note

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)


def main() -> int:
    """Print the path, or say on standard error what was tried and what to do."""
    named = os.environ.get("LOCKHOUSE_TEST_CHROMIUM")
    if named and not runs(named):
        return fail(f"LOCKHOUSE_TEST_CHROMIUM names {named}, which does not run; name one that does, or unset it")
    tried: list[str] = []
    for way, find in WAYS.items():
        for candidate in find():
            if runs(candidate):
                print(candidate)
                return 0
        tried.append(way)
    return fail(
        "no Chromium runs here and none could be installed",
        f"tried: {', '.join(tried)}",
        "to do: install one (Debian: apt-get install --no-install-recommends chromium), or set LOCKHOUSE_TEST_CHROMIUM",
    )


def from_environment() -> Iterator[str]:
    """Yield the one that the environment names."""
    if named := os.environ.get("LOCKHOUSE_TEST_CHROMIUM"):
        yield named


def from_path() -> Iterator[str]:
    """Yield those that the PATH or the folder of applications has."""
    yield from filter(None, map(shutil.which, NAMES))
    yield from (str(application) for application in APPLICATIONS if application.exists())


def from_playwright() -> Iterator[str]:
    """Yield those that Playwright has downloaded before."""
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    yield from map(str, sorted(folder.glob("chromium-*/chrome-linux*/chrome"), reverse=True))
    mac = Path.home() / "Library" / "Caches" / "ms-playwright"
    yield from map(str, sorted(mac.glob("chromium-*/chrome-mac*/*.app/Contents/MacOS/*"), reverse=True))


def by_playwright() -> Iterator[str]:
    """Let Playwright download its own, and yield that."""
    note("downloading Playwright's Chromium")
    if done([sys.executable, "-m", "playwright", "install", "chromium"], seconds=300):
        yield from from_playwright()


def by_debian() -> Iterator[str]:
    """Install Debian's package where we are root, and yield that."""
    if installed_by_debian("chromium", "fonts-noto-color-emoji", seconds=420):
        yield from from_path()


WAYS: dict[str, Callable[[], Iterator[str]]] = {
    "LOCKHOUSE_TEST_CHROMIUM": from_environment,
    "PATH": from_path,
    "Playwright's folder": from_playwright,
    "playwright install chromium": by_playwright,
    "apt-get install chromium": by_debian,
}


def runs(path: str) -> bool:
    """Return whether the program starts: a missing library or a shim shows only then."""
    return done([path, "--version"], seconds=30)


if __name__ == "__main__":
    sys.exit(main())

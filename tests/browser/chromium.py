"""Finds a Chromium for the browser tests; where there is none the run fails and says what to do."""

import os
import shutil
from pathlib import Path

from playwright.async_api import Playwright

VARIABLE = "LOCKHOUSE_TEST_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


class NoChromium(Exception):
    """No browser was found."""

    def __init__(self) -> None:
        super().__init__(
            f"the browser tests need Chromium: set {VARIABLE} to its program, or put one of {', '.join(NAMES)} on PATH "
            "(Debian: apt-get install chromium), or run: playwright install chromium"
        )


def find_chromium(playwright: Playwright) -> str:
    """Return the program: the variable's, else one on PATH, else Playwright's own download."""
    named = os.environ.get(VARIABLE)
    if named:
        if not Path(named).is_file():
            raise NoChromium
        return named
    on_path = next((found for name in NAMES if (found := shutil.which(name))), None)
    own = playwright.chromium.executable_path
    if on_path is None and not Path(own).is_file():
        raise NoChromium
    return on_path or own

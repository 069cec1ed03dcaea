"""Installations for tests: made once, since keys take a while, and copied for whoever breaks one."""

import shutil
import tempfile
from atexit import register
from functools import cache
from pathlib import Path

from lockhouse.installation import create_installation


@cache
def template() -> Path:
    """Return the folder of an installation that is only ever copied."""
    folder = Path(tempfile.mkdtemp(prefix="lockhouse-home-"))
    register(shutil.rmtree, folder, ignore_errors=True)
    create_installation(folder / "home", issuer=None, url=None)
    return folder / "home"


def copied(folder: Path) -> Path:
    """Return *folder*, now an installation of its own."""
    return Path(shutil.copytree(template(), folder))

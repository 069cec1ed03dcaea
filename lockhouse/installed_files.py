"""Sees that the files of our packages are those that were installed; docs/decisions/0001-import-names.md.

A distribution with a package of the same name overwrites ours when it is installed after us, and takes files of ours
along when it is removed. Nothing tells of that but the list that the installer left.
"""

import base64
import csv
import hashlib
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

__all__ = ["damaged_files"]

_AGAIN: Final = "install again: pip install --force-reinstall --no-deps lockhouse"
_DISTRIBUTION: Final = "lockhouse"


def damaged_files(packages: Sequence[str], *, path: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return which files of our *packages* are missing, and which front modules are another's, with the remedy.

    *path* stands in for ``sys.path``. Nothing is found where we run from our sources.
    """
    return tuple(_damaged(packages, path))


def _damaged(packages: Sequence[str], path: Sequence[str] | None) -> Iterator[str]:
    for ours in distributions(name=_DISTRIBUTION, path=list(sys.path if path is None else path)):
        for name, checksum, _ in csv.reader((ours.read_text("RECORD") or "").splitlines()):
            top, _, rest = name.partition("/")
            if top not in packages or not name.endswith(".py"):
                continue
            file = Path(str(ours.locate_file(name)))
            if not file.is_file():
                yield f"{name} is missing, perhaps removed together with another distribution; {_AGAIN}"
            # Only these: whoever mends a module where it is installed means it.
            elif rest == "__init__.py" and checksum and checksum != _checksum(file):
                yield f"{name} is not the file that came with Lockhouse; {_AGAIN}"


def _checksum(file: Path) -> str:
    """Return the checksum of *file* as wheels note it (PEP 376)."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest())
    return f"sha256={digest.decode().rstrip('=')}"

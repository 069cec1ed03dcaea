"""The flows that Lockhouse ships, with their texts, message templates and tests. Data only."""

from importlib.resources import files
from pathlib import Path

__all__ = ["folder"]


def folder() -> Path:
    """Return the folder with ``*.yaml``, ``texts/`` and ``templates/``.

    >>> (folder() / "login_approval.yaml").is_file()
    True
    """
    # The wheel is unpacked wherever it is installed, so these files have real paths.
    return Path(str(files(__name__)))

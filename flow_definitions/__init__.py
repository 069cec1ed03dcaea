"""The flows that Lockhouse ships, with their texts, message templates and tests. Data only."""

from importlib.resources import files
from pathlib import Path

__all__ = ["folder", "scaffold"]


def folder() -> Path:
    """Return the folder with ``*.yaml``, ``texts/`` and ``templates/``.

    >>> (folder() / "login_approval.yaml").is_file()
    True
    """
    # The wheel is unpacked wherever it is installed, so these files have real paths.
    return Path(str(files(__name__)))


def scaffold(template: str) -> Path:
    """Return the folder of a flow to begin with: its files, in which ``NAME`` stands for the new flow's name.

    >>> (scaffold("login") / "NAME.yaml").is_file()
    True
    """
    return folder() / "scaffolds" / template

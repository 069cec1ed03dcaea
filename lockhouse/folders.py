"""Tries a folder before somebody waits for what should be written there."""

import os
import tempfile
from pathlib import Path

__all__ = ["unwritable"]


def unwritable(folder: Path) -> str | None:
    """Say why no file can be made in *folder*; None where one can. A folder that is not there is not made."""
    existing = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    if not existing.is_dir():
        return f"{existing} is no folder"
    try:
        handle, name = tempfile.mkstemp(dir=existing, prefix=".lockhouse-")
    except OSError as error:
        return error.strerror or type(error).__name__
    os.close(handle)
    Path(name).unlink(missing_ok=True)
    return None

"""Reading the files of flows, whatever stands at a path: at most as much as a flow may have, and never waiting."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from engine.language.diagnostics import Diagnostic, Span, diagnostic
from engine.language.yaml_reader import LARGEST

_TOP: Final = Span(1, 1, 1, 2)
_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_file(file: Path, found: list[Diagnostic]) -> bytes | None:
    """Return what *file* has, cut one byte after the largest size that a flow may have; None where it cannot be read.

    Why it cannot is added to *found*. Only ordinary files are opened: a pipe would keep us waiting.
    """
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = next((word for test, word in _KINDS if test(mode)), "no ordinary file")
            found.append(_unreadable(file, f"this is {kind}, and a flow is a file", "name a file or a folder"))
            return None
        with file.open("rb") as opened:
            return opened.read(LARGEST + 1)
    except FileNotFoundError:
        link = file.is_symlink()
        reason = "this link leads to no file" if link else "there is no such file"
        found.append(_unreadable(file, reason, "mend or delete the link" if link else "correct the name"))
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        found.append(_unreadable(file, f"this file cannot be read: {words}", "see who may read it"))
    return None


def _unreadable(file: Path, message: str, hint: str) -> Diagnostic:
    return diagnostic("LH100", str(file), _TOP, message, hint=hint)

"""What a file of clients declares, and what may be wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from protocols.oauth2 import NewClient

__all__ = ["DEFAULT_OWNER", "ClientFile", "Declared", "FileInvalid", "Mistake"]

DEFAULT_OWNER = "clients"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong in a file, and where; lines and columns count from one."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{hint}"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "hint": self.hint,
        }


class FileInvalid(ValueError):
    """A file of clients has mistakes. Nothing was changed."""

    code = "client_file_invalid"

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(["the file of clients has mistakes", *map(str, self.mistakes)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One client as a file declares it; ``client`` has its secret where secrets were looked up."""

    client: NewClient
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFile:
    """A file without mistakes. ``owner`` tells its clients from those of other files."""

    owner: str
    clients: tuple[Declared, ...]

    @property
    def origin(self) -> str:
        """What its clients carry in the register."""
        return f"file:{self.owner}"

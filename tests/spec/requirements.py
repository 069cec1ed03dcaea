"""What a test of the specification says of itself: which requirement it is for, and what change must break it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T", bound=Callable[..., object])

ROOT = Path(__file__).resolve().parents[2]
MOST = 166
REQUIREMENT, PEER_CASE = "requirement", "peer_case"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One wrong change of our code: in *file*, the only place that reads *replace* reads *by* instead."""

    file: str
    replace: str
    by: str

    def source(self) -> str:
        """Return the whole file with the change; raise ValueError where *replace* is not there exactly once."""
        text = (ROOT / self.file).read_text(encoding="utf-8")
        if (found := text.count(self.replace)) != 1:
            raise ValueError(f"{self.file}: expected the fragment once, found it {found} times: {self.replace!r}")
        return text.replace(self.replace, self.by)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A numbered requirement in our words, and the changes each of which must turn its test red."""

    number: int
    says: str
    mutations: tuple[Mutation, ...]


@dataclass(frozen=True, slots=True)
class PeerCase:
    """A numbered case of the best peer's own tests; ``differs`` says what we decided otherwise, if anything."""

    number: int
    says: str
    differs: str = ""


def requirement(number: int, says: str, *mutations: Mutation) -> Callable[[T], T]:
    """Mark a test as the one of requirement *number*."""

    def mark(test: T) -> T:
        setattr(test, REQUIREMENT, Requirement(number, says, mutations))
        return test

    return mark


def peer_case(number: int, says: str, *, differs: str = "") -> Callable[[T], T]:
    """Mark a test as the one of the peer's case *number*."""

    def mark(test: T) -> T:
        setattr(test, PEER_CASE, PeerCase(number, says, differs))
        return test

    return mark

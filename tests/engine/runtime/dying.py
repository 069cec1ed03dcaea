"""A process that dies at a labelled point: before or after any unit, before any statement, around any call outside.

Whatever a process does to the world is a unit of the database or a call of an executor or a sender, so these are all
the points at which its death can be told from its death at another. A database may also be away once, at each of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from engine.storage import Database, StorageUnavailable, Unit

T = TypeVar("T")


class Died(Exception):
    """The process is gone. Once it is, nothing that it does reaches the world any more."""


@dataclass(slots=True)
class Points:
    """The points that one process passes; at number ``at`` it dies, or finds the database ``away`` for once.

    With ``instead``, that happens there and nothing else.
    """

    at: int | None = None
    away: bool = False
    instead: Callable[[], None] | None = None
    passed: list[str] = field(default_factory=list)
    dead: bool = False

    def reach(self, label: str) -> None:
        """Pass a point, or die there."""
        here = len(self.passed) == self.at
        if here and self.instead is not None:
            self.passed.append(label)
            self.instead()
            return
        if self.dead or (here and not self.away):
            self.dead = True
            raise Died(label)
        self.passed.append(label)
        if here and "statement" in label:
            raise StorageUnavailable("the database is away")


class WatchedUnit:
    """A unit whose every statement is a point."""

    def __init__(self, unit: Unit, points: Points, name: str) -> None:
        self._unit, self._points, self._name = unit, points, name

    def execute(self, *asked: Any) -> Any:
        """Run a statement."""
        self._points.reach(f"{self._name}: statement")
        return self._unit.execute(*asked)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)


class DyingDatabase:
    """One process's handle on a database that outlives it."""

    def __init__(self, database: Database, points: Points) -> None:
        self._database, self._points = database, points

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """Run a unit; a death inside it leaves nothing of it, one after it loses the answer."""
        name = _name(fn)
        self._points.reach(f"{name}: before")

        def watched(unit: Unit) -> T:
            return fn(cast("Unit", WatchedUnit(unit, self._points, name)))  # it has what a unit has

        result = await self._database.run(watched)
        self._points.reach(f"{name}: committed")
        return result

    async def read(self, fn: Callable[[Unit], T]) -> T:
        """Read."""
        self._points.reach(f"{_name(fn)}: read")
        return await self._database.read(fn)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


@dataclass(slots=True)
class Outside:
    """The world outside, which no death undoes: what was done in it, by key."""

    done: dict[str, list[str]] = field(default_factory=dict)

    def act(self, points: Points, what: str, key: str) -> None:
        """Do something once more under *key*."""
        points.reach(f"{what}: before it is done")
        self.done.setdefault(what, []).append(key)
        points.reach(f"{what}: after it was done")

    def keys(self) -> Mapping[str, int]:
        """Return under how many keys each thing was done."""
        return {what: len(set(keys)) for what, keys in self.done.items()}


def _name(fn: Callable[..., Any]) -> str:
    inner = fn
    while (wrapped := getattr(inner, "func", None)) is not None:
        inner = wrapped
    return str(getattr(inner, "__qualname__", type(inner).__name__))

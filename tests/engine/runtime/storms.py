"""Databases in trouble, put between the runner and the real one."""

from collections.abc import Awaitable, Callable
from typing import Any

from engine.storage import Database, OutcomeUnknown, StorageUnavailable, Unit
from tests.engine.runtime.kit import House


class Away:
    """A database that is away for a while."""

    def __init__(self, database: Database, times: int) -> None:
        self._database, self._left = database, times

    async def run(self, fn: Callable[[Unit], Any]) -> Any:
        if self._left > 0:
            self._left -= 1
            raise StorageUnavailable("away")
        return await self._database.run(fn)

    async def read(self, fn: Callable[[Unit], Any]) -> Any:
        return await self._database.read(fn)


class _Undo(Exception):
    def __init__(self, value: object) -> None:
        self.value = value


class LostInCommit(Away):
    """A database whose connection is lost in COMMIT: the unit is stored, or is not, and nobody knows.

    After each loss it is away for *away* units; *meanwhile* is what others do in that time.
    """

    def __init__(
        self,
        database: Database,
        times: int = 1,
        *,
        stored: bool = True,
        away: int = 0,
        meanwhile: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        super().__init__(database, 0)
        self._losses, self._stored, self._away, self._meanwhile = times, stored, away, meanwhile

    async def run(self, fn: Callable[[Unit], Any]) -> Any:
        if self._left > 0 or self._losses == 0:
            return await super().run(fn)
        self._losses -= 1
        self._left = self._away
        found = await self._database.run(fn) if self._stored else await self._undone(fn)
        if self._meanwhile is not None:
            await self._meanwhile()
        raise OutcomeUnknown(found)

    async def _undone(self, fn: Callable[[Unit], Any]) -> Any:
        def undo(unit: Unit) -> None:
            raise _Undo(fn(unit))

        try:
            await self._database.run(undo)
        except _Undo as undone:
            return undone.value


def strike(house: House, storm: Away) -> None:
    """Put *storm* between the runner of *house* and its database."""
    house.engine._runner._database = storm  # type: ignore[assignment]  # it does what a database does for the runner

"""Many at once, and a database that is away: nothing is lost and nothing is doubled."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine import Done, StepGone
from engine.storage import Database, StorageUnavailable, Unit
from engine.storage.history import History
from tests.engine.execution.flows import NOON
from tests.engine.runtime.kit import KEYRING, House, make_house, marks, opened

pytestmark = pytest.mark.anyio


async def test_a_deadline_that_races_submits_reads_and_sweeps_is_applied_once(database: Database) -> None:
    async with opened(make_house(database)) as one, opened(make_house(database)) as two:
        two.clock.advance(timedelta(minutes=4))
        steps = [await one.begin("login", f"e{number}") for number in range(10)]

        async def late(house: House, number: int) -> None:
            with pytest.raises(StepGone):
                await house.engine.submit(
                    f"e{number}", token=str(steps[number].token), action="submit", values={"password": "sesame"}
                )

        one.clock.advance(timedelta(minutes=4))
        await asyncio.gather(
            *(late(house, number) for number in range(10) for house in (one, two)),
            *(two.engine.inspect(f"e{number}") for number in range(10)),
            one.engine.run_due(),
            two.engine.run_due(),
        )
        assert await one.told("expired") == 10
        assert one.check.asked == two.check.asked == []


async def test_a_submit_that_races_a_cancel_leaves_one_end(database: Database) -> None:
    async with opened(make_house(database)) as house:
        for number in range(10):
            step = await house.begin("login", f"e{number}")
            await asyncio.gather(
                house.engine.submit(f"e{number}", token=str(step.token), action="not_me", values={}),
                house.engine.cancel(f"e{number}", reason="operator"),
                return_exceptions=True,
            )
        assert await house.told("denied") + await house.told("cancelled") == 10


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


async def test_a_result_is_recorded_again_and_again_while_the_database_is_away(house: House) -> None:
    def away(*_asked: object) -> Done:
        house.engine._runner._database = Away(house.database, 3)  # type: ignore[assignment]  # the storm
        return Done("booked", {"reference": "r"})

    house.book.act = away
    assert (await house.begin("counting")).outcome == "done"
    assert len(house.book.asked) == 1


async def test_what_is_too_old_is_forgotten(house: House) -> None:
    await house.begin("counting")
    await house.begin("login", "e2")
    assert await house.engine._worker.tidy() == 0
    house.clock.advance(timedelta(days=31))
    assert await house.engine._worker.tidy() >= 3
    left = await house.database.read(lambda unit: History(KEYRING).read(unit, "e1"))
    assert left == ()
    assert (await house.engine.inspect("e2")).status == "ended", "one that has not ended is kept, and its timer fires"
    assert house.clock.now() > NOON
    assert await marks(house.database, "counted") == 3

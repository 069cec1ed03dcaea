"""Many at once, and a database that is away: nothing is lost and nothing is doubled."""

import asyncio
from datetime import timedelta

import pytest

from engine import Done, StepGone
from engine.storage import Database, Unit
from engine.storage.history import History
from tests.engine.execution.flows import NOON
from tests.engine.runtime.kit import KEYRING, NO_LEASE, House, make_house, marks, opened
from tests.engine.runtime.storms import Away, strike

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


async def test_a_result_is_recorded_again_and_again_while_the_database_is_away(house: House) -> None:
    def away(*_asked: object) -> Done:
        strike(house, Away(house.database, 3))
        return Done("booked", {"reference": "r"})

    house.book.act = away
    assert (await house.begin("counting")).outcome == "done"
    assert len(house.book.asked) == 1


async def test_a_result_that_cannot_be_recorded_while_the_lease_lasts_is_left_to_a_take_up(database: Database) -> None:
    async with opened(make_house(database, times=NO_LEASE)) as house:

        def away(*_asked: object) -> Done:
            strike(house, Away(house.database, 99))
            return Done("booked", {"reference": "r"})

        house.book.act = away
        assert (await house.begin("counting")).status == "working"
    async with opened(make_house(database)) as other:
        await other.engine.run_due()
        assert (await other.engine.inspect("e1")).outcome == "done"


async def test_a_working_engine_survives_a_database_that_is_away(database: Database) -> None:
    async with opened(make_house(database, work=True)) as house:
        strike(house, Away(database, 5))
        await database.run(lambda unit: start_composed(house, unit))
        assert (await house.engine.inspect("e1", wait=20)).outcome == "done"


def start_composed(house: House, unit: Unit) -> None:
    house.engine.start(
        unit, execution="e1", flow="counting", inputs={"what": "x"}, on_end="told", correlation="c", now=NOON
    )


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

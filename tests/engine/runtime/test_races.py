"""Many at once, and a database that is away: nothing is lost and nothing is doubled."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from engine import Done, StepGone
from engine.storage import Database, Unit
from engine.storage.history import History
from engine.storage.outbox import Outbox
from tests.engine.execution.flows import NOON
from tests.engine.runtime.kit import KEYRING, NO_LEASE, House, make_house, marks, opened
from tests.engine.runtime.storms import Away, strike
from tests.fixtures.databases import MakeDatabase

pytestmark = pytest.mark.anyio

OUTBOX = Outbox(KEYRING)


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


async def test_an_answer_that_races_the_end_of_its_promise_leaves_one_end_and_tells_who_was_first(
    database: Database,
) -> None:
    async with opened(make_house(database)) as one, opened(make_house(database)) as late:
        late.clock.advance(timedelta(hours=1))
        for number in range(10):
            await one.begin("send", f"e{number}")
        claims = await database.run(lambda unit: OUTBOX.claim_due(unit, now=NOON, limit=10, lease=timedelta(hours=1)))

        async def complete(key: str) -> bool:
            return await database.run(
                partial(one.engine.complete, key=key, outcome="accepted", fields={"channel": "hand"}, now=NOON)
            )

        answers = await asyncio.gather(
            *(complete(claim.task_key) for claim in claims),
            *(late.engine.inspect(f"e{number}") for number in range(10)),
        )
        assert len(claims) == 10
        assert await one.told("sent") == sum(answer is True for answer in answers)
        assert await one.told("sent") + await one.told("fault") == 10


async def test_a_withdrawal_that_races_the_delivery_leaves_one_end(database: Database) -> None:
    async with opened(make_house(database)) as one, opened(make_house(database)) as two:
        for number in range(10):
            await one.begin("send", f"e{number}")
        await asyncio.gather(
            one.engine.run_due(),
            two.engine.run_due(),
            *(two.engine.cancel(f"e{number}", reason="operator") for number in range(10)),
        )
        assert await one.told("sent") + await one.told("cancelled") == 10
        assert await one.told("sent") <= len(one.post.delivered) + len(two.post.delivered) <= 10
        assert await one.engine.run_due() == 0


async def test_processes_on_one_database_see_each_other_without_a_wake_up(
    make_database: MakeDatabase, new_url: Callable[[], str]
) -> None:
    url = new_url()
    here, there = make_database(url=url), make_database(url=url)
    async with opened(make_house(here)) as asking, opened(make_house(there, work=True)) as working:
        await here.run(lambda unit: start_composed(asking, unit))
        assert (await asking.engine.inspect("e1", wait=20)).outcome == "done"
        assert (len(asking.book.asked), len(working.book.asked)) == (0, 1)


async def test_a_clock_that_is_set_back_an_hour_fires_nothing_twice_and_stops_nobody(house: House) -> None:
    step = await house.begin("login")
    await house.begin("send", "e2")
    house.clock.advance(timedelta(hours=-1))
    step = await house.engine.submit("e1", token=str(step.token), action="submit", values={"password": "sesame"})
    step = await house.engine.submit("e1", token=str(step.token), action="allow", values={"granted": ["pay"]})
    assert step.outcome == "approved"
    await house.begin("send", "e3")
    await house.engine.run_due()
    assert (await house.engine.inspect("e3")).outcome == "sent"
    assert (await house.engine.inspect("e2")).status == "waiting", "what was due later is due later"
    house.clock.advance(timedelta(hours=1))
    await house.engine.run_due()
    assert (await house.engine.inspect("e2")).outcome == "sent"
    assert len(house.post.delivered) == 2

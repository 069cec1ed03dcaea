"""What an operator sees and does: lists, places, what is forgotten, and trying again what is stuck."""

from datetime import timedelta

import pytest
from sqlalchemy import bindparam, update

from engine import Done, Ended, Fault, UnknownExecution
from engine.runtime.operations import CannotRetry
from engine.runtime.recorder import END_TRIES
from engine.storage import Database, Unit
from engine.storage.tables import executions
from tests.engine.runtime.kit import House, make_house, mark, opened

pytestmark = pytest.mark.anyio

SPOIL = update(executions).where(executions.c.id == bindparam("b_id")).values(state=b"spoilt")


async def test_executions_are_listed_page_by_page_newest_first(house: House) -> None:
    for number in range(5):
        await house.begin("login", f"e{number}")
        house.clock.advance(timedelta(seconds=1))
    first = await house.engine.operations.list(limit=3)
    rest = await house.engine.operations.list(limit=3, after=first[-1].key)
    assert [each.id for each in (*first, *rest)] == ["e4", "e3", "e2", "e1", "e0"]
    await house.engine.cancel("e3", reason="test")
    assert [each.id for each in await house.engine.operations.list(status="ended")] == ["e3"]
    assert await house.engine.operations.list(flow="send") == ()


async def test_an_execution_is_shown_by_its_place_and_without_its_values(house: House) -> None:
    await house.begin("expense", amount=2000)
    shown = await house.engine.operations.show("e1")
    assert [(each.node, each.visit) for each in shown.stack] == [("tell", 1), ("tell", 1)]
    assert (shown.phase, shown.listed.status) == ("deferred", "waiting")
    assert "bob" not in repr(shown)


async def test_a_row_that_cannot_be_opened_is_shown_as_such(house: House) -> None:
    await house.begin("login")
    await house.database.run(lambda unit: unit.execute(SPOIL, {"b_id": "e1"}).rowcount)
    shown = await house.engine.operations.show("e1")
    assert (shown.unreadable, shown.stack) == ("seal_broken", ())


async def test_what_is_not_kept_any_more_is_called_forgotten(house: House) -> None:
    await house.begin("expense", amount=2000)
    assert (await house.engine.operations.explain("e1")).forgotten == "nothing"
    house.clock.advance(timedelta(days=31))
    await house.engine._worker.tidy()
    assert (await house.engine.operations.explain("e1")).forgotten == "all"
    with pytest.raises(UnknownExecution):
        await house.engine.operations.explain("e2")


async def test_a_fault_is_run_again_under_another_key_and_its_new_end_is_told(house: House) -> None:
    house.book.act = lambda _context, _inputs: Fault("broken")
    assert (await house.begin("counting")).outcome == "fault"
    house.book.act = lambda _context, _inputs: Done("booked", {"reference": "r2"})
    step = await house.engine.operations.retry("e1")
    assert (step.outcome, step.result["reference"]) == ("done", "r2")
    first, second = (context.key for context in house.book.asked)
    assert first != second
    assert [each.outcome for each in house.ends] == ["fault", "done"]
    with pytest.raises(CannotRetry, match="did not end in a fault"):
        await house.engine.operations.retry("e1")


async def test_a_fault_of_long_ago_is_not_run_again(house: House) -> None:
    house.book.act = lambda _context, _inputs: Fault("broken")
    await house.begin("counting")
    house.clock.advance(timedelta(days=8))
    with pytest.raises(CannotRetry, match="too long ago"):
        await house.engine.operations.retry("e1")


async def test_what_goes_on_by_itself_and_what_is_not_there_is_not_tried_again(house: House) -> None:
    await house.begin("login")
    with pytest.raises(CannotRetry, match="goes on by itself"):
        await house.engine.operations.retry("e1")
    with pytest.raises(UnknownExecution):
        await house.engine.operations.retry("e2")


async def test_an_end_that_nobody_could_be_told_of_is_told_again(database: Database) -> None:
    deaf = True

    def told(unit: Unit, ended: Ended) -> None:
        if deaf:
            raise RuntimeError
        mark(unit, ended.execution, f"end-{ended.outcome}")

    async with opened(make_house(database, on_end=told)) as house:
        await house.begin("counting")
        for _ in range(END_TRIES):
            house.clock.advance(timedelta(hours=1))
            await house.engine.run_due()
        assert (await house.engine.operations.show("e1")).listed.status == "broken"
        deaf = False
        assert (await house.engine.operations.retry("e1")).outcome == "done"
        assert await house.told("done") == 1

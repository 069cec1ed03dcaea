"""What a killed process leaves behind, and who goes on with it. A kill cuts a runner off between two steps."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from engine import Commit, Done, StepConflict, Transient
from engine.execution import Succeeded, TaskEnded
from engine.runtime.sweeper import MOST_TAKE_UPS
from engine.storage import Database, Unit
from tests.engine.execution.flows import NOON
from tests.engine.runtime.kit import NO_LEASE, QUICK, House, make_house, mark, marks, opened

pytestmark = pytest.mark.anyio


class Killed(Exception):
    """The process is gone."""


def _called(work: Callable[[], Coroutine[object, object, Done]], *_asked: object) -> Coroutine[object, object, Done]:
    return work()


async def killed_while(house: House, flow: str = "counting", execution: str = "e1", **inputs: object) -> None:
    """Begin an execution and cut the runner off while its task runs."""
    began = asyncio.Event()

    async def never() -> Done:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    house.book.act = house.check.act = lambda _context, _inputs: never()
    asked = asyncio.create_task(house.begin(flow, execution, **inputs))
    await began.wait()
    asked.cancel()
    await house.engine.close()


async def test_a_task_of_a_dead_process_runs_again_under_the_same_key(database: Database) -> None:
    async with opened(make_house(database, times=NO_LEASE)) as dead:
        await killed_while(dead)
        key = dead.book.asked[0].key
    async with opened(make_house(database)) as house:
        assert await house.engine.run_due() == 1
        assert (await house.engine.inspect("e1")).outcome == "done"
        assert [context.key for context in house.book.asked] == [key]


async def test_a_task_that_runs_is_not_taken_up_while_its_lease_holds(database: Database) -> None:
    async with opened(make_house(database)) as one, opened(make_house(database)) as other:
        go_on, began = asyncio.Event(), asyncio.Event()

        async def slow() -> Done:
            began.set()
            await go_on.wait()
            return Done("booked", {"reference": "one"})

        one.book.act = lambda _context, _inputs: slow()
        asked = asyncio.create_task(one.begin("counting"))
        await began.wait()
        assert await other.engine.run_due() == 0
        go_on.set()
        assert (await asked).result["reference"] == "one"


async def test_who_lost_the_lease_cannot_record_its_result(database: Database) -> None:
    async with opened(make_house(database, times=NO_LEASE)) as slow, opened(make_house(database)) as quick:
        go_on, began = asyncio.Event(), asyncio.Event()

        async def late() -> Commit:
            began.set()
            await go_on.wait()

            def act(unit: Unit) -> Done:
                mark(unit, "late", "committed")
                return Done("booked", {"reference": "slow"})

            return Commit(act)

        slow.book.act = lambda _context, _inputs: late()
        asked = asyncio.create_task(slow.begin("counting"))
        await began.wait()
        await quick.engine.run_due()
        go_on.set()
        await asked
        assert (await quick.engine.inspect("e1")).result["reference"] == "r1"
        assert await marks(database, "committed") == 0
        assert await quick.told("done") == 1


async def test_a_task_that_kills_its_process_every_time_is_abandoned(database: Database) -> None:
    async with opened(make_house(database, times=NO_LEASE)) as dead:
        await killed_while(dead)
    for _ in range(MOST_TAKE_UPS):
        async with opened(make_house(database, times=NO_LEASE)) as again:
            began = asyncio.Event()

            async def never(began: asyncio.Event = began) -> Done:
                began.set()
                await asyncio.Event().wait()
                raise AssertionError

            again.book.act = partial(_called, never)
            sweep = asyncio.create_task(again.engine.run_due())
            await began.wait()
            sweep.cancel()
    async with opened(make_house(database)) as house:
        await house.engine.run_due()
        step = await house.engine.inspect("e1")
        assert (step.outcome, step.result) == ("fault", {"code": "abandoned", "node": "book"})
        assert house.book.asked == []


async def test_a_take_up_past_the_deadline_applies_that_instead_of_the_task(database: Database) -> None:
    async with opened(make_house(database, times=NO_LEASE)) as dead:
        await killed_login(dead)
    async with opened(make_house(database)) as house:
        house.clock.advance(timedelta(minutes=10))
        await house.engine.run_due()
        assert (await house.engine.inspect("e1")).outcome == "expired"
        assert house.check.asked == []


async def killed_login(house: House) -> str:
    """Kill the runner while it checks a password; return the step's token."""
    began = asyncio.Event()

    async def never() -> Done:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    house.check.act = lambda _context, _inputs: never()
    step = await house.begin("login")
    assert step.token is not None
    asked = asyncio.create_task(
        house.engine.submit("e1", token=step.token, action="submit", values={"password": "sesame"})
    )
    await began.wait()
    asked.cancel()
    await house.engine.close()
    return step.token


async def test_a_lost_secret_brings_the_prompt_back_with_the_same_token_and_key(database: Database) -> None:
    async with opened(make_house(database, times=NO_LEASE)) as dead:
        token = await killed_login(dead)
        key = dead.check.asked[0].key
    async with opened(make_house(database)) as house:
        await house.engine.run_due()
        step = await house.engine.inspect("e1")
        assert (step.status, step.node, step.token) == ("prompt", "ask", token)
        assert [message.id for message in step.messages] == ["engine.secret_lost"]
        assert house.check.asked == []
        after = await house.engine.submit("e1", token=token, action="submit", values={"password": "sesame"})
        assert after.node == "agree"
        assert house.check.asked[0].key == key


async def test_a_kill_before_the_record_leaves_the_step_as_it_was(database: Database) -> None:
    async with opened(make_house(database)) as house:
        step = await house.begin("login")
        assert step.token is not None
        judge = house.engine._desk.judge

        def cut_off(unit: Unit, **more: object) -> None:
            judge(unit, **more)  # type: ignore[arg-type]  # passed on as it came
            raise Killed

        house.engine._desk.judge = cut_off  # type: ignore[assignment, method-assign]  # the kill point
        with pytest.raises(Killed):
            await house.engine.submit("e1", token=step.token, action="submit", values={"password": "sesame"})
        assert await house.engine.inspect("e1") == step
        assert house.check.asked == []


async def test_a_kill_while_the_result_is_recorded_leaves_the_task_to_be_taken_up(database: Database) -> None:
    async with opened(make_house(database, times=NO_LEASE)) as dead:
        apply = dead.engine._recorder.apply

        def cut_off(unit: Unit, *args: object, **more: object) -> object:
            recorded = apply(unit, *args, **more)  # type: ignore[arg-type]  # passed on as it came
            if isinstance(args[1], TaskEnded) and isinstance(args[1].result, Succeeded):
                raise Killed
            return recorded

        dead.engine._recorder.apply = cut_off  # type: ignore[assignment, method-assign]  # the kill point
        with pytest.raises(Killed):
            await dead.engine._runner.perform(
                lambda unit: dead.engine._recorder.start(
                    unit,
                    execution="e1",
                    flow="counting",
                    inputs={"what": "x"},
                    on_end="told",
                    correlation="c",
                    now=NOON,
                    locale="en",
                    claim=True,
                )
            )
    assert await marks(database, "counted") == 2, "what ran before the task is stored, what ran after it is not"
    async with opened(make_house(database)) as house:
        await house.engine.run_due()
        assert (await house.engine.inspect("e1")).outcome == "done"
        assert house.book.asked[0].key == dead.book.asked[0].key
    assert await marks(database, "counted") == 3


async def test_a_commit_happens_once_and_together_with_the_next_state(house: House) -> None:
    def book(unit: Unit) -> Done:
        mark(unit, "x", "committed")
        return Done("booked", {"reference": "c"})

    house.book.act = lambda _context, _inputs: Commit(book)
    assert (await house.begin("counting")).result == {"reference": "c", "total": 1}
    assert await marks(house.database, "committed") == 1


async def test_a_commit_that_fails_undoes_itself_and_is_a_fault(house: House) -> None:
    def book(unit: Unit) -> Done:
        mark(unit, "x", "committed")
        raise ValueError

    house.book.act = lambda _context, _inputs: Commit(book)
    assert (await house.begin("counting")).result == {"code": "executor_failed", "node": "book"}
    assert await marks(house.database, "committed") == 0


async def test_transactional_tasks_in_a_row_are_one_revision_and_their_own_error_undoes_only_them(
    house: House,
) -> None:
    house.counter.fault = None
    await house.begin("counting")
    assert {entry.revision for entry in await house.engine.history("e1")} == {1, 2}
    house.counter.fault = ValueError("the executor is broken")
    step = await house.begin("counting", "e2")
    assert step.result == {"code": "executor_failed", "node": "one"}
    assert await marks(house.database, "counted") == 3, "those of the first execution"


async def test_a_retry_waits_without_a_lease_and_runs_when_it_is_due(house: House) -> None:
    house.book.act = lambda _context, _inputs: Transient("away")
    step = await house.begin("counting")
    assert step.status == "working"
    assert await house.engine.run_due() == 0
    house.clock.advance(timedelta(seconds=1))
    house.book.act = lambda _context, _inputs: Done("booked", {"reference": "r"})
    assert await house.engine.run_due() == 1
    assert (await house.engine.inspect("e1")).outcome == "done"
    assert [context.attempt for context in house.book.asked] == [1, 2]
    assert len({context.key for context in house.book.asked}) == 1


async def test_a_task_that_takes_too_long_is_transient(database: Database) -> None:
    async with opened(make_house(database, times=replace(QUICK, task=timedelta(0)))) as house:

        async def never() -> Done:
            await asyncio.Event().wait()
            raise AssertionError

        house.book.act = lambda _context, _inputs: never()
        await house.begin("counting")
        retried = [entry.facts["code"] for entry in await house.engine.history("e1") if entry.kind == "retry"]
        assert retried == ["timeout"]


async def test_a_stale_token_after_a_restart_is_a_conflict(database: Database) -> None:
    async with opened(make_house(database)) as house:
        step = await house.begin("login")
        assert step.token is not None
        await house.engine.submit("e1", token=step.token, action="submit", values={"password": "guess"})
    async with opened(make_house(database)) as other:
        with pytest.raises(StepConflict):
            await other.engine.submit("e1", token=step.token, action="not_me", values={})

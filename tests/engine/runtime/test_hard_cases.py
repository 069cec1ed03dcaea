"""Foreign code that breaks the rules, rows that cannot be read, and a database that goes away at bad times."""

import asyncio
import gc
import logging
import weakref
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, select, text, update

from engine import Context, Contract, Deferred, Done, Ended, Message
from engine.contracts import Answer
from engine.execution import StateUnreadable
from engine.runtime.bounded import bounded
from engine.storage import Database, SealBroken, StorageUnavailable, Unit
from engine.storage.tables import executions, outbox
from tests.engine.execution.flows import NOON, end, flow, prompt, task
from tests.engine.runtime.kit import QUICK, House, make_house, mark, marks, opened
from tests.engine.runtime.storms import Away, strike

pytestmark = pytest.mark.anyio

WRONG = text("SELECT nothing FROM nowhere")
READ = select(executions.c.state).where(executions.c.id == bindparam("id"))
WRITE = update(executions).where(executions.c.id == bindparam("b_id")).values(state=bindparam("state"))
END_LEASES = update(outbox).values(lease_until=0)
STATES = select(executions.c.state)
OUTGOING = select(outbox.c.status, outbox.c.payload)


# foreign code


class Stubborn:
    """Goes on however often it is cancelled."""

    def __init__(self) -> None:
        self.began, self.cancelled, self.go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work(self) -> Done:
        self.began.set()
        while not self.go_on.is_set():
            try:
                await self.go_on.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
        return Done("booked", {"reference": "late"})


async def test_a_task_that_ignores_its_end_is_left_behind_and_its_answer_forgotten(database: Database) -> None:
    async with opened(make_house(database, times=replace(QUICK, task=timedelta(0)))) as house:
        stubborn = Stubborn()
        house.book.act = lambda _context, _inputs: stubborn.work()
        assert (await house.begin("counting")).status == "working"
        retried = [entry.facts["code"] for entry in await house.engine.history("e1") if entry.kind == "retry"]
        assert retried == ["timeout"]
        stubborn.go_on.set()
    assert await marks(database, "counted") == 2


async def test_closing_does_not_wait_for_a_task_that_ignores_it(database: Database) -> None:
    stubborn = Stubborn()
    house = make_house(database, times=replace(QUICK, grace=timedelta(0)))
    house.book.act = lambda _context, _inputs: stubborn.work()
    await house.engine.open()
    asked = asyncio.create_task(house.begin("counting"))
    await stubborn.began.wait()
    await asyncio.wait_for(house.engine.close(), 20)
    await asyncio.wait_for(stubborn.cancelled.wait(), 20)
    stubborn.go_on.set()
    await asyncio.gather(asked, return_exceptions=True)


async def test_a_task_that_cancels_itself_is_a_fault(house: House) -> None:
    async def cancel_itself() -> Done:
        raise asyncio.CancelledError

    house.book.act = lambda _context, _inputs: cancel_itself()
    assert (await house.begin("counting")).result == {"code": "executor_failed", "node": "book"}


async def test_what_a_forgotten_coroutine_raises_is_reported_by_nobody(caplog: pytest.LogCaptureFixture) -> None:
    stubborn = Stubborn()

    async def fail() -> None:
        await stubborn.work()
        raise ValueError("canary")

    with pytest.raises(TimeoutError):
        await bounded(fail(), timedelta(milliseconds=1))
    stubborn.go_on.set()
    for _ in range(3):
        await asyncio.sleep(0)
    gc.collect()
    assert "canary" not in caplog.text


class Odd(str):
    """A text that can be watched by a weak reference."""

    __slots__ = ("__weakref__",)


@pytest.mark.parametrize(
    "answer",
    [
        Done("booked", None),  # type: ignore[arg-type]  # that is the point
        Done(["booked"], {}),  # type: ignore[arg-type]  # the same
        Done("booked", {"reference": "r"}, (Message(sender="post", payload={"raw": b"bytes"}),)),
        Done("booked", {"reference": "r"}, (Message(sender="post", payload={}, delivered="unheard_of"),)),
        Done("booked", {"reference": "r"}, (Message(sender="post", payload={}, undeliverable="unheard_of"),)),
        Done("booked", {"reference": "r"}, (Message(sender="post", payload={}, delivered="booked"),)),
        Done("booked", {"reference": "r"}, (Message(sender="post", payload={}, give_up_at=datetime(2030, 1, 1)),)),  # noqa: DTZ001 - that is the point
        "booked",
    ],
)
async def test_an_answer_that_cannot_be_recorded_is_a_fault_at_once(house: House, answer: Any) -> None:
    async def say() -> Answer:
        return answer  # type: ignore[no-any-return]  # that is the point

    house.book.run = lambda _context, _inputs: say()  # type: ignore[method-assign, assignment]  # whatever it says
    step = await house.begin("counting")
    assert step.outcome == "fault"
    assert step.result["code"] in {"contract_broken", "executor_failed"}


async def test_a_promise_without_a_time_zone_is_a_fault(house: House) -> None:
    house.notifier.run = lambda *_asked: Deferred(until=datetime(2030, 1, 1))  # type: ignore[method-assign]  # noqa: DTZ001 - that is the point
    assert (await house.begin("send")).result == {"code": "contract_broken", "node": "tell"}


async def test_a_large_answer_is_kept(house: House) -> None:
    reference = "x" * 3_000_000
    house.book.act = lambda _context, _inputs: Done("booked", {"reference": reference})
    assert (await house.begin("counting")).result["reference"] == reference


@pytest.mark.parametrize(
    "answer",
    [
        Done("booked", {"reference": "x" * 50_000_000}),
        Done("booked", {"reference": "r"}, (Message(sender="post", payload={"text": "x" * 50_000_000}),)),
    ],
    ids=["fields", "message"],
)
async def test_an_answer_of_fifty_megabytes_is_a_fault_and_nothing_of_it_is_kept(house: House, answer: Done) -> None:
    house.book.act = lambda _context, _inputs: answer
    step = await house.begin("counting")
    assert (step.outcome, step.result["node"]) == ("fault", "book")
    assert step.result["code"] == ("contract_broken" if answer.send else "answer_too_long")
    assert len(house.book.asked) == 1
    states = await house.database.read(lambda unit: unit.execute(STATES).scalars())
    assert max(map(len, states)) < 10_000


async def test_an_answer_that_goes_beyond_its_contract_by_fifty_megabytes_is_a_fault(house: House) -> None:
    house.book.act = lambda _context, _inputs: Done("booked", {"reference": "r", "more": "x" * 50_000_000})
    assert (await house.begin("counting")).result == {"code": "contract_broken", "node": "book"}


async def test_a_statement_that_is_wrong_is_the_executors_fault(house: House) -> None:
    def ask(unit: Unit, _context: Context, _inputs: Mapping[str, Any]) -> Done:
        unit.execute(WRONG)
        raise AssertionError

    house.counter.run = ask  # type: ignore[method-assign, assignment]  # an executor with a mistake in its SQL
    assert (await house.begin("counting")).result == {"code": "executor_failed", "node": "one"}


async def test_an_on_end_whose_statement_is_wrong_backs_off(database: Database) -> None:
    def on_end(unit: Unit, _ended: Ended) -> None:
        unit.execute(WRONG)

    async with opened(make_house(database, on_end=on_end)) as house:
        assert (await house.begin("counting")).status == "working"
        row = await database.read(lambda unit: house.engine._rows.executions.find(unit, "e1"))
        assert row is not None
        assert (row.status, row.end_failure) == ("ending", "UnitMisused")


async def test_a_database_error_that_an_executor_makes_its_own_is_still_the_databases(house: House) -> None:
    def ask(unit: Unit, context: Context, _inputs: Mapping[str, Any]) -> Done:
        mark(unit, context.key, "counted")
        unit._failure = StorageUnavailable("the disk is full")  # as a statement leaves it
        raise ValueError

    house.counter.run = ask  # type: ignore[method-assign, assignment]  # an executor that hides what went wrong
    with pytest.raises(StorageUnavailable):
        await house.begin("counting")


# secrets

CODED = Contract.declare(
    name="count",
    summary="Checks a code in the database.",
    effect="transactional",
    inputs={"what": "string", "code": {"type": "code", "optional": True}},
    outcomes={"counted": {"total": "integer"}},
)
ASK_CODE = flow(
    "login",
    prompt("ask", {"submit": "one"}, fields={"code": {"type": "code"}}),
    replace(task("one", "count", {"counted": "book"}, given={"what": "a", "code": "=steps.ask.code"}), contract=CODED),
    task("book", "book", {"booked": "done"}, given={"what": "x"}),
    end("done", "done"),
)


async def test_a_transactional_task_gets_the_secret_that_it_takes_and_then_nobody_holds_it(database: Database) -> None:
    times = replace(QUICK, answer=timedelta(0))
    async with opened(make_house(database, graphs=(ASK_CODE,), times=times, coded=CODED)) as house:
        seen: list[int] = []
        began, go_on = asyncio.Event(), asyncio.Event()

        def check(_unit: Unit, _context: Context, inputs: Mapping[str, Any]) -> Done:
            seen.append(hash(inputs["code"]))
            return Done("counted", {"total": 1})

        async def book() -> Done:
            began.set()
            await go_on.wait()
            return Done("booked", {"reference": "r"})

        house.counter.run = check  # type: ignore[method-assign, assignment]  # it looks at the code
        house.book.act = lambda _context, _inputs: book()
        step = await house.engine.begin(
            execution="e1", flow="login", inputs={}, on_end="told", correlation="c", locale="en"
        )
        code = Odd("734 112")
        watched, meant = weakref.ref(code), hash(code)
        answered = await house.engine.submit("e1", token=str(step.token), action="submit", values={"code": code})
        assert answered.status == "working"
        del code
        await began.wait()
        gc.collect()
        assert set(seen) == {meant}
        assert watched() is None, "while the next task runs, nobody holds what was typed"
        go_on.set()
        assert (await house.engine.inspect("e1", wait=20)).outcome == "done"


# rows that cannot be read


async def swap(house: House) -> None:
    def exchange(unit: Unit) -> None:
        one, two = (unit.execute(READ, {"id": name}).scalar() for name in ("e1", "e2"))
        unit.execute(WRITE, {"b_id": "e1", "state": two})
        unit.execute(WRITE, {"b_id": "e2", "state": one})

    await house.database.run(exchange)


async def test_states_that_were_swapped_do_not_open_and_a_cancel_ends_them_for_their_owners(house: House) -> None:
    await house.begin("login", "e1")
    await house.begin("login", "e2", subject="bob")
    await swap(house)
    with pytest.raises(SealBroken):
        await house.engine.inspect("e1")
    for name in ("e1", "e2", "e1"):
        step = await house.engine.cancel(name, reason="operator")
        assert (step.status, step.outcome, step.result) == ("ended", "fault", {"code": "seal_broken", "node": ""})
    assert sorted((ended.execution, ended.outcome) for ended in house.ends) == [("e1", "fault"), ("e2", "fault")]


async def test_an_unreadable_execution_ends_with_its_message_sent_once(house: House) -> None:
    await house.begin("send", "e1")
    await house.begin("send", "e2")
    await swap(house)
    for _ in range(3):
        await house.engine.run_due()
        await house.database.run(lambda unit: unit.execute(END_LEASES))
    assert len(house.post.delivered) == 2
    assert {(ended.execution, ended.outcome) for ended in house.ends} == {("e1", "fault"), ("e2", "fault")}


async def test_a_cancelled_unreadable_execution_sends_nothing_more(house: House) -> None:
    await house.begin("send", "e1")
    await house.begin("send", "e2")
    await swap(house)
    await house.engine.cancel("e1", reason="operator")
    found = await house.database.read(lambda unit: unit.execute(OUTGOING).all())
    assert sorted((row.status, row.payload is None) for row in found) == [("queued", False), ("withdrawn", True)]


async def test_a_delivered_message_whose_node_cannot_be_completed_is_not_sent_again(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.begin("send")

    def apply(*_args: object, **_more: object) -> None:
        raise KeyError("canary")

    house.engine._worker._postman._recorder.apply = apply  # type: ignore[method-assign, assignment]  # a mistake of ours
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            await house.engine.run_due()
            await house.database.run(lambda unit: unit.execute(END_LEASES))
    assert len(house.post.delivered) == 1
    assert "node_not_completed" in caplog.text
    assert "canary" not in caplog.text


async def test_a_state_of_another_version_ends_like_one_that_does_not_open(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.begin("login")
    monkeypatch.setattr("engine.execution.state.STATE_VERSION", 2)
    with pytest.raises(StateUnreadable):
        await house.engine.inspect("e1")
    assert (await house.engine.cancel("e1", reason="x")).result["code"] == "state_unreadable"


# a database that is away


async def test_a_delivery_is_marked_again_and_again_while_the_database_is_away(house: House) -> None:
    await house.begin("send")
    deliver = house.post.deliver

    async def then_away(*, key: str, payload: Mapping[str, Any]) -> None:
        await deliver(key=key, payload=payload)
        strike(house, Away(house.database, 3))

    house.post.deliver = then_away  # type: ignore[method-assign]  # the storm begins after the mail server's 250
    await house.engine.run_due()
    assert (await house.engine.inspect("e1")).outcome == "sent"
    assert len(house.post.delivered) == 1


@pytest.mark.parametrize("flow_name", ["counting", "send"])
async def test_a_lease_is_renewed_again_after_the_database_was_away(database: Database, flow_name: str) -> None:
    times = replace(QUICK, renew_every=timedelta(milliseconds=1))
    async with opened(make_house(database, times=times)) as house:
        table = executions if flow_name == "counting" else outbox
        leases = select(table.c.lease_until)

        async def lease() -> object:
            return await database.read(lambda unit: unit.execute(leases).scalar())

        async def wait_for_a_renewal() -> None:
            before = await lease()
            strike(house, Away(database, 3))
            while await lease() == before:
                pass

        async def book() -> Done:
            await wait_for_a_renewal()
            return Done("booked", {"reference": "r"})

        async def deliver(**_more: object) -> None:
            await wait_for_a_renewal()

        house.book.act = lambda _context, _inputs: book()
        house.post.deliver = deliver  # type: ignore[method-assign]  # it takes its time
        await house.begin(flow_name)
        await house.engine.run_due()
        assert (await house.engine.inspect("e1")).outcome in {"done", "sent"}


# waiting

LITERAL = {"recipient": "ann", "until": "2030-01-01T13:00:00Z"}


async def test_a_repeated_answer_does_not_wait_for_what_only_others_can_bring(house: House) -> None:
    graph = flow(
        "login",
        prompt("ask", {"go": "tell"}, submits=("go",)),
        task(
            "tell",
            "notify",
            {"accepted": "done", "undeliverable": "done"},
            given={"recipient": "a", "until": "2030-01-01T12:00:00Z"},
        ),
        end("done", "done"),
    )
    async with opened(make_house(house.database, graphs=(graph,), times=replace(QUICK, poll=timedelta(hours=1)))) as it:
        it.notifier.run = lambda *_asked: Deferred(until=NOON + timedelta(hours=1))  # type: ignore[method-assign]
        asking: Coroutine[Any, Any, Any]
        step = await it.engine.begin(execution="e1", flow="login", inputs={}, on_end="told", correlation="c")
        for _ in range(2):
            asking = it.engine.submit("e1", token=str(step.token), action="go", values={})
            assert (await asyncio.wait_for(asking, 10)).status == "waiting"

"""Signals: who may send them; early, late, twice or wrong ones; calls and waits that outlive processes."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from engine import Done, InvalidFields, Step, StepConflict, StepGone, UnknownExecution
from engine.language import SignalDeclaration
from engine.runtime import KeyReused
from engine.storage import Database, Unit
from tests.engine.execution.flows import NOON, end, flow, prompt, value, wait
from tests.engine.runtime.kit import NO_LEASE, House, make_house, opened
from tests.engine.runtime.test_recovery import killed_while

pytestmark = pytest.mark.anyio

PAID = {"reference": "r7"}
STRICT = flow(
    "strict",
    prompt("ask", {"submit": "heard"}),
    wait("heard", "go", "done"),
    end("done", "done"),
    signals={"go": SignalDeclaration(sender=value("ann"), payload={}, early="refuse")},
)


async def send(house: House, payload: Any = PAID, *, sender: str = "bob", name: str = "paid", **more: Any) -> Step:
    token = house.engine.signal_token("e1", name=name, sender=sender)
    return await house.engine.signal("e1", name=name, token=token, payload=payload, **more)


async def waiting(house: House) -> None:
    """Bring an execution to its wait."""
    assert (await house.begin("expense")).status == "waiting"


async def test_a_signal_ends_the_wait_and_its_payload_is_learned(house: House) -> None:
    await waiting(house)
    step = await send(house)
    assert (step.outcome, step.result) == ("paid", {"reference": "r7"})
    assert ("signalled", "heard") in [(each.kind, each.node) for each in await house.engine.history("e1")]
    assert await house.told("paid") == 1


async def test_a_token_is_for_one_signal_of_one_execution_by_one_sender(house: House) -> None:
    await waiting(house)
    await house.begin("expense", "e2")
    token = house.engine.signal_token("e1", name="paid", sender="bob")
    for execution, name, bad in (
        ("e2", "paid", token),
        ("e1", "lost", token),
        ("e1", "paid", token[:-1] + ("0" if token[-1] != "0" else "1")),
        ("e1", "paid", "ZXZl." + token.partition(".")[2]),
        ("e1", "paid", ""),
        ("e1", "paid", "\u00e9.x"),
        ("e1", "paid", "_w." + token.partition(".")[2]),
    ):
        with pytest.raises(UnknownExecution):
            await house.engine.signal(execution, name=name, token=bad, payload=PAID)
    assert (await house.engine.inspect("e1")).status == "waiting"


async def test_nothing_is_sent_to_an_execution_that_is_not_there(house: House) -> None:
    with pytest.raises(UnknownExecution):
        await send(house)


@pytest.mark.parametrize(
    ("payload", "sender", "name", "problem"),
    [
        ({"reference": 7}, "bob", "paid", ("reference", "type")),
        ({}, "bob", "paid", ("reference", "required")),
        ({**PAID, "more": 1}, "bob", "paid", ("more", "unknown")),
        (PAID, "eve", "paid", ("sender", "not_allowed")),
        (PAID, "bob", "lost", ("signal", "unknown")),
    ],
)
async def test_a_wrong_payload_sender_or_name_is_told_and_the_wait_goes_on(
    house: House, payload: dict[str, Any], sender: str, name: str, problem: tuple[str, str]
) -> None:
    await waiting(house)
    with pytest.raises(InvalidFields) as caught:
        await send(house, payload, sender=sender, name=name)
    assert [(each.field, each.code) for each in caught.value.problems] == [problem]
    assert (await send(house)).outcome == "paid"


async def test_a_megabyte_is_taken_where_the_flow_allows_it_and_kept_sealed(house: House) -> None:
    await waiting(house)
    assert (await send(house, {"reference": "x" * 1_000_000})).outcome == "paid"


async def test_an_early_signal_is_kept_through_a_restart_where_the_flow_says_so(database: Database) -> None:
    async with opened(make_house(database)) as first:
        await first.begin("expense", amount=2000)
        assert (await send(first)).status == "waiting"
    async with opened(make_house(database)) as house:
        await house.engine.run_due()
        step = await house.engine.inspect("e1")
        step = await house.engine.submit("e1", token=step.token or "", action="allow", values={})
        assert (step.outcome, step.result) == ("paid", {"reference": "r7"})


async def test_an_early_signal_is_refused_where_the_flow_says_so(database: Database) -> None:
    async with opened(make_house(database, graphs=(STRICT,))) as house:
        step = await house.engine.begin(execution="e1", flow="strict", inputs={}, on_end="told", correlation="c")
        with pytest.raises(StepConflict) as caught:
            await send(house, {}, sender="ann", name="go")
        assert caught.value.step.node == "ask"
        await house.engine.submit("e1", token=step.token or "", action="submit", values={})
        assert (await send(house, {}, sender="ann", name="go")).outcome == "done"


async def test_a_signal_that_comes_while_a_task_runs_is_heard_after_it(house: House) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> Done:
        began.set()
        await go_on.wait()
        return Done("booked", {"reference": "r1"})

    house.book.act = lambda _context, _inputs: slow()
    begun = asyncio.create_task(house.begin("expense"))
    await began.wait()
    assert (await send(house)).status == "working"
    go_on.set()
    assert (await begun).outcome == "paid"


async def test_a_signal_at_or_after_the_timeout_is_too_late(house: House) -> None:
    await waiting(house)
    house.clock.advance(timedelta(hours=1))
    with pytest.raises(StepGone) as caught:
        await send(house)
    assert caught.value.step.outcome == "late"
    with pytest.raises(StepGone):
        await send(house)


async def test_the_same_key_and_payload_count_once_also_after_the_end_and_a_restart(database: Database) -> None:
    async with opened(make_house(database)) as first:
        await waiting(first)
        await send(first, key="k1")
    async with opened(make_house(database)) as house:
        assert (await send(house, key="k1")).outcome == "paid"
        with pytest.raises(KeyReused):
            await send(house, {"reference": "other"}, key="k1")
        with pytest.raises(StepGone):
            await send(house, key="k2")


async def test_twenty_signals_under_one_key_over_two_processes_are_one(database: Database) -> None:
    async with opened(make_house(database)) as one, opened(make_house(database)) as other:
        await one.begin("expense", amount=2000)
        await asyncio.gather(*(send(each, key="k") for each in (one, other) for _ in range(10)))
        kept = [entry for entry in await one.engine.history("e1") if entry.kind == "kept"]
        assert len(kept) == 1


async def test_a_refused_signal_leaves_its_key_free(house: House) -> None:
    await waiting(house)
    with pytest.raises(InvalidFields):
        await send(house, {"reference": 7}, key="k")
    assert (await send(house, key="k")).outcome == "paid"


async def test_a_signal_inside_somebodys_unit_is_stored_with_it_or_not_at_all(house: House) -> None:
    await waiting(house)
    signal: dict[str, Any] = {"execution": "e1", "name": "paid", "sender": "bob", "payload": PAID, "key": "k"}

    def and_fail(unit: Unit) -> None:
        assert house.engine.signal_inside(unit, **signal, now=house.clock.now())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await house.database.run(and_fail)
    assert (await house.engine.inspect("e1")).status == "waiting"
    for _again in range(2):
        assert await house.database.run(lambda unit: house.engine.signal_inside(unit, **signal, now=house.clock.now()))
    assert (await house.engine.inspect("e1")).outcome == "paid"
    late = {**signal, "key": None}
    assert not await house.database.run(lambda unit: house.engine.signal_inside(unit, **late, now=house.clock.now()))


async def test_a_signal_inside_somebodys_unit_says_what_is_wrong_with_it(house: House) -> None:
    await waiting(house)

    def say_nothing(unit: Unit) -> bool:
        return house.engine.signal_inside(
            unit, execution="e1", name="paid", sender="bob", payload={}, now=house.clock.now()
        )

    with pytest.raises(InvalidFields, match="reference"):
        await house.database.run(say_nothing)


async def test_a_call_and_its_deferred_task_outlive_every_process(database: Database) -> None:
    async with opened(make_house(database)) as first:
        step = await first.begin("expense", amount=2000, until=NOON + timedelta(days=3))
        assert step.status == "waiting"
    async with opened(make_house(database)) as second:
        assert await second.engine.run_due() >= 1
        step = await second.engine.inspect("e1")
        assert (step.status, step.node, second.post.delivered[0][1]) == ("prompt", "ask", {"to": "bob"})
    async with opened(make_house(database)) as third:
        third.clock.advance(timedelta(hours=24))
        await third.engine.run_due()
        assert [each.kind for each in await third.engine.history("e1")].count("called") == 2
        assert (await third.engine.inspect("e1")).node == "ask"
        assert len(third.post.delivered) == 1


async def test_a_wait_after_a_killed_task_is_reached_once_and_heard_once(database: Database) -> None:
    async with opened(make_house(database, times=NO_LEASE)) as dead:
        await killed_while(dead, "expense")
    async with opened(make_house(database)) as house:
        await house.engine.run_due()
        assert (await house.engine.inspect("e1")).status == "waiting"
        assert (await send(house)).outcome == "paid"
        assert await house.told("paid") == 1


async def test_a_start_under_a_key_happens_once(database: Database) -> None:
    async with opened(make_house(database)) as one, opened(make_house(database)) as other:

        async def begin(house: House, execution: str, *, amount: int = 10, scope: str = "shop") -> Step:
            inputs = {"amount": amount, "manager": "bob", "until": "2030-01-01T13:00:00Z"}
            return await house.engine.begin(
                execution=execution,
                flow="expense",
                inputs=inputs,
                on_end="told",
                correlation=execution,
                key="k",
                scope=scope,
            )

        steps = await asyncio.gather(*(begin(each, f"{i}") for i, each in enumerate((one, other) * 5)))
        assert len({step.execution for step in steps}) == 1
        assert len(one.book.asked) + len(other.book.asked) == 1
        with pytest.raises(KeyReused, match="use a new key"):
            await begin(one, "x", amount=11)
        assert (await begin(one, "x", scope="another shop")).execution == "x"

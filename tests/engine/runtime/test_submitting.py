"""Steps, tokens, repetition and lateness, through the front door."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from engine import Context, Done, InvalidFields, StepConflict, StepGone, UnknownExecution
from engine.storage import Database
from tests.engine.execution.flows import NOON
from tests.engine.runtime.kit import INPUTS, House, make_house, opened

pytestmark = pytest.mark.anyio


def token(step: object) -> str:
    found = getattr(step, "token", None)
    assert isinstance(found, str)
    return found


async def test_a_person_goes_from_step_to_step_to_the_end(house: House) -> None:
    step = await house.begin()
    assert (step.status, step.node, step.flow) == ("prompt", "ask", "login")
    assert [(field.name, field.type, field.autocomplete) for field in step.fields] == [
        ("password", "password", "current-password")
    ]
    assert [(action.id, action.submits) for action in step.actions] == [("submit", True), ("not_me", False)]
    assert step.expires_at == NOON + timedelta(minutes=4)

    step = await house.engine.submit("e1", token=token(step), action="submit", values={"password": "sesame"})
    assert step.node == "agree"
    assert step.fields[0].choices is not None
    assert [(choice.name, choice.title, choice.required) for choice in step.fields[0].choices] == [
        ("pay", "Pay", True),
        ("see", "see", False),
    ]

    step = await house.engine.submit("e1", token=token(step), action="allow", values={"granted": ["pay"]})
    assert (step.status, step.outcome, step.result["granted"]) == ("ended", "approved", ["pay"])
    assert await house.told("approved") == 1
    assert [(ended.outcome, ended.correlation) for ended in house.ends] == [("approved", "c1")]


async def test_a_wrong_password_comes_back_with_a_message_and_a_new_token(house: House) -> None:
    step = await house.begin()
    again = await house.engine.submit("e1", token=token(step), action="submit", values={"password": "guess"})
    assert (again.node, [(message.id, message.params) for message in again.messages]) == (
        "ask",
        [("login.wrong", {"left": 2})],
    )
    assert again.token != step.token


async def test_every_bad_field_is_named_at_once_and_the_token_stays(house: House) -> None:
    step = await house.begin()
    step = await house.engine.submit("e1", token=token(step), action="submit", values={"password": "sesame"})
    with pytest.raises(InvalidFields) as caught:
        await house.engine.submit("e1", token=token(step), action="allow", values={"granted": ["fly"], "more": 1})
    assert {problem.field for problem in caught.value.problems} == {"granted", "more"}
    assert (await house.engine.inspect("e1")).token == step.token


async def test_an_empty_password_is_refused_before_anything_runs(house: House) -> None:
    step = await house.begin()
    for values in ({}, {"password": ""}, {"password": 3}):
        with pytest.raises(InvalidFields):
            await house.engine.submit("e1", token=token(step), action="submit", values=values)
    assert house.check.asked == []


async def test_an_unknown_action_is_named(house: House) -> None:
    step = await house.begin()
    with pytest.raises(InvalidFields) as caught:
        await house.engine.submit("e1", token=token(step), action="fly", values={})
    assert caught.value.problems[0].field == "action"


async def test_the_same_answer_again_gets_the_current_step_and_another_body_a_conflict(house: House) -> None:
    first = await house.begin()
    second = await house.engine.submit("e1", token=token(first), action="submit", values={"password": "sesame"})
    repeated = await house.engine.submit("e1", token=token(first), action="submit", values={"password": "sesame"})
    assert repeated == second
    with pytest.raises(StepConflict) as caught:
        await house.engine.submit("e1", token=token(first), action="submit", values={"password": "other"})
    assert caught.value.step == second
    assert len(house.check.asked) == 1


async def test_the_last_answer_is_still_known_after_the_end(house: House) -> None:
    first = await house.begin()
    ended = await house.engine.submit("e1", token=token(first), action="not_me", values={})
    assert await house.engine.submit("e1", token=token(first), action="not_me", values={}) == ended
    with pytest.raises(StepConflict):
        await house.engine.submit("e1", token=token(first), action="submit", values={"password": "x"})
    with pytest.raises(StepGone) as caught:
        await house.engine.submit("e1", token="never-was", action="submit", values={})
    assert caught.value.step.outcome == "denied"


async def test_after_a_restart_a_repeated_body_with_a_secret_is_a_conflict_and_one_without_is_known(
    house: House,
) -> None:
    first = await house.begin()
    second = await house.engine.submit("e1", token=token(first), action="submit", values={"password": "sesame"})
    async with opened(make_house(house.database, clock=house.clock)) as other:
        with pytest.raises(StepConflict):
            await other.engine.submit("e1", token=token(first), action="submit", values={"password": "sesame"})
        done = await other.engine.submit("e1", token=token(second), action="allow", values={"granted": ["pay"]})
    assert await house.engine.submit("e1", token=token(second), action="allow", values={"granted": ["pay"]}) == done


async def test_fifty_submits_at_once_make_one_call_and_one_transition(house: House) -> None:
    async def slow(_context: Context) -> Done:
        await asyncio.sleep(0)
        return Done("right", {"subject": "ann", "at": NOON})

    house.check.act = lambda context, _inputs: slow(context)
    step = await house.begin()
    steps = await asyncio.gather(
        *(
            house.engine.submit("e1", token=token(step), action="submit", values={"password": "sesame"})
            for _ in range(50)
        )
    )
    assert {each.node for each in steps} == {"agree"}
    assert len(house.check.asked) == 1
    answered = [entry for entry in await house.engine.history("e1") if entry.kind == "answered"]
    assert len(answered) == 1


async def test_fifty_different_submits_at_once_leave_one_winner(house: House) -> None:
    step = await house.begin()
    results = await asyncio.gather(
        *(
            house.engine.submit("e1", token=token(step), action="submit", values={"password": f"guess{number}"})
            for number in range(50)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, StepConflict) for result in results) == 49
    assert len(house.check.asked) == 1


async def test_a_submit_at_the_deadline_applies_the_timer_and_is_gone(house: House) -> None:
    step = await house.begin()
    house.clock.advance(timedelta(minutes=4))
    with pytest.raises(StepGone) as caught:
        await house.engine.submit("e1", token=token(step), action="submit", values={"password": "sesame"})
    assert caught.value.step.outcome == "expired"
    assert house.check.asked == []
    assert await house.told("expired") == 1


async def test_a_read_past_a_due_timer_fires_it(house: House) -> None:
    await house.begin()
    house.clock.advance(timedelta(minutes=4))
    assert (await house.engine.inspect("e1")).outcome == "expired"
    assert await house.told("expired") == 1


async def test_a_client_that_goes_away_leaves_nothing_half_done(house: House) -> None:
    go_on, began = asyncio.Event(), asyncio.Event()

    async def slow() -> Done:
        began.set()
        await go_on.wait()
        return Done("right", {"subject": "ann", "at": NOON})

    house.check.act = lambda _context, _inputs: slow()
    step = await house.begin()
    asked = asyncio.create_task(
        house.engine.submit("e1", token=token(step), action="submit", values={"password": "sesame"})
    )
    await began.wait()
    asked.cancel()
    assert (await house.engine.inspect("e1")).status == "working"
    go_on.set()
    assert (await house.engine.inspect("e1", wait=20)).node == "agree"


async def test_a_cancel_ends_a_waiting_execution_and_is_noted_while_a_task_runs(house: House) -> None:
    await house.begin(execution="e0")
    assert (await house.engine.cancel("e0", reason="operator")).outcome == "cancelled"
    assert await house.told("cancelled") == 1

    go_on, began = asyncio.Event(), asyncio.Event()

    async def slow() -> Done:
        began.set()
        await go_on.wait()
        return Done("wrong", {"left": 1})

    house.check.act = lambda _context, _inputs: slow()
    step = await house.begin()
    asked = asyncio.create_task(house.engine.submit("e1", token=token(step), action="submit", values={"password": "x"}))
    await began.wait()
    assert (await house.engine.cancel("e1", reason="operator")).status == "working"
    go_on.set()
    assert (await asked).outcome == "cancelled"


async def test_nobody_knows_an_execution_that_is_not_there(house: House) -> None:
    with pytest.raises(UnknownExecution):
        await house.engine.inspect("nobody")
    with pytest.raises(UnknownExecution):
        await house.engine.submit("nobody", token="t", action="submit", values={})
    with pytest.raises(UnknownExecution):
        await house.engine.cancel("nobody", reason="x")


async def test_a_typed_secret_is_in_no_row(house: House, database: Database) -> None:
    step = await house.begin()
    await house.engine.submit("e1", token=token(step), action="submit", values={"password": "canary-7261"})
    rows = house.engine._rows  # the seals are opened here on purpose: even behind them nothing is stored

    def everything(unit: object) -> str:
        held = rows.find(unit, "e1")  # type: ignore[arg-type]  # a unit of the database
        assert held is not None
        return repr(held.state.to_json())

    stored = await database.read(everything)
    assert "canary" not in stored + repr(await house.engine.history("e1"))


@pytest.mark.parametrize("flow", ["login", "send", "expense", "counting"])
async def test_the_step_that_is_answered_is_the_one_that_is_found(house: House, flow: str) -> None:
    step = await house.begin(flow)
    assert step == await house.engine.inspect("e1")
    if step.status == "prompt":
        action, values = ("submit", {"password": "guess"}) if flow == "login" else (step.actions[0].id, {})
        with suppress(InvalidFields):
            step = await house.engine.submit("e1", token=token(step), action=action, values=values)
        assert step == await house.engine.inspect("e1")
    step = await house.engine.cancel("e1", reason="enough")
    assert step == await house.engine.inspect("e1")


async def test_a_timer_that_is_due_by_the_time_of_the_answer_fires_before_it_is_given(house: House) -> None:
    step = await house.engine.begin(
        execution="e1",
        flow="login",
        inputs=INPUTS["login"],
        on_end="told",
        correlation="c1",
        beside=lambda _unit: house.clock.advance(timedelta(minutes=10)),
    )
    assert (step.status, step.outcome) == ("ended", "expired")
    assert step == await house.engine.inspect("e1")

"""A process dies at each labelled point in turn, and another one finishes what it left: once, and under one key."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import update

from engine import Context, Done
from engine.storage import Database, StorageUnavailable
from engine.storage.tables import executions, outbox
from tests.engine.execution.flows import NOON
from tests.engine.runtime.dying import DyingDatabase, Outside, Points
from tests.engine.runtime.kit import INPUTS, NO_LEASE, House, make_house, marks, opened
from tests.fixtures.databases import MakeDatabase

pytestmark = pytest.mark.anyio

ROUNDS = 12
QUIET = replace(NO_LEASE, poll=timedelta(milliseconds=20))
END_EXECUTION_LEASES = update(executions).values(lease_until=0).where(executions.c.lease_until.is_not(None))
END_MESSAGE_LEASES = update(outbox).values(lease_until=0).where(outbox.c.lease_until.is_not(None))


class Gateway:
    """Sends to the world outside."""

    def __init__(self, outside: Outside, points: Points) -> None:
        self._outside, self._points = outside, points

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:
        self._outside.act(self._points, "message", key)


def process(database: Database, outside: Outside, points: Points) -> House:
    """Return a process that dies where *points* say."""
    house = make_house(cast("Database", DyingDatabase(database, points)), times=QUIET)

    def book(context: Context, _inputs: Mapping[str, Any]) -> Done:
        outside.act(points, "booking", context.key)
        return Done("booked", {"reference": "r1"})

    house.book.act = book
    house.post.deliver = Gateway(outside, points).deliver  # type: ignore[method-assign]  # it acts on the world outside
    return house


async def drive(house: House) -> str | None:
    """Do what people and callers do, again where no answer came; return the outcome, None where it is stuck."""
    inputs = {**INPUTS["expense"], "amount": 2000, "until": NOON + timedelta(days=1)}
    begin: dict[str, Any] = {"execution": "e1", "flow": "expense", "inputs": inputs, "on_end": "told", "key": "start"}
    await house.engine.begin(**begin, correlation="c1")
    for _ in range(ROUNDS):
        await house.database.run(lambda unit: unit.execute(END_EXECUTION_LEASES).rowcount)
        await house.database.run(lambda unit: unit.execute(END_MESSAGE_LEASES).rowcount)
        await house.engine.run_due()
        step = await house.engine.inspect("e1")
        if step.status == "ended":
            return step.outcome
        if step.status == "prompt":
            await house.engine.submit("e1", token=step.token or "", action="allow", values={})
        elif step.node == "heard":
            token = house.engine.signal_token("e1", name="paid", sender="bob")
            await house.engine.signal("e1", name="paid", token=token, payload={"reference": "r7"}, key="paid")
    return None


async def run_process(house: House) -> str | None:
    async with opened(house):
        for _ in range(ROUNDS):
            with suppress(StorageUnavailable):
                return await drive(house)
    return None


async def history(database: Database) -> list[tuple[str, str]]:
    return [(each.kind, each.node) for each in await make_house(database).engine.history("e1")]


async def points_of(database: Database) -> tuple[list[str], list[tuple[str, str]]]:
    """Return every point that a process passes which nothing happens to, and the history that it leaves."""
    points = Points()
    assert await run_process(process(database, Outside(), points)) == "paid"
    return points.passed, await history(database)


async def struck(database: Database, points: Points, jump: timedelta) -> tuple[Outside, str | None]:
    """Let one process meet what *points* have for it and another go on; return what was done outside, and the end."""
    outside = Outside()
    house = process(database, outside, points)
    if jump:
        points.instead = lambda: house.clock.advance(jump)
    with suppress(Exception):  # a death shows itself in more than one way to whoever waits
        await run_process(house)
    points.dead = True
    return outside, await run_process(process(database, outside, Points()))


async def walk(make_database: MakeDatabase, *, stride: int, away: bool = False, jump: timedelta = timedelta(0)) -> int:
    """Strike at every point, or at every so manieth; return how many there are.

    With a *jump* the process goes on, and its clock is that much before or behind everybody else's from there on.
    """
    labels, expected = await points_of(make_database(repeat=False))
    wrong: dict[str, Any] = {}
    for at in range(0, len(labels), stride):
        database = make_database(repeat=False)
        outside, outcome = await struck(database, Points(at=at, away=away), jump)
        found = (outcome, dict(outside.keys()), await marks(database, "end-paid"), await history(database))
        if found != ("paid", {"message": 1, "booking": 1}, 1, expected) and not (
            jump > timedelta(0) and await _came_too_late(database, outcome, outside, found[3])
        ):
            wrong[f"{at}: {labels[at]}"] = found
        await database.close()
    assert not wrong, json.dumps(wrong, indent=1, default=str)
    return len(labels)


async def _came_too_late(
    database: Database, outcome: str | None, outside: Outside, lines: list[tuple[str, str]]
) -> bool:
    """Return whether the clock that was put forward made a timeout of an hour due: an end like any other, told once."""
    once = max(outside.keys().values(), default=0) == 1 and len(lines) == len(set(lines))
    return once and (outcome, await marks(database, "end-late"), await marks(database, "end-paid")) == ("late", 1, 0)


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("away", [False, True], ids=["dies", "database away"])
async def test_a_process_may_be_struck_at_one_point_in_seven(make_database: MakeDatabase, away: bool) -> None:
    assert await walk(make_database, stride=7, away=away) > 50


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("away", [False, True], ids=["dies", "database away"])
async def test_a_process_may_be_struck_at_every_point(make_database: MakeDatabase, away: bool) -> None:
    assert await walk(make_database, stride=1, away=away) > 50


async def test_the_points_are_in_units_and_around_what_is_done_outside(make_database: MakeDatabase) -> None:
    labels, _ = await points_of(make_database(repeat=False))
    kinds = {label.partition(": ")[2] for label in labels}
    assert kinds == {"before", "statement", "committed", "read", "before it is done", "after it was done"}


@pytest.mark.parametrize("hours", [-1, 1], ids=["set back", "put forward"])
async def test_a_clock_may_jump_an_hour_at_one_point_in_eleven(make_database: MakeDatabase, hours: int) -> None:
    assert await walk(make_database, stride=11, jump=timedelta(hours=hours)) > 50


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("hours", [-1, 1], ids=["set back", "put forward"])
async def test_a_clock_may_jump_an_hour_at_every_point(make_database: MakeDatabase, hours: int) -> None:
    assert await walk(make_database, stride=1, jump=timedelta(hours=hours)) > 50

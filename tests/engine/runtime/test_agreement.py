"""The real runtime, over two processes that die and are begun again, does what the independent interpreter does."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from engine.storage import ENGINE_TABLES, Database, Unit
from tests.engine.execution.flows import EXPENSE, NOON
from tests.engine.runtime.kit import marks
from tests.engine.runtime.twins import BOOKINGS, UNTIL, VISITED, Runtime, Twin, act, compare, follow

ACTIONS = st.one_of(
    st.sampled_from([("allow",), ("deny",), ("stale",), ("deliver",), ("restart",), ("cancel",)]),
    st.tuples(st.just("signal"), st.sampled_from(["bob", "eve"]), st.sampled_from(["r1", 7])),
    st.tuples(st.just("pass"), st.sampled_from([-3600, 1, 2, 60, 3600, 7200, 86_400])),
)
# At which of the points that it passes the process dies during the action, if at all.
DIES = st.one_of(st.none(), st.integers(0, 12))
WORLDS = st.fixed_dictionaries(
    {
        "amount": st.sampled_from([10, 2000]),
        "bookings": st.lists(st.sampled_from(list(BOOKINGS)), max_size=4),
        "dies": DIES,
        "actions": st.lists(st.tuples(st.integers(0, 1), ACTIONS, DIES), max_size=14),
    }
)
QUICKLY = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
FEW = (Phase.explicit, Phase.generate, Phase.shrink)
# What the world before left would be taken up in this one.
CLEAR = tuple(delete(table) for table in ENGINE_TABLES.metadata.sorted_tables)


async def agree(database: Database, world: dict[str, Any]) -> int:
    """Let the same things happen to both; compare where they stand after each, and at the end all that they did.

    Returns how many processes died.
    """
    twin, runtime = Twin(world), Runtime(database, world, "e1")
    for process in runtime.processes:
        await process.house.engine.open()
    inputs = {"amount": world["amount"], "manager": "bob", "until": UNTIL}
    twin.handle({"event": "start", "digest": EXPENSE.digest, "inputs": inputs}, NOON)
    if world["dies"] is None:
        await act(runtime, 0, ("start", inputs))
    else:
        await runtime.survive(0, ("start", inputs), dies=world["dies"])
    for turn, (number, chosen, dies) in enumerate(world["actions"]):
        action = await meant(runtime, number, chosen, turn)
        if dies is None:
            await act(runtime, number, action)
        else:
            await runtime.survive(number, action, dies=dies)
        follow(twin, action, runtime.clock.now())
        await compare(runtime, 1 - number, twin)
    await look_back(runtime, twin)
    for process in runtime.processes:
        await process.house.engine.close()
    return runtime.deaths


async def meant(runtime: Runtime, number: int, chosen: tuple[Any, ...], turn: int) -> tuple[Any, ...]:
    """Return the action with what makes it one and the same when it is repeated."""
    match chosen:
        case ("signal", sender, reference):
            return ("signal", sender, reference, f"signal-{turn}")
        case (("allow" | "deny" | "stale") as answer,):
            step = await runtime.house(number).engine.inspect(runtime.execution)
            return ("answer", "allow", "x") if answer == "stale" else ("answer", answer, step.token or "x")
        case _:
            return chosen


async def look_back(runtime: Runtime, twin: Twin) -> None:
    """Compare what was visited and sent, and that every end was told once."""
    house = runtime.house(0)
    history = [(each.kind, each.node) for each in await house.engine.history(runtime.execution)]
    assert [line for line in history if line[0] in VISITED] == twin.trail
    assert len(set(runtime.sent)) == twin.delivered
    assert len(runtime.sent) <= twin.delivered + runtime.deaths, "only a death sends again, under the same key"
    ended = twin.flow.end[0] if twin.flow.mode == "ended" else None
    for outcome in (*EXPENSE.outcomes, "fault", "cancelled"):
        assert await marks(runtime.database, f"end-{outcome}") == int(outcome == ended)


def _agree_in_memory(world: dict[str, Any]) -> None:
    async def go() -> None:
        async with Database.open("sqlite:///:memory:", owners=(ENGINE_TABLES,)) as database:
            await agree(database, world)

    asyncio.run(go())


@settings(QUICKLY, max_examples=25, phases=FEW)
@given(WORLDS)
def test_the_runtime_agrees_with_the_interpreter(world: dict[str, Any]) -> None:
    _agree_in_memory(world)


@pytest.mark.long
@settings(QUICKLY, max_examples=400)
@given(WORLDS)
def test_the_runtime_agrees_with_the_interpreter_for_long(world: dict[str, Any]) -> None:
    _agree_in_memory(world)


def _clear(unit: Unit) -> None:
    for statement in CLEAR:
        unit.execute(statement)


def _agree_in_files(url: str, examples: int) -> int:
    """Let so many worlds happen one after the other on the database at *url*; return how many processes died."""
    deaths = 0

    @settings(QUICKLY, max_examples=examples, phases=FEW)
    @given(WORLDS)
    def each(world: dict[str, Any]) -> None:
        async def go() -> int:
            async with Database.open(url) as database:
                await database.run(_clear)
                return await agree(database, world)

        nonlocal deaths
        deaths += asyncio.run(go())

    each()
    return deaths


def test_it_agrees_on_both_databases_and_processes_do_die(new_url: Callable[[], str]) -> None:
    assert _agree_in_files(new_url(), 12) > 0


@pytest.mark.long
@pytest.mark.timeout(600)
def test_it_agrees_on_both_databases_for_long(new_url: Callable[[], str]) -> None:
    assert _agree_in_files(new_url(), 150) > 20

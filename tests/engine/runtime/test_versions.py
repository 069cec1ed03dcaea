"""Versions: what new executions run on, going back, migrating, and states that this program cannot read."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from engine.contracts import UnknownFlow, parse_fields
from engine.execution import STATE_VERSION, State, StateUnreadable
from engine.language import Graph, Migration
from engine.runtime import ExecutorsDiffer
from engine.runtime.versions import CannotMigrate
from engine.storage import Database
from engine.storage.executions import Executions
from engine.storage.sealing import Place
from engine.storage.tables import executions
from tests.engine.execution.flows import BOOK, EXPENSE, NOON, SEND, after, call, end, flow, prompt, task, wait
from tests.engine.runtime.kit import KEYRING, FixedFlows, House, make_house, opened

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parent / "golden"
ONE = flow("two_steps", prompt("ask", {"submit": "more"}), prompt("more", {"submit": "done"}), end("done", "done"))


def version(graph: Graph, number: str, **changes: Any) -> Graph:
    return replace(graph, version=number, digest=f"digest-of-{graph.name}-{number}", **changes)


def with_nodes(graph: Graph, *nodes: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    kept = {name: node for name, node in graph.nodes.items() if name not in without}
    return {"nodes": {**kept, **{node.id: node for node in nodes}}}


TWO = version(ONE, "1.1.0", **with_nodes(ONE, prompt("ask", {"submit": "done"})))
RENAMED = version(
    ONE,
    "2.0.0",
    migrate=Migration(from_version="1.0.0", nodes={"ask": "ask_again"}),
    start="ask_again",
    **with_nodes(ONE, prompt("ask_again", {"submit": "more"}), without=("ask",)),
)


async def begin(house: House, execution: str = "e1") -> str:
    step = await house.engine.begin(execution=execution, flow="two_steps", inputs={}, on_end="told", correlation="c")
    return step.token or ""


async def submitted(house: House, token: str, execution: str = "e1") -> Any:
    return await house.engine.submit(execution, token=token, action="submit", values={})


async def test_new_executions_run_on_what_was_published_last_and_others_stay_pinned(database: Database) -> None:
    async with opened(make_house(database, graphs=(ONE,))) as house:
        token = await begin(house)
        await house.engine.versions.publish(FixedFlows(TWO))
        assert (await submitted(house, await begin(house, "e2"), "e2")).status == "ended"
        assert (await submitted(house, token)).node == "more"
        shown = [
            (each.version, each.live, each.open)
            for each in await house.engine.versions.all()
            if each.flow == "two_steps"
        ]
        assert sorted(shown) == [("1.0.0", False, 1), ("1.1.0", True, 0)]


async def test_another_process_runs_what_this_one_published_and_goes_back_with_it(database: Database) -> None:
    async with opened(make_house(database, graphs=(ONE,))) as one, opened(make_house(database, graphs=(ONE,))) as other:
        await one.engine.versions.publish(FixedFlows(TWO))
        await other.engine.versions.refresh()
        assert (await submitted(other, await begin(other))).status == "ended"
        await one.engine.versions.roll_back("two_steps")
        await other.engine.versions.refresh()
        assert (await submitted(other, await begin(other, "e2"), "e2")).node == "more"
    async with opened(make_house(database, graphs=(TWO,))) as later:
        assert (await submitted(later, await begin(later, "e3"), "e3")).node == "more", "a restart does not undo it"


async def test_only_a_version_that_is_there_can_be_gone_back_to(house: House) -> None:
    for to in (None, "nothing"):
        with pytest.raises(UnknownFlow):
            await house.engine.versions.roll_back("login", to=to)


async def test_a_version_that_this_installation_cannot_run_is_not_published(database: Database) -> None:
    missing = version(ONE, "1.1.0", **with_nodes(ONE, task("ask", "book", {"booked": "done"})))
    async with opened(make_house(database, graphs=(ONE,), without=(BOOK,))) as house:
        with pytest.raises(ExecutorsDiffer, match="needs executor 'book'"):
            await house.engine.versions.publish(FixedFlows(missing))
        assert len(await house.engine.versions.all()) == 1


async def test_older_executions_end_where_the_publisher_says_so(database: Database) -> None:
    async with opened(make_house(database, graphs=(ONE,))) as house:
        for name in ("e1", "e2"):
            await begin(house, name)
        done = await house.engine.versions.publish(FixedFlows(TWO), existing="abort")
        assert sorted(done.moved) == ["e1", "e2"]
        assert await house.told("cancelled") == 2


async def test_an_execution_goes_on_in_a_version_that_says_how(database: Database) -> None:
    async with opened(make_house(database, graphs=(ONE,))) as house:
        old = await begin(house)
        done = await house.engine.versions.publish(FixedFlows(RENAMED), existing="migrate")
        assert (done.moved, done.stayed) == (("e1",), {})
        step = await house.engine.inspect("e1")
        assert (step.node, step.token == old) == ("ask_again", False)
        assert "migrated" in [each.kind for each in await house.engine.history("e1")]
        assert (await submitted(house, step.token or "")).node == "more"
    async with opened(make_house(database, graphs=(ONE, RENAMED))) as house:
        assert (await house.engine.inspect("e1")).node == "more"


WAITS = wait("heard", "paid", "done", timeout=after(timedelta(hours=1), "late"))
PLAN = Migration(from_version="1.0.0", nodes={})
REFUSED: Mapping[str, tuple[Graph, str]] = {
    "no plan": (version(EXPENSE, "1.1.0"), "from no version, not from 1.0.0"),
    "plan for another": (
        version(EXPENSE, "1.1.0", migrate=Migration(from_version="0.9.0", nodes={})),
        "from 0.9.0, not from 1.0.0",
    ),
    "node is gone": (
        version(EXPENSE, "1.1.0", migrate=PLAN, **with_nodes(EXPENSE, prompt("x", {"a": "done"}), without=("heard",))),
        "'heard' would go on at 'heard'",
    ),
    "node of another kind": (
        version(EXPENSE, "1.1.0", migrate=Migration(from_version="1.0.0", nodes={"heard": "ask"})),
        "which is not such a node",
    ),
    "an input that was never given": (
        version(
            EXPENSE,
            "1.1.0",
            migrate=PLAN,
            inputs=parse_fields({"amount": "integer", "manager": "id", "until": "time", "why": "string"}),
            **with_nodes(EXPENSE, end("done", "paid", reference="=inputs.why")),
        ),
        "inputs.why",
    ),
    "an input of another type": (
        version(
            EXPENSE,
            "1.1.0",
            migrate=PLAN,
            inputs=parse_fields({"amount": "integer", "manager": "integer", "until": "time"}),
        ),
        "inputs.manager",
    ),
    "a value that was not learned": (
        version(EXPENSE, "1.1.0", migrate=PLAN, **with_nodes(EXPENSE, end("done", "paid", reference="=steps.ask.why"))),
        "steps.ask.why",
    ),
}


@pytest.mark.parametrize("why", REFUSED)
async def test_an_execution_stays_where_a_version_does_not_take_it_and_goes_on_there(
    sqlite_database: Database, why: str
) -> None:
    new, message = REFUSED[why]
    async with opened(make_house(sqlite_database, graphs=(EXPENSE, SEND))) as house:
        await house.begin("expense")
        stayed = (await house.engine.versions.publish(FixedFlows(new, SEND), existing="migrate")).stayed
        assert message in stayed["e1"]
        house.clock.advance(timedelta(hours=1))
        assert (await house.engine.inspect("e1")).outcome == "late"
        with pytest.raises(CannotMigrate):
            await house.engine.versions.migrate("e1")


async def test_the_flows_that_a_frame_called_must_stay_the_same(sqlite_database: Database) -> None:
    other = version(SEND, "1.0.1")
    calls = call("tell", other, {"sent": "ask", "undeliverable": "late"}, given={})
    new = version(EXPENSE, "1.1.0", migrate=PLAN, **with_nodes(EXPENSE, calls))
    async with opened(make_house(sqlite_database, graphs=(EXPENSE, SEND))) as house:
        await house.begin("expense", amount=2000)
        done = await house.engine.versions.publish(FixedFlows(new, other, SEND), existing="migrate")
        assert "calls another version of 'send'" in done.stayed["e1"]


# states that were written by earlier programs, or by others


def sealed(state: Mapping[str, Any], *, revision: int = 1, digest: str = ONE.digest) -> bytes:
    place = Place("engine_executions", "state", "e1", revision, digest)
    return KEYRING.seal(place, json.dumps(state).encode())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": STATE_VERSION + 1}, "is newer than"),
        ({"version": 0}, "run the version of the program that wrote it"),
        ({"version": None}, "run the version of the program that wrote it"),
        ({"execution": "e2"}, "one of another execution or flow"),
        ({"frames": "other digest"}, "one of another execution or flow"),
    ],
)
async def test_a_state_that_is_not_for_this_program_or_row_is_refused_and_never_begun_anew(
    sqlite_database: Database, change: dict[str, Any], message: str
) -> None:
    async with opened(make_house(sqlite_database, graphs=(ONE,))) as house:
        await begin(house)
        row = await sqlite_database.read(lambda unit: Executions(KEYRING).find(unit, "e1"))
        assert row is not None
        state = json.loads(Executions(KEYRING).open_state(row))
        if "frames" in change:
            change = {"frames": [{**state["frames"][0], "digest": "other"}]}
        broken = sealed({**state, **change})
        spoil = update(executions).where(executions.c.id == bindparam("b_id")).values(state=broken)
        await sqlite_database.run(lambda unit: unit.execute(spoil, {"b_id": "e1"}).rowcount)
        with pytest.raises(StateUnreadable, match=message):
            await house.engine.inspect("e1")
        assert await house.engine.history("e1") != ()


def golden() -> list[Path]:
    return sorted(GOLDEN.glob("*.json"))


def test_every_version_of_the_state_has_golden_ones() -> None:
    versions = {json.loads(file.read_text())["state"]["version"] for file in golden()}
    assert versions == set(range(1, STATE_VERSION + 1))


@pytest.mark.parametrize("kept", [json.loads(file.read_text()) for file in golden()], ids=[f.stem for f in golden()])
async def test_a_golden_state_is_read_and_goes_on_as_it_did_when_it_was_written(
    sqlite_database: Database, kept: dict[str, Any]
) -> None:
    """A program that cannot read these any more needs a new state version, and a way to read the old one."""
    state = State.from_json(kept["state"])
    assert State.from_json(json.loads(json.dumps(state.to_json()))) == state
    async with opened(make_house(sqlite_database)) as house:
        row = kept["row"]
        await sqlite_database.run(
            lambda unit: Executions(KEYRING).insert(
                unit,
                id=state.execution,
                flow=row["flow"],
                digest=row["digest"],
                state=json.dumps(kept["state"]).encode(),
                status="waiting",
                on_end="told",
                correlation="c1",
                started_at=NOON,
                wake_at=state.wake_at,
                deferred_key=state.task.key if state.phase.value == "deferred" and state.task else None,
            )
        )
        step = await house.engine.inspect(state.execution)
        assert (step.status, step.node) == (kept["then"]["status"], kept["then"]["node"])
        assert state.wake_at is not None
        house.clock.advance(state.wake_at - NOON)
        await house.engine.run_due()
        later = await house.engine.inspect(state.execution)
        assert [later.status, later.node, later.outcome] == kept["then"]["after its timer"]
        kinds = [entry.kind for entry in await house.engine.history(state.execution)]
        assert kinds in (["timer", "ended"], ["fault", "ended"]), "a timer is armed once"

"""The real runtime, over two processes that are stopped and begun again, does what the independent interpreter does."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine import Context, Done, InvalidFields, Refused, StepConflict, StepGone, Transient
from engine.contracts import Answer
from engine.storage import ENGINE_TABLES, Database
from engine.testing import FakeClock
from tests.engine.execution.flows import EXPENSE, NOON, SEND
from tests.engine.proof.formulas import position_of
from tests.engine.proof.interpreter import Interpreter
from tests.engine.runtime.kit import House, make_house

VISITED = {"called", "decided", "fault", "limit", "timer"}
UNTIL = NOON + timedelta(hours=30)
BOOKINGS: dict[str, dict[str, Any]] = {
    "booked": {"outcome": "booked", "fields": {"reference": "r1"}},
    "busy": {"kind": "transient", "code": "busy"},
    "no": {"kind": "refused", "code": "no"},
}
ACTIONS = st.one_of(
    st.sampled_from([("allow",), ("deny",), ("stale",), ("deliver",), ("restart",), ("cancel",)]),
    st.tuples(st.just("signal"), st.sampled_from(["bob", "eve"]), st.sampled_from(["r1", 7])),
    st.tuples(st.just("pass"), st.sampled_from([1, 2, 60, 3600, 7200, 86_400])),
)
WORLDS = st.fixed_dictionaries(
    {
        "amount": st.sampled_from([10, 2000]),
        "bookings": st.lists(st.sampled_from(list(BOOKINGS)), max_size=4),
        "actions": st.lists(st.tuples(st.integers(0, 1), ACTIONS), max_size=14),
    }
)


class Twin:
    """The interpreter with a world around it: what executors answer, and what is delivered."""

    def __init__(self, world: dict[str, Any]) -> None:
        self.flow = Interpreter({graph.digest: graph.to_json() for graph in (EXPENSE, SEND)}, NOON)
        self.bookings = list(world["bookings"])
        self.trail: list[tuple[str, str]] = []
        self.delivered = 0

    def handle(self, event: dict[str, Any], now: Any) -> None:
        """Let something happen, and whatever follows until somebody has to be waited for."""
        self._apply(event, now)
        while self.flow.mode == "running":
            at_book = self.flow.frames[-1].node == "book"
            booked = BOOKINGS[self.bookings.pop(0) if self.bookings else "booked"] if at_book else {"until": UNTIL}
            self._apply({"event": "ended", "place": self.flow.place, "result": booked}, now)

    def deliver(self, now: Any) -> None:
        """Deliver every message, and what follows from that."""
        self.handle({"event": "timer"}, now)
        while self.flow.mode == "deferred":
            self.delivered += 1
            accepted = {"outcome": "accepted", "fields": {"channel": "post"}}
            self.handle({"event": "ended", "place": self.flow.place, "result": accepted}, now)

    def _apply(self, event: dict[str, Any], now: Any) -> None:
        self.flow.handle(event, now)
        self.trail += self.flow.trail


class Runtime:
    """Two processes on one database, with the same world around them."""

    def __init__(self, database: Database, world: dict[str, Any]) -> None:
        self.database, self.clock = database, FakeClock(NOON)
        self.bookings, self.answers = list(world["bookings"]), dict[tuple[str, int], str]()
        self.sent: list[str] = []
        self.houses = [self._made(), self._made()]

    def _made(self) -> House:
        house = make_house(self.database, graphs=(EXPENSE, SEND), clock=self.clock)
        house.book.act = self._book

        async def deliver(*, key: str, payload: object) -> None:
            self.sent.append(key)

        house.post.deliver = deliver  # type: ignore[method-assign]  # both processes send to one world
        return house

    def _book(self, context: Context, _inputs: object) -> Answer | Exception:
        tried = (context.key, context.attempt)
        if tried not in self.answers:
            self.answers[tried] = self.bookings.pop(0) if self.bookings else "booked"
        match self.answers[tried]:
            case "booked":
                return Done("booked", {"reference": "r1"})
            case "busy":
                return Transient("busy")
            case _:
                return Refused("no")

    async def restart(self, number: int) -> None:
        """Stop one process and begin another in its place."""
        await self.houses[number].engine.close()
        self.houses[number] = self._made()
        await self.houses[number].engine.open()


async def agree(database: Database, world: dict[str, Any]) -> None:
    """Let the same things happen to both; compare where they stand after each, and at the end all that they did."""
    twin, runtime = Twin(world), Runtime(database, world)
    for house in runtime.houses:
        await house.engine.open()
    inputs = {"amount": world["amount"], "manager": "bob", "until": UNTIL}
    twin.handle({"event": "start", "digest": EXPENSE.digest, "inputs": inputs}, NOON)
    await runtime.houses[0].begin("expense", **inputs)
    for number, action in world["actions"]:
        await act(runtime, number, action)
        follow(twin, action, runtime.clock.now())
        await compare(runtime.houses[1 - number], twin)
    history = [(each.kind, each.node) for each in await runtime.houses[0].engine.history("e1")]
    assert [line for line in history if line[0] in VISITED] == twin.trail
    assert len(runtime.sent) == len(set(runtime.sent)) == twin.delivered
    assert await runtime.houses[0].told(twin.flow.end[0]) == (1 if twin.flow.mode == "ended" else 0)
    for house in runtime.houses:
        await house.engine.close()


async def act(runtime: Runtime, number: int, action: tuple[Any, ...]) -> None:
    """Do something to the runtime, by the door of one of its processes."""
    engine = runtime.houses[number].engine
    match action:
        case ("pass", seconds):
            runtime.clock.advance(timedelta(seconds=seconds))
        case ("restart",):
            await runtime.restart(number)
        case ("deliver",):
            await engine.run_due()
        case ("cancel",):
            await engine.cancel("e1", reason="enough")
        case ("signal", sender, reference):
            token = engine.signal_token("e1", name="paid", sender=sender)
            with suppress(InvalidFields, StepConflict, StepGone):
                await engine.signal("e1", name="paid", token=token, payload={"reference": reference})
        case (answer,):
            token = (await engine.inspect("e1")).token or ""
            with suppress(InvalidFields, StepConflict, StepGone):
                await engine.submit("e1", token="x" if answer == "stale" else token, action=answer, values={})
        case _:
            raise AssertionError(action)


def follow(twin: Twin, action: tuple[Any, ...], now: Any) -> None:
    """Let the same happen to the interpreter. Whatever is asked of the runtime fires what is due first."""
    if action[0] != "pass":
        twin.handle({"event": "timer"}, now)
    match action:
        case ("deliver",):
            twin.deliver(now)
        case ("cancel",):
            twin.handle({"event": "cancel", "reason": "enough"}, now)
        case ("signal", sender, reference):
            event = {"event": "signal", "signal": "paid", "sender": sender, "payload": {"reference": reference}}
            twin.handle(event, now)
        case (("allow" | "deny") as answer,) if twin.flow.mode == "prompt":
            place = position_of(twin.flow.frames)
            twin.handle({"event": "submit", "position": place, "action": answer, "values": {}}, now)
        case _:
            pass
    twin.handle({"event": "timer"}, now)


async def compare(house: House, twin: Twin) -> None:
    step = await house.engine.inspect("e1")
    if twin.flow.mode == "ended":
        assert (step.status, step.outcome, dict(step.result)) == ("ended", *twin.flow.end)
    else:
        status = {"prompt": "prompt", "retrying": "working"}.get(twin.flow.mode, "waiting")
        assert (step.status, step.node) == (status, twin.flow.frames[-1].node)


def _agree_in_memory(world: dict[str, Any]) -> None:
    async def go() -> None:
        async with Database.open("sqlite:///:memory:", owners=(ENGINE_TABLES,)) as database:
            await agree(database, world)

    asyncio.run(go())


QUICKLY = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@settings(QUICKLY, max_examples=25, phases=[Phase.explicit, Phase.generate, Phase.shrink])
@given(WORLDS)
def test_the_runtime_agrees_with_the_interpreter(world: dict[str, Any]) -> None:
    _agree_in_memory(world)


@pytest.mark.long
@settings(QUICKLY, max_examples=400)
@given(WORLDS)
def test_the_runtime_agrees_with_the_interpreter_for_long(world: dict[str, Any]) -> None:
    _agree_in_memory(world)

"""The real runtime and the independent interpreter, side by side: what happens to one happens to the other."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import update

from engine import Context, Done, InvalidFields, Refused, StepConflict, StepGone, Transient
from engine.contracts import Answer
from engine.storage import Database, Unit
from engine.storage.tables import executions, outbox
from engine.testing import FakeClock
from tests.engine.execution.flows import EXPENSE, NOON, SEND
from tests.engine.proof.formulas import position_of
from tests.engine.proof.interpreter import Interpreter
from tests.engine.runtime.dying import DyingDatabase, Points
from tests.engine.runtime.kit import QUICK, House, make_house

VISITED = {"called", "decided", "fault", "limit", "timer"}
UNTIL = NOON + timedelta(hours=30)
BOOKINGS: dict[str, dict[str, Any]] = {
    "booked": {"outcome": "booked", "fields": {"reference": "r1"}},
    "busy": {"kind": "transient", "code": "busy"},
    "no": {"kind": "refused", "code": "no"},
}
TIMES = replace(QUICK, grace=timedelta(0))
END_LEASES = (
    update(executions).values(lease_until=0).where(executions.c.lease_until.is_not(None)),
    update(outbox).values(lease_until=0).where(outbox.c.lease_until.is_not(None)),
)


class Twin:
    """The interpreter with a world around it: what executors answer, and what is delivered."""

    def __init__(self, world: dict[str, Any]) -> None:
        self.flow = Interpreter({graph.digest: graph.to_json() for graph in (EXPENSE, SEND)}, NOON)
        self.bookings = list(world["bookings"])
        self.trail: list[tuple[str, str]] = []
        self.delivered = 0
        self.queued: tuple[Any, Any] = (None, NOON)

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
        while self.flow.mode == "deferred" and self.queued[1] <= now:  # no clock that was set back has it due
            self.delivered += 1
            accepted = {"outcome": "accepted", "fields": {"channel": "post"}}
            self.handle({"event": "ended", "place": self.flow.place, "result": accepted}, now)

    def _apply(self, event: dict[str, Any], now: Any) -> None:
        self.flow.handle(event, now)
        self.trail += self.flow.trail
        if self.flow.mode == "deferred" and self.queued[0] != self.flow.place:
            self.queued = (self.flow.place, now)


@dataclass(slots=True)
class Process:
    """One process: where it may die, and its engine."""

    points: Points
    house: House


class Runtime:
    """Two processes on one database, with the same world around them."""

    def __init__(self, database: Database, world: dict[str, Any], execution: str) -> None:
        self.database, self.clock, self.execution = database, FakeClock(NOON), execution
        self.bookings, self.answers = list(world["bookings"]), dict[tuple[str, int], str]()
        self.sent: list[str] = []
        self.deaths = 0
        self.processes = [self._made(), self._made()]

    def _made(self) -> Process:
        points = Points()
        house = make_house(
            cast("Database", DyingDatabase(self.database, points)),  # it has what a database has
            graphs=(EXPENSE, SEND),
            clock=self.clock,
            times=TIMES,
        )

        async def deliver(*, key: str, payload: object) -> None:
            points.reach("message: before it is done")
            self.sent.append(key)
            points.reach("message: after it was done")

        def book(context: Context, _inputs: object) -> Answer | Exception:
            points.reach("booking: before it is done")
            answer = self._book(context)
            points.reach("booking: after it was done")
            return answer

        house.book.act = book
        house.post.deliver = deliver  # type: ignore[method-assign]  # both processes send to one world
        return Process(points=points, house=house)

    def _book(self, context: Context) -> Answer | Exception:
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

    def house(self, number: int) -> House:
        """Return the engine of one process, with what is around it."""
        return self.processes[number].house

    async def restart(self, number: int) -> None:
        """Stop one process and begin another in its place."""
        with suppress(Exception):  # a dead one shows it in more than one way
            await self.house(number).engine.close()
        self.processes[number] = self._made()
        await self.house(number).engine.open()

    async def survive(self, number: int, action: tuple[Any, ...], *, dies: int) -> None:
        """Do *action* by a process that dies at the *dies*-th point from here, if it comes to that.

        Where it does, its leases end, another process takes its place and takes up what it left, and whoever asked
        asks again.
        """
        points = self.processes[number].points
        points.at = len(points.passed) + dies
        try:
            await act(self, number, action)
        except Exception:
            if not points.dead:
                raise
        points.at = None
        if not points.dead:
            return
        self.deaths += 1
        await self.restart(number)
        await self.database.run(_end_leases)
        await _take_up(self.house(number))
        if action[0] == "answer":
            step = await self.house(number).engine.inspect(self.execution)
            if step.status == "working":  # the answer would wait for a retry that no clock brings
                return
        await act(self, number, action)


async def _take_up(house: House) -> None:
    """Take up what a dead process left, and deliver nothing: whoever asked has not asked again yet."""
    sweeper = house.engine._worker._sweeper
    while claims := await sweeper.sweep():
        for claim in claims:
            await sweeper.take_up(claim)


def _end_leases(unit: Unit) -> None:
    for statement in END_LEASES:
        unit.execute(statement)


async def act(runtime: Runtime, number: int, action: tuple[Any, ...]) -> None:
    """Do something to the runtime, by the door of one of its processes. The same again changes nothing more."""
    engine, execution = runtime.house(number).engine, runtime.execution
    match action:
        case ("start", inputs):
            begun: dict[str, Any] = {"execution": execution, "flow": "expense", "inputs": inputs, "on_end": "told"}
            await engine.begin(**begun, correlation="c1", key="start")
        case ("pass", seconds):
            runtime.clock.advance(timedelta(seconds=seconds))
        case ("restart",):
            await runtime.restart(number)
        case ("deliver",):
            await engine.run_due()
        case ("cancel",):
            await engine.cancel(execution, reason="enough")
        case ("signal", sender, reference, key):
            token = engine.signal_token(execution, name="paid", sender=sender)
            with suppress(InvalidFields, StepConflict, StepGone):
                await engine.signal(execution, name="paid", token=token, payload={"reference": reference}, key=key)
        case ("answer", answer, token):
            with suppress(InvalidFields, StepConflict, StepGone):
                await engine.submit(execution, token=token, action=answer, values={})
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
        case ("signal", sender, reference, _):
            event = {"event": "signal", "signal": "paid", "sender": sender, "payload": {"reference": reference}}
            twin.handle(event, now)
        case ("answer", answer, token) if token != "x" and twin.flow.mode == "prompt":
            place = position_of(twin.flow.frames)
            twin.handle({"event": "submit", "position": place, "action": answer, "values": {}}, now)
        case _:
            pass
    twin.handle({"event": "timer"}, now)


async def compare(runtime: Runtime, number: int, twin: Twin) -> None:
    """See that the runtime stands where the interpreter stands."""
    step = await runtime.house(number).engine.inspect(runtime.execution)
    if twin.flow.mode == "ended":
        assert (step.status, step.outcome, dict(step.result)) == ("ended", *twin.flow.end)
    else:
        status = {"prompt": "prompt", "retrying": "working"}.get(twin.flow.mode, "waiting")
        assert (step.status, step.node) == (status, twin.flow.frames[-1].node)

"""An engine for tests: the graphs of the transition's tests, executors that are told what to do, rows to count."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, select

from engine import Clock, Context, Contract, Deferred, Done, Ended, Engine, Executor, Message, Sender, Step
from engine.contracts import Answer, ExecutorFault
from engine.language import Graph
from engine.observing import Observer
from engine.runtime import Times
from engine.storage import Database, Keyring, Settled, Unit
from engine.storage.tables import flow_versions
from engine.testing import FakeClock
from tests.engine.execution.flows import BOOK, CHECK, COUNT, COUNTING, EXPENSE, LOGIN, NOON, NOTIFY, SEND

KEYRING = Keyring({"k1": bytes(range(32))}, "k1")
# Rows of ours that a test can count: flow versions of flows that nobody runs.
_INSERT_MARK = insert(flow_versions)
_COUNT_MARKS = select(func.count()).where(flow_versions.c.flow == bindparam("flow"))
QUICK = Times(poll=timedelta(milliseconds=20), answer=timedelta(seconds=20), grace=timedelta(seconds=2))
# The lease is over as soon as it begins: what a killed process leaves behind, without waiting for it.
NO_LEASE = Times(lease=timedelta(0), renew_every=timedelta(hours=1), grace=timedelta(0))


def mark(unit: Unit, digest: str, flow: str) -> None:
    """Leave a row that can be counted."""
    row = {"digest": f"{flow}-{digest}", "flow": flow, "version": "0", "graph": "{}", "stored_at": 0}
    unit.execute(_INSERT_MARK, row)


async def marks(database: Database, flow: str) -> int:
    """Return how many rows *flow* left."""
    found = await database.read(lambda unit: unit.execute(_COUNT_MARKS, {"flow": flow}).scalar())
    assert isinstance(found, int)
    return found


class Words:
    """Texts for every id."""

    def text(self, text_id: str, *, locale: str, params: Mapping[str, Any]) -> str | None:
        return None if text_id.endswith(".help") else f"{text_id} ({locale})"


class FixedFlows:
    """A set of graphs."""

    def __init__(self, *graphs: Graph) -> None:
        self.by_digest = {graph.digest: graph for graph in graphs}
        self.catalogue = Words()
        self._names = {graph.name: graph for graph in graphs}

    def latest(self, name: str) -> Graph:
        return self._names[name]


class Scripted:
    """An external executor that does what the test says, and remembers what it was asked."""

    def __init__(self, contract: Contract, act: Callable[[Context, Mapping[str, Any]], Any]) -> None:
        self.contract = contract
        self.act = act
        self.asked: list[Context] = []

    async def run(self, context: Context, inputs: Mapping[str, Any]) -> Answer:
        self.asked.append(context)
        answer = self.act(context, inputs)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Answer)
        return answer


class Counter:
    """A transactional executor that leaves a row each time."""

    def __init__(self, contract: Contract = COUNT) -> None:
        self.contract = contract
        self.fault: Exception | None = None

    def run(self, unit: Unit, context: Context, inputs: Mapping[str, Any]) -> Done | Deferred:
        mark(unit, context.key, "counted")
        if self.fault is not None:
            raise self.fault
        return Done("counted", {"total": 1})


class Notifier:
    """A transactional executor that queues a message and waits for its delivery."""

    contract = NOTIFY

    def __init__(self) -> None:
        self.give_up: timedelta | None = None

    def run(self, unit: Unit, context: Context, inputs: Mapping[str, Any]) -> Done | Deferred:
        message = Message(
            sender="post",
            payload={"to": inputs["recipient"]},
            delivered="accepted",
            delivered_fields={"channel": "post"},
            undeliverable="undeliverable",
            give_up_at=None if self.give_up is None else context.now + self.give_up,
        )
        return Deferred(until=inputs["until"], send=(message,))


class Post:
    """A sender that delivers, or raises what it is told to."""

    def __init__(self) -> None:
        self.delivered: list[tuple[str, Mapping[str, Any]]] = []
        self.faults: list[ExecutorFault] = []
        self.hold: asyncio.Event | None = None
        self.began = asyncio.Event()

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:
        self.began.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.faults:
            raise self.faults.pop(0)
        self.delivered.append((key, payload))


def right(_context: Context, inputs: Mapping[str, Any]) -> Done:
    if inputs["password"] == "sesame":
        return Done("right", {"subject": inputs["subject"], "at": NOON})
    return Done("wrong", {"left": 2})


@dataclass(slots=True, kw_only=True)
class House:
    """An engine with everything around it that a test may want to touch."""

    database: Database
    clock: FakeClock
    engine: Engine
    check: Scripted
    book: Scripted
    counter: Counter
    notifier: Notifier
    post: Post
    ends: list[Ended] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)

    async def begin(self, flow: str = "login", execution: str = "e1", **inputs: Any) -> Step:
        return await self.engine.begin(
            execution=execution, flow=flow, inputs={**INPUTS[flow], **inputs}, on_end="told", correlation="c1"
        )

    async def told(self, outcome: str) -> int:
        return await marks(self.database, f"end-{outcome}")


INPUTS: Mapping[str, Mapping[str, Any]] = {
    "login": {
        "subject": "ann",
        "permissions": [{"name": "pay", "title": "Pay", "required": True}, {"name": "see"}],
        "expires_at": NOON + timedelta(minutes=5),
    },
    "send": {"recipient": "ann", "until": NOON + timedelta(hours=1)},
    "expense": {"amount": 10, "manager": "bob", "until": NOON + timedelta(hours=1)},
    "counting": {"what": "trip"},
}


def make_house(
    database: Database,
    *,
    graphs: Sequence[Graph] = (LOGIN, SEND, EXPENSE, COUNTING),
    times: Times = QUICK,
    clock: FakeClock | None = None,
    on_end: Callable[[Unit, Ended], None] | None = None,
    work: bool = False,
    without: Sequence[Contract] = (),
    coded: Contract = COUNT,
    observer: Observer | None = None,
) -> House:
    """Return an engine that is not open yet. Without *work* nothing happens but what the test asks for."""
    clock = clock or FakeClock(NOON)
    check = Scripted(CHECK, right)
    book = Scripted(BOOK, lambda _context, _inputs: Done("booked", {"reference": "r1"}))
    counter, notifier, post = Counter(coded), Notifier(), Post()
    ends: list[Ended] = []

    def told(unit: Unit, ended: Ended) -> None:
        mark(unit, ended.execution, f"end-{ended.outcome}")
        unit.after_commit(lambda: ends.append(ended))

    settled: list[Settled] = []

    def told_of_message(unit: Unit, message: Settled) -> None:
        mark(unit, message.name, f"message-{message.status}")
        unit.after_commit(lambda: settled.append(message))

    executors: list[Executor] = [check, book, counter, notifier]
    senders: dict[str, Sender] = {"post": post}
    ticking: Clock = clock
    engine = Engine(
        database=database,
        flows=FixedFlows(*graphs),
        executors=[each for each in executors if each.contract not in without],
        on_end={"told": on_end or told},
        senders=senders,
        on_settled={"post": told_of_message},
        keyring=KEYRING,
        clock=ticking,
        times=times,
        work=work,
        observer=observer,
    )
    return House(
        database=database,
        clock=clock,
        engine=engine,
        check=check,
        book=book,
        counter=counter,
        notifier=notifier,
        post=post,
        ends=ends,
        settled=settled,
    )


@asynccontextmanager
async def opened(house: House) -> AsyncIterator[House]:
    """Open the engine of *house* for the length of a block."""
    async with house.engine:
        yield house

"""The typed client against the real API: journeys, errors, and answers that are lost on their way."""

import ast
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

import lockhouse.flow_client
from engine.http import PersonTokens
from engine.storage import Database
from lockhouse.flow_client import (
    AnswerLost,
    AsyncFlowClient,
    FieldsInvalid,
    FlowClient,
    NotAllowed,
    NotFound,
    Patience,
    StepGone,
    StepTaken,
)
from tests.engine.http.kit import EXPENSE_INPUTS, LOGIN_INPUTS, Front, fronted
from tests.engine.runtime.kit import House, make_house
from tests.fixtures.serving import serving

pytestmark = pytest.mark.anyio
ADDRESS = "http://api.example"
QUICK = Patience(first_pause=0.01, longest_pause=0.05)


class Losing(httpx2.AsyncBaseTransport):
    """A network that delivers each request and loses the first *lost* answers to what begins with *path*."""

    def __init__(self, front: Front, *, lost: int, path: str = "/") -> None:
        self._inner = httpx2.ASGITransport(app=front.app)
        self.lost, self._path, self.asked = lost, path, 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._inner.handle_async_request(request)
        self.asked += 1
        if self.lost and request.url.path.startswith(self._path):
            self.lost -= 1
            await answer.aread()
            raise httpx2.ReadError("the answer was lost")
        return answer


@asynccontextmanager
async def losing(database: Database, lost: int = 0) -> AsyncIterator[tuple[AsyncFlowClient, Losing, House]]:
    async with fronted(make_house(database)) as front:
        network = Losing(front, lost=lost)
        async with AsyncFlowClient(ADDRESS, transport=network, patience=QUICK) as client:
            yield client, network, front.house


async def test_a_journey_by_values(sqlite_database: Database) -> None:
    async with losing(sqlite_database) as (client, _, _house):
        one = await client.start("login", LOGIN_INPUTS)
        assert (one.step.status, one.step.fields[0].name, one.step.actions[0].submits) == ("prompt", "password", True)
        step = await client.submit(one, one.step, "submit", password="sesame")
        choices = step.fields[0].choices
        assert choices is not None
        assert [choice.required for choice in choices] == [True, False]
        step = await client.submit(one, step, "allow", granted=["pay"])

        assert step.ended
        assert (step.outcome, step.result["granted"]) == ("approved", ["pay"])
        assert await client.step(one) == step
        assert one.capability not in repr(one)


async def test_whatever_is_lost_is_asked_again_and_happens_once(sqlite_database: Database) -> None:
    async with losing(sqlite_database) as (client, network, house):
        network.lost = 2
        one = await client.start("login", LOGIN_INPUTS)
        network.lost = 1
        step = await client.submit(one, one.step, "submit", password="sesame")
        network.lost = 1
        ended = await client.submit(one, step, "deny")

        assert ended.outcome == "denied"
        assert len(house.check.asked) == 1
        assert await house.told("denied") == 1


async def test_a_signal_whose_answer_is_lost_counts_once(sqlite_database: Database) -> None:
    async with losing(sqlite_database) as (client, network, house):
        one = await client.start("expense", EXPENSE_INPUTS)
        token = house.engine.signal_token(one.id, name="paid", sender="bob")
        network.lost = 1
        await client.signal(one.id, "paid", {"reference": "r1"}, token=token)

        assert (await client.step(one)).result == {"reference": "r1"}


async def test_a_person_takes_part_with_their_own_token(sqlite_database: Database) -> None:
    async with losing(sqlite_database) as (client, _, house):
        one = await client.start("expense", {**EXPENSE_INPUTS, "amount": 2000})
        await house.engine.run_due()
        given = await PersonTokens(house.engine).give(one.id, person="bob")
        bob = await client.take_part(one.id, given.token)
        await client.submit(bob, bob.step, "deny")

        assert (await client.step(one)).outcome == "refused"
        assert (await client.step(bob)).outcome is None


async def test_the_same_key_gets_the_same_execution(sqlite_database: Database) -> None:
    key = "5f0c1d2e-aaaa-bbbb-cccc-0123456789ab"
    async with losing(sqlite_database) as (client, _, _house):
        assert await client.start("login", LOGIN_INPUTS, key=key) == await client.start("login", LOGIN_INPUTS, key=key)
        with pytest.raises(StepTaken) as caught:
            await client.start("login", {**LOGIN_INPUTS, "subject": "bob"}, key=key)

    assert caught.value.code == "key_reused"


async def test_what_never_answers_is_given_up(sqlite_database: Database) -> None:
    async with losing(sqlite_database, lost=99) as (client, network, _house):
        with pytest.raises(AnswerLost, match="after 4 tries"):
            await client.start("login", LOGIN_INPUTS)

    assert network.asked == 4


async def test_refusals_are_errors_with_what_one_needs_to_go_on(sqlite_database: Database) -> None:
    async with losing(sqlite_database) as (client, _, _house):
        one, other = await client.start("login", LOGIN_INPUTS), await client.start("login", LOGIN_INPUTS)
        with pytest.raises(FieldsInvalid) as invalid:
            await client.submit(one, one.step, "submit", password=7)
        now = await client.submit(one, one.step, "submit", password="sesame")
        with pytest.raises(StepTaken) as taken:
            await client.submit(one, one.step, "submit", password="else")
        await client.cancel(one)
        with pytest.raises(StepGone) as gone:
            await client.submit(one, now, "deny")
        with pytest.raises(NotFound):
            await client.start("nothing")
        with pytest.raises(NotAllowed):
            await client.signal(other.id, "paid", {}, token="guess")
        with pytest.raises(ValueError, match="only a prompt"):
            await client.submit(one, await client.step(one), "deny")

    assert [each.field for each in invalid.value.errors] == ["password"]
    assert taken.value.step == now
    assert gone.value.outcome == "cancelled"


async def test_waiting_ends_with_the_news_or_with_its_time(sqlite_database: Database) -> None:
    async with losing(sqlite_database) as (client, _, _house):
        one = await client.start("expense", {**EXPENSE_INPUTS, "amount": 2000})
        assert (await client.wait(one, seconds=0.1)).status == "waiting"
        waiting = asyncio.create_task(client.wait(one, seconds=20))
        await asyncio.sleep(0.05)
        await client.cancel(one)

        assert (await waiting).outcome == "cancelled"


async def test_events_come_until_the_end(sqlite_database: Database) -> None:
    async with (
        fronted(make_house(sqlite_database)) as front,
        serving(front.app) as origin,
        AsyncFlowClient(origin, patience=QUICK) as client,
    ):
        one = await client.start("login", LOGIN_INPUTS)
        nodes = []
        async for step in client.events(one):
            nodes.append(step.node or step.outcome)
            if step.node == "ask":
                await client.submit(one, step, "not_me")

    assert nodes == ["ask", "denied"]


async def test_the_same_without_await(sqlite_database: Database) -> None:
    def journey(origin: str) -> list[str | None]:
        with FlowClient(origin, patience=QUICK) as client:
            one = client.start("login", LOGIN_INPUTS)
            told = [client.wait(one, seconds=5).node]
            told += [step.node or step.outcome for step in answered(client)]
            step = client.submit(one, one.step, "submit", password="sesame")
            told.append(client.step(one).node)
            told.append(client.submit(one, step, "allow", granted=["pay"]).outcome)
            told.append(client.cancel(one).outcome)
            with pytest.raises(NotAllowed):
                client.signal(one.id, "paid", {}, token="guess")
        with FlowClient("http://127.0.0.1:1", patience=QUICK) as nobody, pytest.raises(AnswerLost):
            nobody.start("login")
        return told

    async with fronted(make_house(sqlite_database)) as front, serving(front.app) as origin:
        told = await asyncio.to_thread(journey, origin)

    assert told == ["ask", "ask", "denied", "agree", "approved", "approved"]


def answered(client: FlowClient) -> "list[lockhouse.flow_client.Step]":
    """Follow the events of another execution, and answer it."""
    two = client.start("login", LOGIN_INPUTS)
    seen = []
    for step in client.events(two):
        seen.append(step)
        if step.status == "prompt":
            client.submit(two, step, "not_me")
    return seen


def test_the_client_needs_nothing_of_the_engine() -> None:
    folder = Path(lockhouse.flow_client.__file__).parent
    imported = set()
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module))

    assert {name for name in imported if name.startswith(("engine", "executors", "protocols"))} == set()
    assert {name for name in imported if name.startswith("lockhouse")} <= {
        f"lockhouse.flow_client{each}" for each in ("", *(f".{file.stem}" for file in folder.glob("*.py")))
    }

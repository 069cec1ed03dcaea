"""Answers that are held back, streams of events, and who may wait."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from engine.http import Limits
from engine.storage import Database
from tests.engine.http.kit import Front, Started, fronted, problem
from tests.engine.runtime.kit import make_house
from tests.fixtures.serving import serving

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def waiting_front(database: Database, limits: Limits | None = None) -> AsyncIterator[tuple[Front, Started]]:
    """An execution that waits for a message, on a real server."""
    async with (
        fronted(make_house(database), limits=limits) as front,
        serving(front.app) as origin,
        httpx2.AsyncClient(base_url=origin, trust_env=False, timeout=10) as client,
    ):
        real = Front(house=front.house, app=front.app, client=client)
        yield real, await real.start("expense", amount=2000)


async def test_a_preferred_wait_ends_with_the_news(sqlite_database: Database) -> None:
    async with waiting_front(sqlite_database) as (front, one):
        held = asyncio.create_task(front.show(one, Prefer="wait=20"))
        await asyncio.sleep(0.1)
        assert not held.done()
        await front.client.post(f"/executions/{one.id}/cancel", headers=one.headers)

        answer = await held

    assert answer.json()["outcome"] == "cancelled"
    assert answer.headers["preference-applied"] == "wait=20"


@pytest.mark.parametrize("prefer", ["wait=0", "respond-async", "wait=x", "wait=-1", ""])
async def test_without_a_wait_that_is_one_the_answer_comes_at_once(front: Front, prefer: str) -> None:
    one = await front.start("expense", amount=2000)

    answer = await front.show(one, Prefer=prefer)

    assert answer.json()["status"] == "waiting"
    assert "preference-applied" not in answer.headers


async def test_a_wait_is_over_when_its_time_is(front: Front) -> None:
    one = await front.start("expense", amount=2000)

    answer = await front.show(one, Prefer="wait=1")

    assert answer.json()["status"] == "waiting"


async def test_a_prompt_for_another_person_is_not_what_the_bearer_waits_for(front: Front) -> None:
    one = await front.start("expense", amount=2000)
    await front.house.engine.run_due()
    assert (await front.house.engine.inspect(one.id)).by == "bob"

    held = asyncio.create_task(front.show(one, Prefer="wait=20"))
    await asyncio.sleep(0.05)
    assert not held.done()
    step = await front.house.engine.inspect(one.id)
    await front.house.engine.submit(one.id, token=str(step.token), action="deny", values={})

    assert (await held).json()["outcome"] == "refused"


async def test_more_who_wait_than_there_are_places_are_answered_at_once(sqlite_database: Database) -> None:
    async with waiting_front(sqlite_database, Limits(held_each=1)) as (front, one):
        held = asyncio.create_task(front.show(one, Prefer="wait=20"))
        await asyncio.sleep(0.1)
        second = await front.show(one, Prefer="wait=20")
        stream = await front.client.get(f"/executions/{one.id}/events", headers=one.headers)
        await front.client.post(f"/executions/{one.id}/cancel", headers=one.headers)
        await held

    assert second.json()["status"] == "waiting"
    assert "preference-applied" not in second.headers
    problem(stream, 503, "too_many_streams")
    assert stream.headers["retry-after"] == "2"


async def test_who_leaves_gives_the_place_back(sqlite_database: Database) -> None:
    async with waiting_front(sqlite_database, Limits(held=1)) as (front, one):
        patience = httpx2.Timeout(10, read=0.2)  # to connect takes long on a busy machine, and is not what is tested
        for _ in range(3):
            async with httpx2.AsyncClient(base_url=front.client.base_url, trust_env=False, timeout=patience) as other:
                with pytest.raises(httpx2.ReadTimeout):
                    await other.get(f"/executions/{one.id}", headers={**one.headers, "Prefer": "wait=20"})
        await asyncio.sleep(0.1)

        again = await front.show(one, Prefer="wait=1")

    assert again.headers["preference-applied"] == "wait=1"


async def test_a_server_that_ends_lets_everybody_go(sqlite_database: Database) -> None:
    async with waiting_front(sqlite_database) as (front, one):
        held = asyncio.create_task(front.show(one, Prefer="wait=20"))
        streamed = asyncio.create_task(front.client.get(f"/executions/{one.id}/events", headers=one.headers))
        await asyncio.sleep(0.1)
        front.house.engine.stop_waiting()

        assert (await held).json()["status"] == "waiting"
        assert (await streamed).status_code == 200


async def events(answer: httpx2.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("id: "):
            name = line[4:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


async def test_a_stream_tells_each_step_until_the_end(sqlite_database: Database) -> None:
    async with waiting_front(sqlite_database) as (front, _):
        one = await front.start()
        seen = []
        async with front.client.stream("GET", f"/executions/{one.id}/events", headers=one.headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            async for name, step in events(answer):
                seen.append((name, step["node"], step["outcome"]))
                if step["node"] == "ask":
                    await front.submit(one, step["token"], "submit", password="sesame")
                elif step["node"] == "agree":
                    await front.submit(one, step["token"], "deny")
        last = {**one.headers, "Last-Event-ID": seen[-1][0]}
        after = await front.client.get(f"/executions/{one.id}/events", headers=last)

    told = [(node, outcome) for _, node, outcome in seen]
    assert told[0] == ("ask", None)
    assert ("agree", None) in told
    assert told[-1] == (None, "denied")
    assert after.status_code == 204


async def test_a_stream_goes_on_where_it_was_left(sqlite_database: Database) -> None:
    async with waiting_front(sqlite_database) as (front, one):
        async with front.client.stream("GET", f"/executions/{one.id}/events", headers=one.headers) as answer:
            name, step = await anext(events(answer))
        assert step["status"] == "waiting"
        await front.client.post(f"/executions/{one.id}/cancel", headers=one.headers)
        headers = {**one.headers, "Last-Event-ID": name}
        rest = await front.client.get(f"/executions/{one.id}/events", headers=headers)

    assert rest.text.count("event: step") == 1
    assert '"outcome":"cancelled"' in rest.text

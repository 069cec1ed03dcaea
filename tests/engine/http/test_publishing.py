"""Publishing flows over HTTP: what is taken, what is refused, and that nothing is published by halves."""

from typing import Any

import httpx2
import pytest

from tests.engine.http.kit import Front, problem

pytestmark = pytest.mark.anyio
ALL = {"Authorization": "Bearer everything"}
COUNTING = """\
flow: counting
version: {version}
language: 1
type: utility
title: Count
inputs: {{what: string}}
outcomes: {{done: {{}}}}
start: ask
nodes:
  ask: {{prompt: {{title: "{title}"}}, submits: [], routes: {{go: over}}}}
  over: {{end: done}}
"""


def text(version: str, title: str) -> str:
    return COUNTING.format(version=version, title=title)


async def publish(front: Front, *texts: str, **more: Any) -> httpx2.Response:
    files = [{"file": f"f{number}.yaml", "text": each} for number, each in enumerate(texts)]
    return await front.client.post("/operator/flows/publish", headers=ALL, json={"files": files, **more})


async def roll_back(front: Front, flow: str = "counting", **body: Any) -> httpx2.Response:
    return await front.client.post(f"/operator/flows/{flow}/rollback", headers=ALL, json=body)


async def live(front: Front) -> tuple[str, str]:
    items = (await front.client.get("/operator/flows", headers=ALL)).json()["items"]
    return next((each["version"], each["digest"]) for each in items if each["flow"] == "counting" and each["live"])


async def test_new_executions_run_on_what_was_published_and_again_on_what_was_gone_back_to(each_front: Front) -> None:
    front = each_front
    first = await publish(front, text("1.0.1", "One"))
    second = await publish(front, text("1.0.2", "Two"))
    version, digest = await live(front)
    two = await front.start("counting")
    back = await roll_back(front, existing="abort")
    one = await front.start("counting")
    again = await roll_back(front, to=digest)

    assert first.json() == second.json() == {"published": ["counting"], "moved": 0, "stayed": {}}
    assert (version, two.step["title"]["text"], one.step["title"]["text"]) == ("1.0.2", "Two", "One")
    assert back.json() == {"published": ["counting"], "moved": 1, "stayed": {}}
    assert (await front.show(two)).json()["outcome"] == "cancelled"
    assert again.status_code == 200
    assert await live(front) == ("1.0.2", digest)


async def test_the_same_once_more_publishes_nothing(front: Front) -> None:
    await publish(front, text("1.0.1", "One"))

    again = await publish(front, text("1.0.1", "One"))

    assert again.json()["published"] == []


async def test_why_an_execution_stays_where_it_is_is_told(front: Front) -> None:
    await publish(front, text("1.0.1", "One"))
    one = await front.start("counting")

    moved = await publish(front, text("2.0.0", "Two").replace("ask", "again"), existing="migrate")

    assert moved.json()["stayed"].keys() == {one.id}
    assert (await front.show(one)).json()["node"] == "ask"


async def test_nothing_is_published_where_one_flow_has_a_mistake(front: Front) -> None:
    before = await live(front)
    broken = text("1.0.2", "Two").replace("{go: over}", "{go: nowhere}")

    answer = await publish(front, text("1.0.1", "One"), broken)

    told = problem(answer, 422, "flows_invalid")
    assert {each["file"] for each in told["diagnostics"] if each["severity"] == "error"} == {"f1.yaml"}
    assert await live(front) == before


async def test_a_text_that_no_server_has_is_a_mistake(front: Front) -> None:
    answer = await publish(front, text("1.0.1", "One").replace('{title: "One"}', "counting.ask"))

    assert "counting.ask" in str(problem(answer, 422, "flows_invalid")["diagnostics"])


async def test_a_version_that_is_not_there_cannot_be_gone_back_to(front: Front) -> None:
    for flow, body in (("counting", {}), ("counting", {"to": "0" * 64}), ("nothing", {})):
        problem(await roll_back(front, flow, **body), 404, "unknown_version")
    problem(await roll_back(front, to="short"), 422, "invalid_request")
    problem(await publish(front), 422, "invalid_request")
    problem(await publish(front, text("1.0.1", "One"), existing="perhaps"), 422, "invalid_request")

"""Pings and pushes: who may send them, what they wake, and which tokens are believed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from lockhouse.client import (
    ApprovalRequest,
    Approved,
    Asked,
    Denied,
    Expired,
    Failed,
    Notifications,
    Outcome,
    PersonNotAsked,
    StillPending,
)
from lockhouse.client.notifications import News
from lockhouse.client.starlette import notification_route
from tests.lockhouse.client.kit import QUESTION, Side, make_resting_side, make_side
from tests.protocols.world import World

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(30)]
SECRET = bytes(range(32))


@pytest.fixture(params=["async", "sync"])
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@asynccontextmanager
async def listening(side: Side) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a connection to the application that hosts the route of *side*."""
    transport = httpx2.ASGITransport(app=Starlette(routes=[notification_route("/told", side.client)]))
    async with httpx2.AsyncClient(transport=transport, base_url="https://shop.example") as http:
        yield http


def ours(key: str, mode: Any = "ping") -> dict[str, str]:
    return {"Authorization": f"Bearer {Notifications(mode, secret=SECRET).token(key)}"}


async def told(http: httpx2.AsyncClient, key: str, body: Any) -> int:
    return (await http.post("/told", json=body, headers=ours(key))).status_code


async def test_a_ping_wakes_whoever_waits(small_world: World, kind: str) -> None:
    side = make_resting_side(small_world, kind, notifications=Notifications("ping", secret=SECRET))
    asked = await side.do("ask", QUESTION, key="order-17")
    async with listening(side) as http:
        waiting = asyncio.create_task(side.do("wait", asked))
        await asyncio.sleep(0.05)
        await small_world.approve(asked.auth_req_id)
        assert await told(http, "order-17", {"auth_req_id": asked.auth_req_id}) == 204
        outcome = await waiting

        assert isinstance(outcome, Approved)
        assert len(side.network.sent_to("/token")) == 1, "nobody polls who will be told"
        assert await told(http, "order-17", {"auth_req_id": asked.auth_req_id}) == 401, "nobody waits any more"


async def test_a_ping_that_overtakes_the_wait_is_not_lost(small_world: World, kind: str) -> None:
    side = make_resting_side(small_world, kind, notifications=Notifications("ping", secret=SECRET))
    asked = await side.do("ask", QUESTION, key="order-17")
    await small_world.approve(asked.auth_req_id)
    async with listening(side) as http:
        assert await told(http, "order-17", {"auth_req_id": asked.auth_req_id}) == 204

    assert isinstance(await side.do("wait", asked), Approved)


async def test_a_ping_that_never_comes_costs_only_time(small_world: World, kind: str) -> None:
    side = make_side(small_world, kind, notifications=Notifications("ping"))
    asked = await side.do("ask", QUESTION)
    side.days.during.append(lambda: small_world.approve(asked.auth_req_id))

    assert isinstance(await side.do("wait", asked), Approved)
    assert side.days.rested == [30]


async def test_the_same_key_asks_with_the_same_token_where_the_secret_is_given(small_world: World, kind: str) -> None:
    sides = [make_side(small_world, kind, notifications=Notifications("ping", secret=SECRET)) for _ in range(2)]
    first, again = [await side.do("ask", QUESTION, key="order-17") for side in sides]

    assert first.auth_req_id == again.auth_req_id
    assert Notifications("ping").token("order-17") != Notifications("ping").token("order-17")
    with pytest.raises(ValueError, match="32 bytes"):
        Notifications("ping", secret=b"short")


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b'{"auth_req_id": "x"}', 401),
        ({"Authorization": "Bearer wrong"}, b'{"auth_req_id": "x"}', 401),
        ({"Authorization": ours("order-17")["Authorization"].replace("Bearer", "Basic")}, b'{"auth_req_id": "x"}', 401),
        (ours("order-18"), b'{"auth_req_id": "x"}', 401),
        (ours("order-17"), b'{"auth_req_id": "another"}', 400),
        (ours("order-17"), b'{"auth_req_id": 7}', 400),
        (ours("order-17"), b"{}", 400),
        (ours("order-17"), b"[]", 400),
        (ours("order-17"), b"no JSON", 400),
        (ours("order-17"), b"[" * 60_000, 400),
        (ours("order-17"), b'{"auth_req_id": "' + b"x" * 70_000 + b'"}', 400),
    ],
    ids=range(11),
)
async def test_whoever_does_not_know_the_token_wakes_nobody(
    small_world: World, headers: dict[str, str], body: bytes, status: int
) -> None:
    notifications = Notifications("ping", secret=SECRET)
    side = make_side(small_world, "async", notifications=notifications)
    asked = await side.do("ask", QUESTION, key="order-17")
    async with listening(side) as http:
        answer = await http.post("/told", content=body, headers=headers)
        assert (await http.get("/told")).status_code == 405

    assert answer.status_code == status
    assert notifications.open("order-17", now=0).take(asked.auth_req_id) is None


async def pushed(world: World, kind: str, **changes: Any) -> tuple[int, Outcome | None]:
    """Push what the provider made, but for *changes*; return the answer, and what whoever waited was given."""
    side = make_resting_side(world, kind, notifications=Notifications("push", secret=SECRET))
    asked: Asked = await side.do("ask", QUESTION, key="order-17")
    payload: dict[str, Any] = {"auth_req_id": asked.auth_req_id}
    if "error" not in changes:
        await world.approve(asked.auth_req_id)
        payload |= (await world.poll(asked.auth_req_id)).json()
    async with listening(side) as http:
        status = await told(http, "order-17", {**payload, **changes})
    try:
        return status, await side.do("wait", asked, seconds=0.05)
    except StillPending:
        return status, None


async def test_pushed_tokens_are_verified_before_they_are_taken(small_world: World, kind: str) -> None:
    status, outcome = await pushed(small_world, kind)

    assert (status, isinstance(outcome, Approved)) == (204, True)


@pytest.mark.parametrize(
    "changes", [{"access_token": "another"}, {"refresh_token": "another"}, {"id_token": "e30.e30."}, {"id_token": None}]
)
async def test_pushed_tokens_that_do_not_verify_are_refused(
    small_world: World, kind: str, changes: dict[str, str]
) -> None:
    assert await pushed(small_world, kind, **changes) == (400, None)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("access_denied", Denied(description="no")),
        ("expired_token", Expired(description="no")),
        ("transaction_failed", Failed(code="transaction_failed", description="no")),
    ],
)
async def test_a_pushed_error_is_an_outcome(small_world: World, kind: str, error: str, outcome: Outcome) -> None:
    assert await pushed(small_world, kind, error=error, error_description="no") == (204, outcome)


async def test_a_push_that_never_comes_ends_with_the_request(small_world: World, kind: str) -> None:
    side = make_side(small_world, kind, notifications=Notifications("push"))
    asked = await side.do("ask", ApprovalRequest(login_hint="ann"))

    assert isinstance(await side.do("wait", asked), Expired)
    assert side.days.rested == [180]


async def test_a_question_that_was_refused_leaves_no_line_open(small_world: World, kind: str) -> None:
    notifications = Notifications("ping", secret=SECRET)
    side = make_side(small_world, kind, notifications=notifications)
    with pytest.raises(PersonNotAsked):
        await side.do("ask", ApprovalRequest(login_hint="nobody"), key="order-17")

    assert notifications.find(ours("order-17")["Authorization"]) is None


def test_lines_that_nobody_waits_on_any_more_go() -> None:
    notifications = Notifications("ping", secret=SECRET)
    line = notifications.open("old", now=0)
    line.auth_req_id, line.expires_at = "x", 120.0
    line.bring(News(auth_req_id="x"))

    assert notifications.open("old", now=1000) is line
    assert notifications.open("new", now=1021) is not line
    assert notifications.find(ours("old")["Authorization"]) is None

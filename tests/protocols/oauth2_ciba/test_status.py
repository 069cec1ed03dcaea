"""A client asks how its request stands (requirement 160)."""

import httpx2
import pytest

from tests.protocols.world import BANK, PUSHY, SHOP, World, as_error

pytestmark = pytest.mark.anyio


async def ask(world: World, auth_req_id: str, *, client: str = SHOP) -> httpx2.Response:
    return await world.post("/oauth2/bc-authorize/status", {"auth_req_id": auth_req_id}, client=client)


async def state(world: World, auth_req_id: str) -> str:
    answer = await ask(world, auth_req_id)
    assert answer.status_code == 200, answer.text
    assert "token" not in answer.text
    return str(answer.json()["status"])


async def test_a_pending_request_tells_what_is_left_of_it(world: World) -> None:
    auth_req_id = await world.asked()
    world.clock.forward(20)
    answer = await ask(world, auth_req_id)
    assert answer.json() == {"status": "pending", "expires_in": 100, "interval": 5}
    assert answer.headers["cache-control"] == "no-store"


async def test_it_is_counted_in_the_pace_of_the_polls(world: World) -> None:
    auth_req_id = await world.asked(requested_expiry="600")
    assert await state(world, auth_req_id) == "pending"
    world.clock.forward(1)
    assert as_error(await world.poll(auth_req_id)) == (400, "slow_down")
    world.clock.forward(1)
    assert as_error(await ask(world, auth_req_id)) == (400, "slow_down")
    world.clock.forward(8)
    assert as_error(await world.poll(auth_req_id)) == (400, "authorization_pending")
    for _ in range(10):
        assert as_error(await ask(world, auth_req_id)) == (400, "slow_down")
    assert as_error(await ask(world, auth_req_id)) == (400, "invalid_request")


async def test_what_is_decided_is_told_at_once_and_taken_by_nobody(world: World) -> None:
    auth_req_id = await world.asked()
    assert await state(world, auth_req_id) == "pending"
    await world.approve(auth_req_id)
    for _ in range(3):
        assert await state(world, auth_req_id) == "approved"
    assert (await ask(world, auth_req_id)).json()["expires_in"] == 130
    assert (await world.poll(auth_req_id)).status_code == 200
    assert await state(world, auth_req_id) == "redeemed"


async def test_asking_after_the_tokens_were_given_costs_no_grant(world: World) -> None:
    """A replay is an attempt to take tokens; this is none."""
    auth_req_id = await world.approved()
    token = (await world.poll(auth_req_id)).json()["access_token"]
    world.clock.forward(120)
    assert await state(world, auth_req_id) == "redeemed"
    userinfo = await world.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert userinfo.status_code == 200


@pytest.mark.parametrize("how", ["cancelled", "denied", "expired"])
async def test_an_end_is_told_by_its_name(world: World, how: str) -> None:
    auth_req_id = await world.asked()
    match how:
        case "cancelled":
            await world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": auth_req_id})
        case "denied":
            await world.end("ciba.login", auth_req_id, await world.claimed(auth_req_id), "denied", by="person")
        case _:
            world.clock.forward(120)
    assert await state(world, auth_req_id) == how


async def test_another_clients_and_unknown_requests_are_one_answer(world: World) -> None:
    auth_req_id = await world.asked()
    before = await world.row(auth_req_id)
    assert as_error(await ask(world, auth_req_id, client=BANK)) == (400, "invalid_grant")
    assert as_error(await ask(world, "unknown")) == (400, "invalid_grant")
    assert as_error(await ask(world, auth_req_id, client=PUSHY)) == (400, "unauthorized_client")
    assert as_error(await world.post("/oauth2/bc-authorize/status", {})) == (400, "invalid_request")
    stranger = await world.http.post("/oauth2/bc-authorize/status", data={"auth_req_id": auth_req_id})
    assert as_error(stranger) == (401, "invalid_client")
    assert await world.row(auth_req_id) == before

"""A client takes its request back (requirement 159)."""

import asyncio

import pytest
from sqlalchemy import select

from protocols.oauth2 import NewClient
from protocols.oauth2_ciba import remove_client
from protocols.oauth2_ciba.tables import REQUESTS
from tests.protocols.world import BANK, PUSHY, SECRETS, SHOP, World, as_error

pytestmark = pytest.mark.anyio


async def cancel(world: World, auth_req_id: str, *, client: str = SHOP) -> tuple[int, object]:
    answer = await world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": auth_req_id}, client=client)
    return answer.status_code, answer.json().get("error", answer.json())


async def test_a_pending_request_is_cancelled_as_often_as_asked(world: World) -> None:
    auth_req_id = await world.asked()
    for _ in range(3):
        assert await cancel(world, auth_req_id) == (200, {"status": "cancelled"})
    assert as_error(await world.poll(auth_req_id)) == (400, "invalid_grant")


async def test_another_clients_and_unknown_requests_are_one_answer(world: World) -> None:
    auth_req_id = await world.asked()
    assert await cancel(world, auth_req_id, client=BANK) == (400, "invalid_grant")
    assert await cancel(world, "unknown") == (400, "invalid_grant")
    assert await cancel(world, auth_req_id, client=PUSHY) == (400, "unauthorized_client")
    assert as_error(await world.poll(auth_req_id)) == (400, "authorization_pending")


async def test_a_decided_request_stays_decided(world: World) -> None:
    auth_req_id = await world.approved()
    assert await cancel(world, auth_req_id) == (400, "invalid_grant")
    assert (await world.poll(auth_req_id)).status_code == 200
    assert await cancel(world, auth_req_id) == (400, "invalid_grant")


async def remove(world: World, client_id: str = SHOP) -> bool:
    clients, now, kept = world.records.clients, world.clock.now(), world.settings.keep_final
    return await world.database.run(
        lambda unit: remove_client(unit, client_id, clients=clients, now=now, keep_final=kept)
    )


async def register_again(world: World) -> None:
    again, now = NewClient(client_id=SHOP, secret=SECRETS[SHOP]), world.clock.now()
    await world.database.run(lambda unit: world.records.clients.add(unit, again, now=now))


async def test_what_a_removed_client_had_is_not_its_successors(world: World) -> None:
    """Requirement 149: an id that is given again revives no token, no request and no answer."""
    redeemed = (await world.poll(await world.approved())).json()["access_token"]
    pending, approved = await world.asked(key="order 17"), await world.approved()
    others = await world.approved(client=BANK)
    assert await remove(world)
    await register_again(world)

    told = await world.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {redeemed}"})
    assert as_error(told) == (401, "invalid_token")
    assert as_error(await world.poll(pending)) == (400, "invalid_grant")
    assert as_error(await world.poll(approved)) == (400, "access_denied")
    assert (await world.row(pending)).reason == (await world.row(approved)).reason == "client removed"
    assert await world.asked(key="order 17") != pending
    assert (await world.poll(others, client=BANK)).status_code == 200


async def test_nothing_slips_past_a_removal_that_races_it(world: World) -> None:
    approved = [await world.approved(login_hint=who) for who in ("ann", "bob") for _ in range(2)]
    asks = [world.ask(login_hint=who) for who in ("ann", "bob") for _ in range(3)]
    polls = [world.poll(auth_req_id) for auth_req_id in approved]
    answers, removed = await asyncio.gather(asyncio.gather(*polls, *asks), remove(world))
    assert removed
    await register_again(world)

    for token in [answer.json()["access_token"] for answer in answers if "access_token" in answer.json()]:
        told = await world.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})
        assert as_error(told) == (401, "invalid_token")
    left = select(REQUESTS.c.status).where(REQUESTS.c.status.in_(["pending", "approved"]))
    assert await world.database.run(lambda unit: unit.execute(left).scalars()) == []


async def test_a_block_outlives_the_client_that_it_is_for(world: World) -> None:
    """Whoever said "not me" to an id need not say it again to the next bearer of the id."""
    execution = await world.claimed(auth_req_id := await world.asked())
    await world.end("ciba.login", auth_req_id, execution, "denied", by="not_me")
    assert await remove(world)
    await register_again(world)
    assert as_error(await world.ask()) == (403, "access_denied")


async def test_a_client_that_is_not_there_is_not_removed(small_world: World) -> None:
    assert not await remove(small_world, "nobody")


async def test_what_has_expired_stays_expired(world: World) -> None:
    """A poll was told so already, whether or not the sweep has come by."""
    auth_req_id = await world.asked(requested_expiry="10")
    world.clock.forward(10)
    assert as_error(await world.poll(auth_req_id)) == (400, "expired_token")
    assert await cancel(world, auth_req_id) == (400, "invalid_grant")
    assert as_error(await world.poll(auth_req_id)) == (400, "expired_token")

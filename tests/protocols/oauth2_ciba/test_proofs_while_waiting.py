"""Polls that wait with a proof: it is used up when they come, and counts for them until they are answered."""

import asyncio

import httpx2
import pytest

from tests.protocols.changed import change, claims_in
from tests.protocols.provers import KEY, fresh, prove
from tests.protocols.world import World, as_error

pytestmark = pytest.mark.anyio

PATIENCE = 20


async def waiting(world: World, auth_req_id: str, shown: str) -> "asyncio.Task[httpx2.Response]":
    """Begin a poll that waits, and return it once it does."""
    poll = asyncio.ensure_future(prove(world, auth_req_id, shown, Prefer="wait=30"))
    while not len(world.records.waiters):  # noqa: ASYNC110 - nobody is told of it
        await asyncio.sleep(0.005)
    return poll


async def test_132_the_poll_that_waited_gets_its_tokens_by_the_proof_that_it_came_with(world: World) -> None:
    auth_req_id, shown = await world.asked(), fresh(world)
    poll = await waiting(world, auth_req_id, shown)
    world.clock.forward(25)
    await world.approve(auth_req_id)
    answer = await asyncio.wait_for(poll, PATIENCE)
    assert claims_in(answer.json()["access_token"])["cnf"] == {"jkt": KEY.kid}
    assert as_error(await prove(world, auth_req_id, shown)) == (400, "invalid_dpop_proof")


async def test_132_who_comes_meanwhile_needs_a_proof_of_their_own(world: World) -> None:
    auth_req_id, shown = await world.asked(), fresh(world)
    poll = await waiting(world, auth_req_id, shown)
    pace = (await world.row(auth_req_id)).pace
    world.clock.forward(10)
    assert as_error(await prove(world, auth_req_id, shown)) == (400, "invalid_dpop_proof")
    assert (await world.row(auth_req_id)).pace == pace
    assert as_error(await prove(world, auth_req_id, fresh(world))) == (400, "slow_down")
    await world.approve(auth_req_id)
    assert (await asyncio.wait_for(poll, PATIENCE)).status_code == 200


async def test_what_its_client_owes_by_then_is_owed(small_world: World) -> None:
    """All of it is judged anew, what the client is registered with as well."""
    world = small_world
    auth_req_id = await world.asked()
    poll = await waiting(world, auth_req_id, fresh(world))
    await change(world, certificate_bound=1)
    await world.approve(auth_req_id)
    assert as_error(await asyncio.wait_for(poll, PATIENCE)) == (400, "invalid_request")

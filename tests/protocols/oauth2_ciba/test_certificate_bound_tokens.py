"""Tokens bound to the certificate of their client (RFC 8705 section 3)."""

import pytest

from protocols.oauth2_ciba.states import State
from tests.protocols.changed import change, claims_in, introspection
from tests.protocols.provers import certificate, connected_with, fresh, prove
from tests.protocols.world import World, as_error

pytestmark = pytest.mark.anyio

MINE, RENEWED = certificate("the shop"), certificate("the shop, renewed")
BOUND = {"x5t#S256": MINE.thumbprint}


@pytest.mark.parametrize("form", [None, "opaque"], ids=["signed", "opaque"])
async def test_the_token_and_introspection_name_the_certificate(world: World, form: str | None) -> None:
    await change(world, certificate_bound=1, token_format=form)
    async with connected_with(world, MINE) as connected:
        told = (await connected.poll(await connected.approved())).json()
    assert told["token_type"] == "Bearer"
    state = await introspection(world, told["access_token"])
    assert (state["active"], state["token_type"], state["cnf"]) == (True, "Bearer", BOUND)
    if form is None:
        assert claims_in(told["access_token"])["cnf"] == BOUND


async def test_a_poll_without_the_certificate_touches_nothing(world: World) -> None:
    await change(world, certificate_bound=1)
    auth_req_id = await world.asked()
    before = await world.row(auth_req_id)
    assert as_error(await world.poll(auth_req_id)) == (400, "invalid_request")
    assert await world.row(auth_req_id) == before
    await world.approve(auth_req_id)
    assert as_error(await world.poll(auth_req_id)) == (400, "invalid_request")
    assert (await world.row(auth_req_id)).status is State.APPROVED
    async with connected_with(world, MINE) as connected:
        assert (await connected.poll(auth_req_id)).status_code == 200


async def test_a_proof_in_place_of_the_certificate_or_beside_it_is_refused(small_world: World) -> None:
    """A token is bound to one of them: to both it could not be said which."""
    world = small_world
    await change(world, certificate_bound=1)
    auth_req_id = await world.approved()
    assert as_error(await prove(world, auth_req_id, fresh(world))) == (400, "invalid_request")
    async with connected_with(world, MINE) as connected:
        assert as_error(await prove(connected, auth_req_id, fresh(world))) == (400, "invalid_request")
        assert (await connected.poll(auth_req_id)).status_code == 200


async def test_a_certificate_that_only_authenticates_binds_nothing(small_world: World) -> None:
    async with connected_with(small_world, MINE) as connected:
        free = (await connected.poll(await connected.approved())).json()
        bound = (await prove(connected, await connected.approved(), fresh(connected))).json()
    assert "cnf" not in claims_in(free["access_token"])
    assert list(claims_in(bound["access_token"])["cnf"]) == ["jkt"]


async def test_a_lost_answer_is_had_again_over_the_same_certificate_and_no_other(world: World) -> None:
    await change(world, certificate_bound=1)
    async with connected_with(world, MINE) as connected:
        auth_req_id = await connected.approved()
        first = await connected.poll(auth_req_id, key="k")
        again = await connected.poll(auth_req_id, key="k")
    assert (first.status_code, again.content) == (200, first.content)
    async with connected_with(world, RENEWED) as thief:
        assert as_error(await thief.poll(auth_req_id, key="k")) == (400, "invalid_grant")
    assert await introspection(world, first.json()["access_token"]) == {"active": False}

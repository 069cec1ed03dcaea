"""A refreshed token is bound to what the refresh request shows (requirement 135, RFC 9449 section 5)."""

import httpx2
import pytest

from tests.protocols.changed import REFRESHING, change, claims_in
from tests.protocols.provers import KEY, OTHER_KEY, certificate, connected_with, fresh, prove
from tests.protocols.world import World, as_error

pytestmark = pytest.mark.anyio


async def refresh_token(world: World) -> str:
    await change(world, **REFRESHING)
    answer = await prove(world, await world.approved(scope="openid offline_access"), fresh(world))
    return str(answer.json()["refresh_token"])


async def refresh(world: World, token: str, **headers: str) -> httpx2.Response:
    return await world.post("/oauth2/token", {"grant_type": "refresh_token", "refresh_token": token}, **headers)


async def test_135_a_refresh_token_is_its_clients_whatever_key_it_has_by_now(world: World) -> None:
    token = await refresh_token(world)
    for key in (OTHER_KEY, KEY):
        told = (await refresh(world, token, DPoP=fresh(world, key))).json()
        assert told["token_type"] == "DPoP"
        assert claims_in(told["access_token"])["cnf"] == {"jkt": key.kid}
    free = (await refresh(world, token)).json()
    assert (free["token_type"], "cnf" in claims_in(free["access_token"])) == ("Bearer", False)


async def test_a_refreshed_token_is_bound_to_the_certificate_of_its_request(world: World) -> None:
    token, renewed = await refresh_token(world), certificate("the shop, renewed")
    await change(world, certificate_bound=1)
    assert as_error(await refresh(world, token)) == (400, "invalid_request")
    async with connected_with(world, renewed) as connected:
        told = (await refresh(connected, token)).json()
    assert claims_in(told["access_token"])["cnf"] == {"x5t#S256": renewed.thumbprint}


async def test_a_bad_proof_uses_nothing_up(small_world: World) -> None:
    world = small_world
    token = await refresh_token(world)
    await change(world, rotates_refresh=1, dpop_bound=1)
    used = fresh(world)
    successor = (await refresh(world, token, DPoP=used)).json()["refresh_token"]
    for shown in ({"DPoP": used}, {"DPoP": fresh(world, htm="GET")}, {}):
        assert (await refresh(world, successor, **shown)).status_code == 400
    # the successor was not used, so its predecessor still gives the same one: an answer that was lost
    again = await refresh(world, token, DPoP=fresh(world))
    assert (again.status_code, again.json()["refresh_token"]) == (200, successor)

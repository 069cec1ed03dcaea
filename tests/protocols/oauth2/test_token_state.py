"""Introspection and revocation (requirements 121, 122, 124 to 127)."""

from datetime import timedelta

import httpx2
import pytest

from protocols.oauth2 import NewClient
from protocols.oauth2_ciba.guard import block
from tests.protocols.world import BANK, ISSUER, NOON, SHOP, World, as_error

pytestmark = pytest.mark.anyio

INACTIVE = {"active": False}
API = "api"
API_SECRET = "the-secret-of-the-api-4711"


async def tokens(world: World) -> dict[str, str]:
    return dict((await world.poll(await world.approved())).json())


async def introspect(world: World, token: str, *, client: str = SHOP) -> httpx2.Response:
    return await world.post("/oauth2/introspect", {"token": token}, client=client)


async def revoke(world: World, token: str, *, client: str = SHOP) -> httpx2.Response:
    return await world.post("/oauth2/revoke", {"token": token}, client=client)


async def ask_as_api(world: World, token: str, *, resource: str) -> httpx2.Response:
    api = NewClient(client_id=API, secret=API_SECRET, grant_types=(), resource=resource)
    await world.database.run(lambda unit: world.records.clients.add(unit, api, now=NOON))
    return await world.http.post("/oauth2/introspect", data={"token": token}, auth=(API, API_SECRET))


async def test_a_client_learns_what_its_token_is_worth(world: World) -> None:
    answer = await introspect(world, (await tokens(world))["access_token"])
    told = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    expected = {"active": True, "client_id": SHOP, "sub": "sub-ann", "iss": ISSUER, "aud": ISSUER}
    assert expected.items() <= told.items()
    assert (told["token_type"], told["scope"]) == ("Bearer", "openid profile")
    assert {"exp", "iat", "jti", "auth_time", "acr"} <= set(told)


async def test_a_token_of_another_client_is_inactive_to_it(world: World) -> None:
    """Requirements 125 and 126."""
    given = await tokens(world)
    assert (await introspect(world, given["access_token"], client=BANK)).json() == INACTIVE


async def test_an_api_sees_the_tokens_that_are_meant_for_it(small_world: World) -> None:
    """Requirement 125."""
    given = await tokens(small_world)
    assert (await ask_as_api(small_world, given["access_token"], resource=ISSUER)).json()["active"] is True


async def test_an_api_sees_no_token_that_is_meant_for_another(small_world: World) -> None:
    """Requirement 127."""
    given = await tokens(small_world)
    answer = await ask_as_api(small_world, given["access_token"], resource="https://other.example")
    assert answer.json() == INACTIVE


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "x" * 5000])
async def test_what_is_no_token_of_ours_is_inactive_and_revoking_it_is_well(small_world: World, token: str) -> None:
    """Requirements 122 and 126."""
    assert (await introspect(small_world, token)).json() == INACTIVE
    answer = await revoke(small_world, token)
    assert (answer.status_code, answer.content) == (200, b"")


async def test_an_id_token_is_no_access_token(small_world: World) -> None:
    assert (await introspect(small_world, (await tokens(small_world))["id_token"])).json() == INACTIVE


async def test_a_token_is_inactive_once_its_time_is_up(small_world: World) -> None:
    given = await tokens(small_world)
    small_world.clock.forward(timedelta(minutes=11).total_seconds())
    assert (await introspect(small_world, given["access_token"])).json() == INACTIVE


async def test_a_revoked_token_is_worth_nothing_from_then_on(world: World) -> None:
    """Requirements 121 and 124."""
    token = (await tokens(world))["access_token"]
    assert (await revoke(world, token)).status_code == 200
    assert (await introspect(world, token)).json() == INACTIVE
    userinfo = await world.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert as_error(userinfo) == (401, "invalid_token")
    assert (await revoke(world, token)).status_code == 200


async def test_nobody_revokes_the_token_of_another(world: World) -> None:
    """Requirement 121."""
    token = (await tokens(world))["access_token"]
    assert as_error(await revoke(world, token, client=BANK)) == (400, "invalid_grant")
    assert (await introspect(world, token)).json()["active"] is True


async def test_the_account_guard_is_asked_at_introspection(world: World) -> None:
    token = (await tokens(world))["access_token"]
    await world.database.run(lambda unit: block(unit, SHOP, "sub-ann", reason="spam", now=NOON))
    assert (await introspect(world, token)).json() == INACTIVE


@pytest.mark.parametrize("path", ["/oauth2/introspect", "/oauth2/revoke"])
async def test_who_asks_proves_itself_and_says_what_about(small_world: World, path: str) -> None:
    assert as_error(await small_world.post(path, {})) == (400, "invalid_request")
    assert as_error(await small_world.http.post(path, data={"token": "x"})) == (401, "invalid_client")
    wrong = await small_world.http.post(path, data={"token": "x"}, auth=(SHOP, "no"))
    assert as_error(wrong) == (401, "invalid_client")

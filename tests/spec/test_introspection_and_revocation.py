"""Revocation and introspection (RFC 7009, RFC 7662)."""

from typing import Any

import httpx2
import pytest

from tests.protocols.world import BANK, SHOP, World, as_error
from tests.spec.parties import OFFLINE, SECRET, TILL, add, add_till, approved_tokens, tokens_as
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

STATE = "protocols/oauth2/token_state.py"


async def introspected(world: World, token: str, *, client: str = SHOP) -> dict[str, Any]:
    answer = await world.post("/oauth2/introspect", {"token": token}, client=client)
    assert answer.status_code == 200
    return dict(answer.json())


async def revoke(world: World, token: str, *, client: str = SHOP) -> httpx2.Response:
    return await world.post("/oauth2/revoke", {"token": token}, client=client)


async def userinfo(world: World, token: str) -> int:
    return (await world.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})).status_code


@requirement(
    121,
    "A client proves itself and revokes its own tokens only (RFC 7009 section 2.1)",
    Mutation(STATE, "    if owner != asker.client_id:", "    if not owner:"),
)
async def test_121_only_ones_own_tokens_are_revoked(world: World) -> None:
    token = (await approved_tokens(world))["access_token"]
    assert as_error(await revoke(world, token, client=BANK)) == (400, "invalid_grant")
    assert as_error(await world.http.post("/oauth2/revoke", data={"token": token})) == (401, "invalid_client")
    assert await userinfo(world, token) == 200


@requirement(
    122,
    "Revoking an unknown token is 200 (RFC 7009 section 2.2)",
    Mutation("protocols/oauth2/endpoints.py", 'return json_response(b"")', 'return json_response(b"", status=404)'),
)
async def test_122_an_unknown_token_is_revoked_already(world: World) -> None:
    for token in ("unknown", "a.b.c"):
        assert (await revoke(world, token)).status_code == 200


@requirement(
    123,
    "Revoking a refresh token revokes its access tokens",
    Mutation(STATE, 'revoke_grant(unit, found.grant_id, reason="refresh token revoked", now=now)', "pass"),
)
async def test_123_a_refresh_token_takes_its_access_tokens_along(world: World) -> None:
    await add_till(world)
    tokens = await tokens_as(world, TILL, scope=OFFLINE)
    form = {"token": tokens["refresh_token"]}
    assert (await world.http.post("/oauth2/revoke", data=form, auth=(TILL, SECRET))).status_code == 200
    assert await userinfo(world, tokens["access_token"]) == 401


@requirement(
    124,
    "A revoked signed access token is inactive",
    Mutation("protocols/oauth2/access_tokens.py", "_STANDS = (_T.revoked_at.is_(None), ", "_STANDS = ("),
)
async def test_124_a_revoked_token_is_inactive(world: World) -> None:
    token = (await approved_tokens(world))["access_token"]
    assert (await introspected(world, token))["active"] is True
    assert (await revoke(world, token)).status_code == 200
    assert await introspected(world, token) == {"active": False}


@requirement(
    125,
    "Only clients for their own tokens, and resource servers, may ask (RFC 7662 section 2.1)",
    Mutation(STATE, "asker.client_id == live.client_id or is_meant_for", "asker or is_meant_for"),
    Mutation(STATE, "or is_meant_for(live.claims, asker.resource)", "or False"),
)
async def test_125_who_may_ask(world: World) -> None:
    token = (await approved_tokens(world))["access_token"]
    await add(world, "api", resource=world.settings.issuer)
    assert (await introspected(world, token))["active"] is True
    by_api = await world.http.post("/oauth2/introspect", data={"token": token}, auth=("api", SECRET))
    assert by_api.json()["active"] is True
    assert await introspected(world, token, client=BANK) == {"active": False}
    assert as_error(await world.http.post("/oauth2/introspect", data={"token": token})) == (401, "invalid_client")


@requirement(
    126,
    'Of anything else, exactly `{"active": false}` is told (RFC 7662 section 2.2)',
    Mutation(STATE, '{"active": False}', '{"active": False, "iss": "x"}'),
)
async def test_126_nothing_is_told_of_what_is_not_active(world: World) -> None:
    assert await introspected(world, "unknown") == {"active": False}
    assert await introspected(world, "a.b.c") == {"active": False}


@requirement(
    127,
    "A resource server is told nothing of a token for another one",
    Mutation("protocols/oauth2/access_tokens.py", "audience is not None and audience in named", "audience is not None"),
)
async def test_127_another_audience_is_told_nothing(world: World) -> None:
    token = (await approved_tokens(world))["access_token"]
    await add(world, "api", resource="https://other-api.example")
    answer = await world.http.post("/oauth2/introspect", data={"token": token}, auth=("api", SECRET))
    assert answer.json() == {"active": False}


@requirement(
    128,
    "`act`, `acr` and `auth_time` are told, and `cnf` (requirement 102); `authorization_details` are not built",
    Mutation(STATE, '"auth_time", "acr", "amr", "act", "cnf")', '"amr", "cnf")'),
)
async def test_128_act_acr_and_auth_time_are_told(world: World) -> None:
    await add(world, "agent", agent=True)
    token = (await tokens_as(world, "agent"))["access_token"]
    told = await world.http.post("/oauth2/introspect", data={"token": token}, auth=("agent", SECRET))
    now = int(world.clock.now().timestamp())
    wanted = {"act": {"sub": "agent"}, "acr": "urn:lockhouse:acr:pwd", "auth_time": now, "token_type": "Bearer"}
    assert wanted.items() <= told.json().items()

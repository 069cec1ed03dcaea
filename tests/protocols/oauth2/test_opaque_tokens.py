"""Opaque access tokens: random, hashed at rest, and everywhere worth what a signed one is (requirements 99, 144)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from protocols.oauth2.tables import ACCESS_TOKENS
from protocols.oauth2_ciba.guard import block
from tests.protocols.changed import change, claims_in, given, introspection, userinfo
from tests.protocols.world import BANK, NOON, SHOP, World, as_error

pytestmark = pytest.mark.anyio


async def test_it_is_random_and_only_its_hash_is_stored(world: World) -> None:
    """Requirement 99."""
    await change(world, token_format="opaque")
    token = (await given(world))["access_token"]
    assert (len(token), "." in token) == (43, False)
    rows = await world.database.read(lambda unit: unit.execute(select(ACCESS_TOKENS)).all())
    assert token not in repr(rows)
    assert token != (await given(world))["access_token"]


async def test_introspection_tells_of_it_what_a_signed_one_says_itself(world: World) -> None:
    """Requirement 144: every claim of RFC 9068 section 2.2."""
    signed = claims_in((await given(world))["access_token"])
    await change(world, token_format="opaque")
    told = await introspection(world, (await given(world))["access_token"])
    assert told.pop("active") is True
    assert told.pop("token_type") == "Bearer"
    assert told.pop("jti") != signed.pop("jti")
    assert told == signed


async def test_userinfo_accepts_it_until_its_time_is_up(world: World) -> None:
    await change(world, token_format="opaque")
    token = (await given(world))["access_token"]
    assert (await userinfo(world, token)).json() == {"sub": "sub-ann", "name": "Name of sub-ann"}
    world.clock.forward(timedelta(minutes=10).total_seconds())
    assert as_error(await userinfo(world, token)) == (401, "invalid_token")
    assert await introspection(world, token) == {"active": False}


async def test_it_is_revoked_by_its_client_alone(world: World) -> None:
    """Requirements 121 and 124."""
    await change(world, token_format="opaque")
    token = (await given(world))["access_token"]
    other = await world.post("/oauth2/revoke", {"token": token}, client=BANK)
    assert as_error(other) == (400, "invalid_grant")
    assert await introspection(world, token, client=BANK) == {"active": False}
    assert (await world.post("/oauth2/revoke", {"token": token})).status_code == 200
    assert await introspection(world, token) == {"active": False}
    assert as_error(await userinfo(world, token)) == (401, "invalid_token")


async def test_the_account_guard_is_asked_for_it(world: World) -> None:
    await change(world, token_format="opaque")
    token = (await given(world))["access_token"]
    await world.database.run(lambda unit: block(unit, SHOP, "sub-ann", reason="spam", now=NOON))
    assert await introspection(world, token) == {"active": False}
    assert as_error(await userinfo(world, token)) == (401, "invalid_token")


async def test_one_for_another_resource_is_none_of_userinfos(world: World) -> None:
    """Requirement 146."""
    await change(world, token_format="opaque")
    await change(world, BANK, resource="https://api.example")
    token = (await given(world, resource="https://api.example"))["access_token"]
    assert (await introspection(world, token))["aud"] == "https://api.example"
    assert as_error(await userinfo(world, token)) == (401, "invalid_token")


async def test_what_was_given_before_stays_good_when_the_format_changes(world: World) -> None:
    signed = (await given(world))["access_token"]
    await change(world, token_format="opaque")
    opaque = (await given(world))["access_token"]
    await change(world, token_format="jwt")
    for token in (signed, opaque):
        assert (await userinfo(world, token)).status_code == 200


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
async def test_an_agent_is_named_as_who_acts(world: World, token_format: str) -> None:
    """Requirement 128, RFC 8693 section 4.1."""
    await change(world, agent=1, token_format=token_format)
    answer = await given(world)
    assert (await introspection(world, answer["access_token"]))["act"] == {"sub": SHOP}
    assert "act" not in claims_in(answer["id_token"])

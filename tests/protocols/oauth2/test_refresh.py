"""Refresh tokens as decided: bound to the client, narrowed only, rotated only where a client wants it (98, 99)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import jwt
import pytest
from sqlalchemy import select

from protocols.oauth2 import CIBA_GRANT, REFRESH_GRANT, NewClient
from protocols.oauth2.tables import REFRESH_TOKENS
from protocols.oauth2_ciba.guard import block
from tests.protocols.world import GRANT, NOON, SHOP, World, as_error

pytestmark = pytest.mark.anyio

TILL, SECRET = "till", "the-secret-of-the-till-4711"
REFRESHING = NewClient(
    client_id=TILL,
    secret=SECRET,
    scopes=("openid", "profile", "offline_access"),
    grant_types=(CIBA_GRANT, REFRESH_GRANT),
)
ASKED = "openid profile offline_access"


async def post(world: World, form: dict[str, str], *, auth: tuple[str, str] = (TILL, SECRET)) -> httpx2.Response:
    return await world.http.post("/oauth2/token", data=form, auth=auth)


async def tokens(world: World, *, scope: str = ASKED, **changes: Any) -> dict[str, Any]:
    """Return the token response for a request that was approved as it was asked."""
    client = replace(REFRESHING, **changes)
    await world.database.run(lambda unit: world.records.clients.add(unit, client, now=NOON))
    form = {"scope": scope, "login_hint": "ann"}
    asked = await world.http.post("/oauth2/bc-authorize", data=form, auth=(TILL, SECRET))
    assert asked.status_code == 200, asked.text
    auth_req_id = asked.json()["auth_req_id"]
    await world.approve(auth_req_id)
    answer = await post(world, {"grant_type": GRANT, "auth_req_id": auth_req_id})
    return dict(answer.json())


async def refresh(world: World, token: str, **more: str) -> httpx2.Response:
    return await post(world, {"grant_type": REFRESH_GRANT, "refresh_token": token, **more})


async def userinfo(world: World, token: str) -> int:
    return (await world.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})).status_code


async def test_a_refresh_token_gives_new_tokens_of_the_same_sign_in_again_and_again(world: World) -> None:
    first = await tokens(world)
    world.clock.forward(timedelta(hours=1).total_seconds())
    for _ in range(2):
        again = (await refresh(world, first["refresh_token"])).json()
        assert (again["scope"], "refresh_token" in again) == (ASKED, False)
        assert await userinfo(world, again["access_token"]) == 200
    old, new = (jwt.decode(each["id_token"], options={"verify_signature": False}) for each in (first, again))
    same = ("iss", "sub", "aud", "auth_time", "amr", "acr")
    assert {name: old[name] for name in same} == {name: new[name] for name in same}
    assert new["iat"] == old["iat"] + 3600


async def test_the_token_is_long_and_only_its_hash_is_stored(small_world: World) -> None:
    """Requirement 99."""
    token = (await tokens(small_world))["refresh_token"]
    assert len(token) >= 43
    rows = await small_world.database.read(lambda unit: unit.execute(select(REFRESH_TOKENS)).all())
    assert token not in repr(rows)


@pytest.mark.parametrize(
    ("scope", "changes"),
    [("openid profile", {}), (ASKED, {"grant_types": (CIBA_GRANT,)})],
    ids=["not asked for", "not this client's"],
)
async def test_without_the_scope_or_the_grant_type_there_is_none(
    small_world: World, scope: str, changes: dict[str, Any]
) -> None:
    assert "refresh_token" not in await tokens(small_world, scope=scope, **changes)


async def test_what_the_person_left_out_is_not_given(small_world: World) -> None:
    await small_world.database.run(lambda unit: small_world.records.clients.add(unit, REFRESHING, now=NOON))
    asked = await small_world.http.post(
        "/oauth2/bc-authorize", data={"scope": ASKED, "login_hint": "ann"}, auth=(TILL, SECRET)
    )
    auth_req_id = asked.json()["auth_req_id"]
    await small_world.claimed(auth_req_id)
    claims = await small_world.claims(auth_req_id, granted=["openid"])
    assert (await small_world.receive(small_world.assertion_key.sign(claims))).accepted
    answer = (await post(small_world, {"grant_type": GRANT, "auth_req_id": auth_req_id})).json()
    assert (answer["scope"], "refresh_token" in answer) == ("openid", False)


async def test_scopes_are_narrowed_and_never_widened(small_world: World) -> None:
    """Requirement 98."""
    token = (await tokens(small_world, scope="openid offline_access"))["refresh_token"]
    assert (await refresh(small_world, token, scope="openid")).json()["scope"] == "openid"
    for wrong in ("openid profile", "offline_access"):
        assert as_error(await refresh(small_world, token, scope=wrong)) == (400, "invalid_scope")


async def test_a_token_of_another_client_is_nobodys(world: World) -> None:
    """Requirement 98."""
    token = (await tokens(world))["refresh_token"]
    thief = replace(REFRESHING, client_id="thief")
    await world.database.run(lambda unit: world.records.clients.add(unit, thief, now=NOON))
    form = {"grant_type": REFRESH_GRANT, "refresh_token": token}
    assert as_error(await post(world, form, auth=("thief", SECRET))) == (400, "invalid_grant")
    assert (await refresh(world, token)).status_code == 200


async def test_a_client_without_the_grant_type_may_not_ask(small_world: World) -> None:
    form = {"grant_type": REFRESH_GRANT, "refresh_token": "x"}
    answer = await small_world.post("/oauth2/token", form, client=SHOP)
    assert as_error(answer) == (400, "unauthorized_client")


@pytest.mark.parametrize("token", ["x", "\udcff", "é" * 3000])
async def test_a_token_that_nobody_gave_is_invalid(small_world: World, token: str) -> None:
    await tokens(small_world)
    body = f"grant_type=refresh_token&refresh_token={token}".encode("utf-8", "surrogatepass")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await small_world.http.post("/oauth2/token", content=body, headers=headers, auth=(TILL, SECRET))
    assert as_error(answer)[0] == 400
    assert as_error(await refresh(small_world, "")) == (400, "invalid_request")


async def test_it_ends_with_its_time_and_with_its_grant(world: World) -> None:
    first = await tokens(world)
    await world.post("/oauth2/token", {"grant_type": GRANT})
    world.clock.forward(timedelta(days=30).total_seconds() - 1)
    assert (await refresh(world, first["refresh_token"])).status_code == 200
    world.clock.forward(1)
    assert as_error(await refresh(world, first["refresh_token"])) == (400, "invalid_grant")


async def test_the_guard_is_asked_each_time_and_its_no_takes_the_whole_grant_back(world: World) -> None:
    first = await tokens(world)
    await world.database.run(lambda unit: block(unit, TILL, "sub-ann", reason="spam", now=NOON))
    assert as_error(await refresh(world, first["refresh_token"])) == (400, "invalid_grant")
    await world.database.run(lambda unit: world.records.lift_block(unit, client_id=TILL, subject="sub-ann"))
    assert as_error(await refresh(world, first["refresh_token"])) == (400, "invalid_grant")
    assert await userinfo(world, first["access_token"]) == 401


async def test_a_rotated_token_gives_the_same_successor_until_that_is_used(world: World) -> None:
    first = (await tokens(world, rotates_refresh=True))["refresh_token"]
    answers = await asyncio.gather(*(refresh(world, first) for _ in range(3)))
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1
    world.clock.forward(60)
    assert (await refresh(world, first)).json()["refresh_token"] in successors
    (successor,) = successors
    assert (await refresh(world, successor)).json()["refresh_token"] not in {first, successor}


async def test_a_token_that_comes_back_after_its_successor_was_used_costs_the_grant(world: World) -> None:
    first = (await tokens(world, rotates_refresh=True))["refresh_token"]
    second = (await refresh(world, first)).json()["refresh_token"]
    third = (await refresh(world, second)).json()
    assert as_error(await refresh(world, first)) == (400, "invalid_grant")
    assert as_error(await refresh(world, third["refresh_token"])) == (400, "invalid_grant")
    assert await userinfo(world, third["access_token"]) == 401


async def test_a_rotated_token_is_over_after_a_minute_and_its_successor_is_not(world: World) -> None:
    first = (await tokens(world, rotates_refresh=True))["refresh_token"]
    second = (await refresh(world, first)).json()["refresh_token"]
    world.clock.forward(61)
    assert as_error(await refresh(world, first)) == (400, "invalid_grant")
    assert (await refresh(world, second)).status_code == 200


async def test_rotation_prolongs_nothing(small_world: World) -> None:
    first = (await tokens(small_world, rotates_refresh=True))["refresh_token"]
    small_world.clock.forward(timedelta(days=20).total_seconds())
    second = (await refresh(small_world, first)).json()["refresh_token"]
    small_world.clock.forward(timedelta(days=10).total_seconds())
    assert as_error(await refresh(small_world, second)) == (400, "invalid_grant")

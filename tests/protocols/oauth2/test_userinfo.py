"""Userinfo: our own access tokens, in the header only, while grant and person stand (requirements 119, 146)."""

from typing import Any
from uuid import UUID

import jwt
import pytest
from sqlalchemy import update

from protocols.oauth2.tables import ACCESS_TOKENS
from protocols.oauth2_ciba.guard import block
from tests.protocols.world import ISSUER, NOON, SHOP, World, as_error

pytestmark = pytest.mark.anyio


async def tokens(world: World, **changes: str) -> dict[str, str]:
    answer = await world.poll(await world.approved(**changes))
    return dict(answer.json())


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_it_tells_the_claims_of_the_granted_scopes(world: World, method: str) -> None:
    token = (await tokens(world))["access_token"]
    answer = await world.http.request(method, "/oauth2/userinfo", headers=bearer(token))
    assert answer.json() == {"sub": "sub-ann", "name": "Name of sub-ann"}
    assert answer.headers["cache-control"] == "no-store"
    narrow = (await tokens(world, scope="openid"))["access_token"]
    assert (await world.http.get("/oauth2/userinfo", headers=bearer(narrow))).json() == {"sub": "sub-ann"}


async def test_a_token_outside_the_header_is_not_looked_at(world: World) -> None:
    """Requirement 119."""
    token = (await tokens(world))["access_token"]
    for answer in (
        await world.http.get("/oauth2/userinfo", params={"access_token": token}),
        await world.http.post("/oauth2/userinfo", data={"access_token": token}),
    ):
        assert as_error(answer) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith("Bearer, DPoP algs=")


@pytest.mark.parametrize(
    "sent", [{"params": {"access_token": "t"}}, {"data": {"access_token": "t"}}, {"params": {"access_token": ""}}]
)
async def test_a_second_token_beside_the_header_is_refused(world: World, sent: dict[str, Any]) -> None:
    """Requirement 119: addresses and bodies are logged."""
    token = (await tokens(world))["access_token"]
    answer = await world.http.post("/oauth2/userinfo", headers=bearer(token), **sent)
    assert as_error(answer) == (400, "invalid_request")
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_request"')


async def test_the_interaction_is_named_on_every_answer(world: World) -> None:
    """Requirement 119: a UUID is echoed, for everything else there is a new one."""
    header, own = "x-fapi-interaction-id", "C770AEF3-6784-41F7-8E0E-FF5F97BDDB3A"
    good = bearer((await tokens(world))["access_token"])
    for headers in (good, bearer("x"), {}):
        answer = await world.http.get("/oauth2/userinfo", headers={**headers, header: own})
        assert answer.headers[header] == own
    for odd in ("x", own + "0", own.replace("-", "")):
        made = (await world.http.get("/oauth2/userinfo", headers={**good, header: odd})).headers[header]
        assert str(UUID(made)) == made != odd


async def refused(world: World, headers: Any) -> None:
    answer = await world.http.get("/oauth2/userinfo", headers=headers)
    assert as_error(answer) == (401, "invalid_token")
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')


async def test_what_is_no_access_token_of_ours_is_refused(world: World) -> None:
    """Requirement 146: id tokens, assertions, other types, audiences and issuers."""
    given = await tokens(world)
    key = await world.signing_keys.current(NOON)
    claims = jwt.decode(given["access_token"], options={"verify_signature": False})
    for token in (
        "x",
        "a.b.c",
        given["id_token"],
        given["access_token"][:-4] + "AAAA",
        world.assertion_key.sign(claims),
        key.sign(claims, typ="JWT"),
        key.sign({**claims, "aud": "other"}, typ="at+jwt"),
        key.sign({**claims, "iss": "https://other"}, typ="at+jwt"),
        key.sign({**claims, "exp": "soon"}, typ="at+jwt"),
        key.sign({name: value for name, value in claims.items() if name != "jti"}, typ="at+jwt"),
        key.sign({**claims, "jti": "never given out"}, typ="at+jwt"),
        key.sign({**claims, "sub": "sub-bob"}, typ="at+jwt"),
        jwt.encode(claims, "", algorithm="none", headers={"typ": "at+jwt", "kid": key.kid}),
    ):
        await refused(world, bearer(token))
    assert claims["iss"] == ISSUER


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Bearer ", "token"])
async def test_a_header_without_a_bearer_token_is_refused(small_world: World, header: str) -> None:
    await refused(small_world, {"Authorization": header})


async def test_two_headers_are_refused(small_world: World) -> None:
    await refused(small_world, [("Authorization", "Bearer a"), ("Authorization", "Bearer b")])


async def test_an_expired_token_is_refused_to_the_second(world: World) -> None:
    token = (await tokens(world))["access_token"]
    world.clock.forward(599)
    assert (await world.http.get("/oauth2/userinfo", headers=bearer(token))).status_code == 200
    world.clock.forward(1)
    await refused(world, bearer(token))


@pytest.mark.parametrize(
    "cause", ["person disabled", "pair blocked", "client disabled", "client removed", "token revoked"]
)
async def test_the_guard_is_asked_each_time(world: World, cause: str) -> None:
    token, clients = (await tokens(world))["access_token"], world.records.clients
    revoke = update(ACCESS_TOKENS).values(revoked_at=1)
    match cause:
        case "person disabled":
            world.people.disabled.add("sub-ann")
        case "pair blocked":
            await world.database.run(lambda unit: block(unit, SHOP, "sub-ann", reason="not_me", now=NOON))
        case "client disabled":
            await world.database.run(lambda unit: clients.disable(unit, SHOP))
        case "client removed":
            await world.database.run(lambda unit: clients.remove(unit, SHOP, now=NOON))
        case _:
            await world.database.run(lambda unit: unit.execute(revoke).rowcount)
    await refused(world, bearer(token))


async def test_a_token_without_openid_has_too_little_scope(world: World) -> None:
    token = (await tokens(world))["access_token"]
    key = await world.signing_keys.current(NOON)
    claims = jwt.decode(token, options={"verify_signature": False})
    answer = await world.http.get(
        "/oauth2/userinfo", headers=bearer(key.sign({**claims, "scope": "email"}, typ="application/at+jwt"))
    )
    assert as_error(answer) == (403, "insufficient_scope")
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer error="insufficient_scope"')
    assert challenge.endswith('scope="openid"')

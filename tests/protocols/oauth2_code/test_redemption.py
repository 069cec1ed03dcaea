"""A code becomes tokens once, for its client, redirect URI and verifier, within sixty seconds (requirement 164)."""

import asyncio

import pytest

from tests.protocols.oauth2_code.conftest import BACK, OTHER, CodeWorld, claims_of

pytestmark = pytest.mark.anyio


async def test_164_166_a_code_gives_tokens_with_the_nonce(code: CodeWorld) -> None:
    answer = await code.redeem(await code.code())

    body = answer.json()
    claims = claims_of(body["id_token"])
    assert answer.status_code == 200
    assert (claims["nonce"], claims["sub"], claims["amr"]) == ("n-1", "sub-ann", ["pwd"])
    assert {"at_hash", "auth_time"} <= set(claims)
    assert body["scope"] == "openid profile"
    told = await code.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert told.json() == {"sub": "sub-ann", "name": "Name of sub-ann"}


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "another"},
        {"redirect_uri": BACK + "/"},
        {"code_verifier": "w" * 43},
        {"code_verifier": "ü"},
    ],
    ids=str,
)
async def test_164_a_code_is_bound_to_what_it_was_asked_with(
    small_code: CodeWorld, changes: dict[str, str | None]
) -> None:
    good = await small_code.code()

    answer = await small_code.redeem(good, changes)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert (await small_code.redeem(good)).status_code == 200  # and a failed try uses nothing up


@pytest.mark.parametrize("missing", ["code", "redirect_uri", "code_verifier"])
async def test_what_is_missing_is_named(small_code: CodeWorld, missing: str) -> None:
    answer = await small_code.redeem(await small_code.code(), {missing: None})

    assert answer.json() == {"error": "invalid_request", "error_description": f"{missing} is required"}


async def test_164_a_code_is_its_clients(code: CodeWorld) -> None:
    good = await code.code()

    assert (await code.redeem(good, client=OTHER)).json()["error"] == "invalid_grant"
    assert (await code.redeem(good)).status_code == 200


async def test_164_a_code_lives_sixty_seconds(code: CodeWorld) -> None:
    early = await code.code()
    code.world.clock.forward(59)
    assert (await code.redeem(early)).status_code == 200
    link = await code.link()
    await code.open(link, "e2")
    assert await code.claim(link, execution="e2")
    assert (await code.receive(await code.assertion(link, "e2")))[0]
    assert await code.leave(link, "e2", "another-code") is not None
    code.world.clock.forward(60)
    assert (await code.redeem("another-code")).json()["error"] == "invalid_grant"


async def test_164_a_code_that_comes_twice_ends_what_the_first_was_given(code: CodeWorld) -> None:
    good = await code.code(scope="openid offline_access")
    token = (await code.redeem(good)).json()["access_token"]
    again = await code.redeem(good)

    told = await code.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert (again.json()["error"], told.status_code) == ("invalid_grant", 401)


async def test_164_of_many_redemptions_at_once_one_gives_tokens(code: CodeWorld) -> None:
    good = await code.code()
    answers = await asyncio.gather(*(code.redeem(good) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers).count(200) == 1


async def test_a_resource_may_be_narrowed_and_not_widened(small_code: CodeWorld) -> None:
    good = await small_code.code(resource="https://api.example")

    wrong = await small_code.redeem(good, {"resource": "https://other.example"})
    right = await small_code.redeem(good, {"resource": "https://api.example"})
    assert wrong.json()["error"] == "invalid_target"
    assert claims_of(right.json()["access_token"])["aud"] == "https://api.example"


async def test_a_person_who_was_disabled_meanwhile_gives_no_tokens(code: CodeWorld) -> None:
    good = await code.code()
    code.world.people.disabled.add("sub-ann")

    assert (await code.redeem(good)).json()["error"] == "invalid_grant"
    code.world.people.disabled.clear()
    assert (await code.redeem(good)).json()["error"] == "invalid_grant"


async def test_a_client_without_the_grant_gets_nothing(small_code: CodeWorld) -> None:
    answer = await small_code.world.post("/oauth2/token", {"grant_type": "authorization_code", "code": "c"})

    assert answer.json()["error"] == "unauthorized_client"

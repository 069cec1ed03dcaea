"""Userinfo for bound tokens: by certificate and by key, and by nobody else (requirements 102, 129 to 134)."""

from typing import Any

import httpx2
import pytest

from tests.protocols.changed import change
from tests.protocols.provers import OTHER_KEY, certificate, connected_with, fresh, hash_of, prove
from tests.protocols.world import ISSUER, World, as_error

pytestmark = pytest.mark.anyio

PATH = "/oauth2/userinfo"
URL = ISSUER + PATH


@pytest.fixture
async def token(world: World) -> str:
    """Return an access token that is bound to a key."""
    answer = await prove(world, await world.approved(), fresh(world))
    assert answer.json()["token_type"] == "DPoP"
    return str(answer.json()["access_token"])


async def ask(
    world: World, token: str, shown: str | None, scheme: str = "DPoP", method: str = "GET"
) -> httpx2.Response:
    headers = {"Authorization": f"{scheme} {token}"} | ({} if shown is None else {"DPoP": shown})
    return await world.http.request(method, PATH, headers=headers)


def good(world: World, token: str, **changes: Any) -> str:
    return fresh(world, **{"htm": "GET", "htu": URL, "ath": hash_of(token), **changes})


def refused(answer: httpx2.Response, error: str, scheme: str = "DPoP") -> None:
    assert as_error(answer) == (401, error)
    assert answer.headers["www-authenticate"].startswith(f'{scheme} error="{error}"')


async def test_a_bound_token_tells_with_a_proof(world: World, token: str) -> None:
    answer = await ask(world, token, good(world, token))
    assert answer.json()["sub"] == "sub-ann"
    assert (await ask(world, token, good(world, token, htm="POST"), method="POST")).status_code == 200


async def test_a_bound_token_as_bearer_is_refused(world: World, token: str) -> None:
    refused(await ask(world, token, None, "Bearer"), "invalid_token", "Bearer")
    refused(await ask(world, token, good(world, token), "Bearer"), "invalid_token", "Bearer")


async def test_an_unbound_token_as_dpop_is_refused(world: World) -> None:
    unbound = (await world.poll(await world.approved())).json()["access_token"]
    refused(await ask(world, unbound, good(world, unbound)), "invalid_token")
    assert (await ask(world, unbound, good(world, unbound), "Bearer")).status_code == 200


async def test_a_thief_has_no_key(world: World, token: str) -> None:
    refused(await ask(world, token, None), "invalid_dpop_proof")
    refused(await ask(world, token, fresh(world, OTHER_KEY, htm="GET", htu=URL, ath=hash_of(token))), "invalid_token")


@pytest.mark.parametrize(
    "changes", [{"htm": "POST"}, {"htu": f"{ISSUER}/oauth2/token"}, {"ath": ...}, {"ath": hash_of("other")}]
)
async def test_a_proof_for_something_else_is_refused(world: World, token: str, changes: dict[str, Any]) -> None:
    refused(await ask(world, token, good(world, token, **changes)), "invalid_dpop_proof")


async def test_a_proof_counts_once(world: World, token: str) -> None:
    shown = good(world, token)
    assert (await ask(world, token, shown)).status_code == 200
    refused(await ask(world, token, shown), "invalid_dpop_proof")


async def test_where_nonces_are_asked_for_the_answer_names_one(world: World, token: str) -> None:
    without = await ask(world, token, good(world, token, nonce=...))
    refused(without, "use_dpop_nonce")
    with_it = await ask(world, token, good(world, token, nonce=without.headers["dpop-nonce"]))
    assert with_it.status_code == 200
    assert with_it.headers["dpop-nonce"]


async def test_a_certificate_bound_token_needs_its_connection(world: World) -> None:
    await change(world, certificate_bound=1)
    asked = await world.approved()
    async with (
        connected_with(world, certificate("the shop")) as shop,
        connected_with(world, certificate("a thief")) as thief,
    ):
        token = (await shop.poll(asked)).json()["access_token"]
        assert (await ask(shop, token, None, "Bearer")).status_code == 200
        refused(await ask(thief, token, None, "Bearer"), "invalid_token", "Bearer")
        refused(await ask(world, token, None, "Bearer"), "invalid_token", "Bearer")
        refused(await ask(shop, token, good(shop, token)), "invalid_token")

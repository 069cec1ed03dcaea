"""Pushed tokens are bound to what bc-authorize was shown (requirements 19 and 89; ciba.md "Ping and push")."""

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from tests.protocols.changed import change, claims_in
from tests.protocols.oauth2_ciba.notices import TOKEN, Notified, notified
from tests.protocols.provers import ASK_URL, KEY, OTHER_KEY, certificate, connected_with, fresh, proof
from tests.protocols.world import World, as_error

pytestmark = pytest.mark.anyio

FORM = {"scope": "openid", "login_hint": "ann", "client_notification_token": TOKEN}


async def ask(world: World, **headers: str) -> httpx2.Response:
    return await world.post("/oauth2/bc-authorize", FORM, **headers)


async def pushed(client: Notified, asked: httpx2.Response) -> Mapping[str, Any]:
    assert asked.status_code == 200, asked.text
    await client.world.approve(asked.json()["auth_req_id"])
    (sent,) = await client.deliver()
    return sent.json


async def test_the_proof_at_bc_authorize_binds_what_is_pushed(world: World) -> None:
    async with notified(world, "push") as client:
        told = await pushed(client, await ask(world, DPoP=fresh(world, htu=ASK_URL)))
    assert told["token_type"] == "DPoP"
    assert claims_in(told["access_token"])["cnf"] == {"jkt": KEY.kid}


async def test_the_certificate_at_bc_authorize_binds_what_is_pushed(world: World) -> None:
    mine = certificate("the shop")
    async with notified(world, "push") as client:
        await change(world, certificate_bound=1)
        async with connected_with(world, mine) as connected:
            told = await pushed(client, await ask(connected))
    assert (told["token_type"], claims_in(told["access_token"])["cnf"]) == ("Bearer", {"x5t#S256": mine.thumbprint})


async def test_without_either_nothing_is_bound(small_world: World) -> None:
    async with notified(small_world, "push") as client:
        told = await pushed(client, await ask(small_world))
    assert (told["token_type"], "cnf" in claims_in(told["access_token"])) == ("Bearer", False)


@pytest.mark.parametrize("bound", [{"certificate_bound": 1}, {"dpop_bound": 1}], ids=str)
async def test_a_bound_client_that_shows_nothing_is_asked_for_it_and_nobody_is_told(
    small_world: World, bound: dict[str, Any]
) -> None:
    async with notified(small_world, "push"):
        await change(small_world, **bound)
        assert as_error(await ask(small_world)) == (400, "invalid_request")
    assert not small_world.flows.started


@pytest.mark.parametrize("bound", [{"certificate_bound": 1}, {"dpop_bound": 1}], ids=str)
async def test_a_client_that_becomes_bound_while_it_waits_is_pushed_no_free_tokens(
    world: World, bound: dict[str, Any]
) -> None:
    async with notified(world, "push") as client:
        asked = await ask(world)
        await change(world, **bound)
        told = await pushed(client, asked)
    assert (told["error"], told["auth_req_id"]) == ("transaction_failed", asked.json()["auth_req_id"])
    assert "access_token" not in told


async def test_a_bad_proof_is_refused_and_nobody_is_told(small_world: World) -> None:
    world = small_world
    async with notified(world, "push"):
        told = await ask(world, DPoP=proof(htu=ASK_URL))
        assert as_error(told) == (400, "use_dpop_nonce")
        assert as_error(await ask(world, DPoP=fresh(world))) == (400, "invalid_dpop_proof"), "of the token endpoint"
        assert not world.flows.started
        good = proof(htu=ASK_URL, nonce=told.headers["dpop-nonce"])
        first = await ask(world, DPoP=good)
        assert (first.status_code, first.headers["dpop-nonce"]) == (200, told.headers["dpop-nonce"])
        assert as_error(await ask(world, DPoP=good)) == (400, "invalid_dpop_proof"), "it was used"
    assert len(world.flows.started) == 1


async def test_a_repetition_is_one_with_the_same_key_only(world: World) -> None:
    async with notified(world, "push"):
        first = await ask(world, DPoP=fresh(world, htu=ASK_URL), Idempotency_Key="k")
        again = await ask(world, DPoP=fresh(world, htu=ASK_URL), Idempotency_Key="k")
        other = await ask(world, DPoP=fresh(world, OTHER_KEY, htu=ASK_URL), Idempotency_Key="k")
    assert first.json()["auth_req_id"] == again.json()["auth_req_id"]
    assert as_error(other) == (400, "invalid_request")


async def test_who_comes_for_the_tokens_shows_the_key_then(small_world: World) -> None:
    """What a poll client sends to bc-authorize binds nothing, and need not be right."""
    await change(small_world, dpop_bound=1)
    assert (await ask(small_world)).status_code == 200
    assert (await ask(small_world, DPoP=proof(htm="GET"))).status_code == 200

"""Idempotent initiation: the same key and parameters get the same answer, until the request expires or is decided."""

import asyncio

import pytest
from sqlalchemy import func, select

from protocols.oauth2_ciba.tables import INITIATIONS, REQUESTS
from tests.protocols.world import BANK, SECRETS, SHOP, World, as_error

pytestmark = pytest.mark.anyio

_COUNT = select(func.count()).select_from(REQUESTS)


async def stored(world: World) -> int:
    return int(await world.database.run(lambda unit: unit.execute(_COUNT).scalar()) or 0)


async def test_the_same_key_gets_the_same_request_with_its_time_reduced(world: World) -> None:
    first = (await world.ask(key="order 17")).json()
    world.clock.forward(30.5)
    again = (await world.ask(key="order 17")).json()
    assert again == {**first, "expires_in": 89}
    assert await stored(world) == 1
    assert len(world.flows.started) == 1


async def test_ten_at_once_with_one_key_make_one_request(world: World) -> None:
    answers = await asyncio.gather(*(world.ask(key="k") for _ in range(10)))
    assert len({answer.json()["auth_req_id"] for answer in answers}) == 1
    assert await stored(world) == 1


async def test_how_the_client_authenticates_is_not_compared(world: World) -> None:
    form = {"scope": "openid", "login_hint": "ann"}
    first = await world.post("/oauth2/bc-authorize", form, Idempotency_Key="k")
    proof = {"client_id": SHOP, "client_secret": SECRETS[SHOP]}
    again = await world.http.post("/oauth2/bc-authorize", data={**form, **proof}, headers={"Idempotency-Key": "k"})
    assert again.json()["auth_req_id"] == first.json()["auth_req_id"]


async def test_other_parameters_under_the_same_key_are_refused(world: World) -> None:
    await world.asked(key="k")
    assert as_error(await world.ask(key="k", binding_message="Order 18")) == (400, "invalid_request")
    assert as_error(await world.ask(key="k", extra="x")) == (400, "invalid_request")


async def test_a_key_belongs_to_its_client(world: World) -> None:
    assert await world.asked(key="k") != await world.asked(key="k", client=BANK)


async def test_a_key_is_free_again_once_its_request_has_expired(world: World) -> None:
    first = await world.asked(key="k", requested_expiry="10")
    world.clock.forward(10)
    second = await world.asked(key="k", requested_expiry="10")
    assert second != first
    world.clock.forward(10)
    await world.sweep()
    rows = await world.database.run(lambda unit: unit.execute(select(INITIATIONS)).all())
    assert rows == []


async def test_the_auth_req_id_is_sealed_and_erased_when_the_request_is_decided(world: World) -> None:
    auth_req_id = await world.asked(key="k")
    await world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": auth_req_id})
    assert as_error(await world.ask(key="k")) == (400, "invalid_request")
    assert await world.database.run(lambda unit: unit.execute(select(INITIATIONS.c.auth_req_id)).scalar()) is None


async def test_the_key_goes_before_the_parameters_and_after_client_authentication(small_world: World) -> None:
    headers = {"Idempotency-Key": "k"}
    await small_world.asked(key="k")
    wrong = await small_world.http.post(
        "/oauth2/bc-authorize", data={"scope": "openid"}, auth=(SHOP, "wrong"), headers=headers
    )
    assert as_error(wrong) == (401, "invalid_client")
    malformed = await small_world.ask(key="k", scope=None)
    assert "Idempotency-Key" in malformed.json()["error_description"]


@pytest.mark.parametrize("key", ["x" * 129, "\t"])
async def test_a_key_that_is_none_is_refused(small_world: World, key: str) -> None:
    assert as_error(await small_world.ask(key=key)) == (400, "invalid_request")


async def test_two_keys_are_refused(small_world: World) -> None:
    answer = await small_world.http.post(
        "/oauth2/bc-authorize",
        data={"scope": "openid", "login_hint": "ann"},
        auth=(SHOP, SECRETS[SHOP]),
        headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")],
    )
    assert as_error(answer) == (400, "invalid_request")

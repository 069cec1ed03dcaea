"""Polls with proofs of possession (requirements 131 to 133): each has a fresh one, and a bad one touches nothing."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import jwt
import pytest
from sqlalchemy import select

from engine.storage import Database
from protocols.oauth2 import KeyMaterial
from protocols.oauth2.mutual_tls import MutualTls
from protocols.oauth2.sender_proofs import forget_proofs
from protocols.oauth2.tables import USED_PROOFS
from protocols.oauth2_ciba import CibaSettings
from protocols.oauth2_ciba.states import State
from tests.fixtures.databases import MakeDatabase
from tests.protocols.changed import change, claims_in, introspection
from tests.protocols.provers import ASK_URL, KEY, OTHER_KEY, fresh, private_jwk, proof, prove
from tests.protocols.world import BANK, GRANT, ISSUER, NOON, SHOP, World, as_error, make_world

pytestmark = pytest.mark.anyio

PENDING = (400, "authorization_pending")
INVALID, NONCE = (400, "invalid_dpop_proof"), (400, "use_dpop_nonce")


async def test_133_the_token_of_a_poll_with_a_proof_is_bound_to_its_key(world: World) -> None:
    answer = await prove(world, await world.approved(), fresh(world))
    told = answer.json()
    assert told["token_type"] == "DPoP"
    assert claims_in(told["access_token"])["cnf"] == {"jkt": KEY.kid}
    assert "cnf" not in claims_in(told["id_token"])
    state = await introspection(world, told["access_token"])
    assert (state["active"], state["token_type"], state["cnf"]) == (True, "DPoP", {"jkt": KEY.kid})


async def test_133_an_opaque_token_is_bound_by_what_is_stored_of_it(world: World) -> None:
    await change(world, token_format="opaque")
    bound = (await prove(world, await world.approved(), fresh(world))).json()
    free = (await world.poll(await world.approved())).json()
    state = await introspection(world, bound["access_token"])
    assert (bound["token_type"], state["token_type"], state["cnf"]) == ("DPoP", "DPoP", {"jkt": KEY.kid})
    assert (free["token_type"], "cnf" in await introspection(world, free["access_token"])) == ("Bearer", False)


async def test_130_the_nonce_is_told_with_the_refusal_and_with_each_answer(world: World) -> None:
    auth_req_id = await world.asked()
    before = await world.row(auth_req_id)
    told = await prove(world, auth_req_id, proof())
    assert as_error(told) == NONCE
    assert await world.row(auth_req_id) == before
    answer = await prove(world, auth_req_id, proof(nonce=told.headers["dpop-nonce"]))
    assert as_error(answer) == PENDING
    assert answer.headers["dpop-nonce"] == told.headers["dpop-nonce"]
    world.clock.forward(300)
    late = await prove(world, auth_req_id, fresh(world))
    assert late.headers["dpop-nonce"] != told.headers["dpop-nonce"]
    assert "dpop-nonce" not in (await world.poll(auth_req_id)).headers


async def test_130_131_what_one_process_names_and_uses_every_other_knows(
    make_database: MakeDatabase, new_url: Callable[[], str], key_material: KeyMaterial
) -> None:
    """Two handles on one database share nothing but the rows, as two processes do."""
    url = new_url()
    one, two = make_database(url=url, repeat=False), make_database(url=url, repeat=False)
    async with make_world(one, key_material) as world, world.beside(two) as other:
        auth_req_id = await world.asked()
        told = await prove(world, auth_req_id, proof())
        shown = proof(nonce=told.headers["dpop-nonce"])
        assert as_error(await prove(other, auth_req_id, shown)) == PENDING
        assert as_error(await prove(world, auth_req_id, shown)) == INVALID


def forged(world: World, algorithm: str) -> str:
    headers = {"typ": "dpop+jwt", "jwk": dict(KEY.public_jwk)}
    claims = jwt.decode(fresh(world), options={"verify_signature": False})
    return jwt.encode(claims, "" if algorithm == "none" else "s" * 32, algorithm=algorithm, headers=headers)


BAD: dict[str, dict[str, Any]] = {
    "for another address": {"htu": ASK_URL},
    "for another method": {"htm": "GET"},
    "from the future": {"iat": int(NOON.timestamp()) + 60},
    "too old": {"iat": int(NOON.timestamp()) - 200},
    "with a private key in it": {"header": {"jwk": private_jwk(KEY)}},
    "of another type": {"header": {"typ": "JWT"}},
    "of another key than it names": {"header": {"jwk": dict(OTHER_KEY.public_jwk)}},
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("approved", [False, True], ids=["pending", "approved"])
async def test_132_a_bad_proof_neither_redeems_nor_counts(small_world: World, bad: str, approved: bool) -> None:
    world = small_world
    auth_req_id = await (world.approved() if approved else world.asked())
    before = await world.row(auth_req_id)
    for _ in range(3):
        assert as_error(await prove(world, auth_req_id, fresh(world, **BAD[bad]))) == INVALID
    assert await world.row(auth_req_id) == before
    good = await prove(world, auth_req_id, fresh(world))
    assert good.status_code == 200 if approved else as_error(good) == PENDING


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_129_a_proof_that_anybody_could_have_made_is_none(small_world: World, algorithm: str) -> None:
    shown = forged(small_world, algorithm)
    assert as_error(await prove(small_world, await small_world.approved(), shown)) == INVALID


async def test_129_two_headers_are_one_too_many(small_world: World) -> None:
    world = small_world
    form = {"grant_type": GRANT, "auth_req_id": await world.approved()}
    headers = [("DPoP", fresh(world)), ("DPoP", fresh(world))]
    auth = (SHOP, "shop-secret-" + "s" * 40)
    assert as_error(await world.http.post("/oauth2/token", data=form, headers=headers, auth=auth)) == INVALID


async def test_131_a_proof_that_was_used_is_worth_nothing(world: World) -> None:
    auth_req_id, shown = await world.asked(), fresh(world)
    assert as_error(await prove(world, auth_req_id, shown)) == PENDING
    await world.approve(auth_req_id)
    before = await world.row(auth_req_id)
    world.clock.forward(10)
    assert as_error(await prove(world, auth_req_id, shown)) == INVALID
    assert await world.row(auth_req_id) == before
    assert (await prove(world, auth_req_id, fresh(world))).status_code == 200


async def test_131_of_ten_at_once_with_one_proof_one_counts(world: World) -> None:
    auth_req_id, shown = await world.approved(), fresh(world)
    answers = await asyncio.gather(*(prove(world, auth_req_id, shown) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200, *[400] * 9]
    assert {as_error(answer) for answer in answers if answer.status_code == 400} == {INVALID}


async def test_131_what_was_used_is_forgotten_once_it_is_too_old_to_be_shown_again(world: World) -> None:
    await prove(world, await world.asked(), fresh(world))
    for seconds, gone in ((200, 0), (60, 1), (0, 0)):
        world.clock.forward(seconds)
        assert await world.database.run(partial(forget_proofs, now=world.clock.now())) == gone


async def test_131_what_is_kept_of_a_proof_tells_nothing_of_it(world: World) -> None:
    await prove(world, await world.asked(), fresh(world, jti="canary-of-a-proof"))
    rows = await world.database.read(lambda unit: unit.execute(select(USED_PROOFS)).all())
    assert len(rows) == 1
    assert "canary" not in repr(rows)
    assert KEY.kid not in repr(rows)


async def test_a_client_that_is_bound_to_proofs_has_to_send_one(world: World) -> None:
    await change(world, dpop_bound=1)
    auth_req_id = await world.approved()
    before = await world.row(auth_req_id)
    assert as_error(await world.poll(auth_req_id)) == (400, "invalid_request")
    assert await world.row(auth_req_id) == before
    assert (await prove(world, auth_req_id, fresh(world))).json()["token_type"] == "DPoP"


async def test_a_proof_may_name_the_address_where_certificates_are_asked_for(
    sqlite_database: Database, key_material: KeyMaterial
) -> None:
    alias = "https://mtls.op.example"
    settings = CibaSettings(issuer=ISSUER, mutual_tls=MutualTls(accepted=True, address=alias))
    async with make_world(sqlite_database, key_material, settings) as world:
        auth_req_id = await world.asked()
        shown = fresh(world, htu=f"{alias}/oauth2/token")
        assert as_error(await prove(world, auth_req_id, shown)) == PENDING
        other = fresh(world, htu="https://other.op.example/oauth2/token")
        assert as_error(await prove(world, auth_req_id, other)) == INVALID


async def test_whose_request_it_is_comes_first(small_world: World) -> None:
    """A proof that is bad tells a stranger nothing of the request; and the client is asked before its proof is."""
    world = small_world
    auth_req_id, bad = await world.asked(), proof(htm="GET")
    assert as_error(await prove(world, auth_req_id, bad, client=BANK)) == (400, "invalid_grant")
    assert as_error(await prove(world, "unknown", bad)) == (400, "invalid_grant")
    form = {"grant_type": GRANT, "auth_req_id": auth_req_id}
    assert as_error(await world.http.post("/oauth2/token", data=form, headers={"DPoP": bad})) == (401, "invalid_client")


async def test_a_lost_answer_is_had_again_with_a_fresh_proof_of_the_same_key(world: World) -> None:
    auth_req_id, lost = await world.approved(), fresh(world)
    first = await prove(world, auth_req_id, lost, Idempotency_Key="k")
    world.clock.forward(5)
    assert as_error(await prove(world, auth_req_id, lost, Idempotency_Key="k")) == INVALID
    again = await prove(world, auth_req_id, fresh(world), Idempotency_Key="k")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert (await introspection(world, json.loads(again.content)["access_token"]))["active"] is True


@pytest.mark.parametrize("other", [OTHER_KEY, None], ids=["another key", "no key"])
async def test_a_second_attempt_with_another_key_costs_the_grant_at_once(world: World, other: Any) -> None:
    auth_req_id = await world.approved()
    told = (await prove(world, auth_req_id, fresh(world), Idempotency_Key="k")).json()
    thief = world.poll(auth_req_id, key="k") if other is None else prove(world, auth_req_id, fresh(world, other))
    assert as_error(await thief) == (400, "invalid_grant")
    assert (await world.row(auth_req_id)).status is State.REDEEMED
    assert await introspection(world, told["access_token"]) == {"active": False}


async def test_a_retry_with_the_same_key_and_no_idempotency_key_costs_nothing(small_world: World) -> None:
    world = small_world
    auth_req_id = await world.approved()
    told = (await prove(world, auth_req_id, fresh(world))).json()
    assert as_error(await prove(world, auth_req_id, fresh(world))) == (400, "invalid_grant")
    assert (await introspection(world, told["access_token"]))["active"] is True

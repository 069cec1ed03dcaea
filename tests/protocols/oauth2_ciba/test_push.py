"""Push: tokens built with the approval, sealed, sent as often as needed in the same bytes; revoked where that fails."""

import json
from typing import Any

import jwt
import pytest
from sqlalchemy import select, update

from engine.storage import Unit
from protocols.oauth2_ciba.states import State
from protocols.oauth2_ciba.tables import REQUESTS
from tests.protocols.changed import REFRESHING, change, userinfo
from tests.protocols.oauth2_ciba.notices import ENDPOINT, TOKEN, Notified, notified
from tests.protocols.world import SHOP, World, as_error

pytestmark = pytest.mark.anyio

AUTH_REQ_ID = "urn:openid:params:jwt:claim:auth_req_id"
RT_HASH = "urn:openid:params:jwt:claim:rt_hash"
_SECRETS = select(REQUESTS.c.auth_req_id, REQUESTS.c.notification_token)
_LATE = update(REQUESTS).values(due_at=0)


async def id_claims(world: World, token: str) -> dict[str, Any]:
    keys = jwt.PyJWKSet.from_dict((await world.http.get("/oauth2/jwks")).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    checks = {"verify_exp": False, "verify_iat": False}
    return dict(jwt.decode(token, key.key, algorithms=["RS256"], audience=SHOP, options=checks))  # type: ignore[arg-type]  # its own shape


async def pushed(client: Notified, **asked: str) -> dict[str, Any]:
    await client.approved(**asked)
    (sent,) = await client.deliver()
    assert (sent.url, sent.token) == (ENDPOINT, TOKEN)
    return sent.json


async def test_the_tokens_work_and_say_what_they_must(world: World) -> None:
    async with notified(world, "push") as client:
        auth_req_id = await client.approved()
        assert (await world.row(auth_req_id)).status is State.APPROVED
        (sent,) = await client.deliver()
        told = sent.json
        assert set(told) == {"auth_req_id", "access_token", "token_type", "expires_in", "scope", "id_token"}
        claims = await id_claims(world, told["id_token"])
        assert claims[AUTH_REQ_ID] == told["auth_req_id"] == auth_req_id
        assert claims["at_hash"]
        assert RT_HASH not in claims
        assert (await userinfo(world, told["access_token"])).json()["sub"] == "sub-ann"
        assert (await world.row(auth_req_id)).status is State.DELIVERED


async def test_a_refresh_token_comes_with_its_hash_and_works(small_world: World) -> None:
    async with notified(small_world, "push") as client:
        await change(small_world, **REFRESHING)
        told = await pushed(client, scope="openid offline_access")
        assert RT_HASH in await id_claims(small_world, told["id_token"])
        form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
        assert (await small_world.post("/oauth2/token", form)).status_code == 200


async def test_each_try_sends_the_same_bytes(world: World) -> None:
    async with notified(world, "push") as client:
        auth_req_id = await client.approved()
        client.line.answers = [500, 429, 200]
        for _ in range(3):
            await client.deliver()
            world.clock.forward(10)
        assert len(client.line.sent) == 3
        assert len({each.body for each in client.line.sent}) == 1
        assert (await world.row(auth_req_id)).status is State.DELIVERED


@pytest.mark.parametrize("answers", [[401], [302], [500] * 99], ids=["refused", "redirected", "never_well"])
async def test_what_cannot_be_delivered_is_revoked(world: World, answers: list[int | Exception]) -> None:
    async with notified(world, "push") as client:
        auth_req_id = await client.approved()
        client.line.answers = list(answers)
        await client.deliver_until_over()
        assert (await world.row(auth_req_id)).status is State.UNDELIVERABLE
        token = client.line.sent[0].json["access_token"]
        assert (await userinfo(world, token)).status_code == 401
        (message,) = await client.messages()
        assert (message.status, message.sealed) == ("undeliverable", None)


async def test_it_waits_longer_for_its_delivery_than_others_for_their_poll(small_world: World) -> None:
    world = small_world
    async with notified(world, "push") as client:
        auth_req_id = await client.approved()
        world.clock.forward(400)
        await world.sweep()
        assert (await world.row(auth_req_id)).status is State.APPROVED
        assert len(await client.deliver()) == 1
        assert (await world.row(auth_req_id)).status is State.DELIVERED


async def test_what_nobody_tells_of_is_given_up_by_the_sweep(small_world: World) -> None:
    world = small_world
    async with notified(world, "push") as client:
        auth_req_id = await client.approved()
        grant_id = (await world.row(auth_req_id)).grant_id
        assert grant_id
        await world.database.run(lambda unit: unit.execute(_LATE))
        await world.sweep()
        assert (await world.row(auth_req_id)).status is State.UNDELIVERABLE
        assert await client.deliver() == [], "what is given up is not sent any more"


async def test_an_account_that_is_closed_meanwhile_gets_no_tokens_out(small_world: World) -> None:
    world = small_world
    async with notified(world, "push") as client:
        auth_req_id = await client.approved()
        world.people.disabled.add("sub-ann")
        assert await client.deliver() == []
        assert (await world.row(auth_req_id)).status is State.UNDELIVERABLE


async def test_an_approval_that_is_taken_back_takes_its_tokens_along(small_world: World) -> None:
    world = small_world
    async with notified(world, "push") as client:
        auth_req_id = await client.approved()
        client.line.answers = [500]
        (sent,) = await client.deliver()
        row, now = await world.row(auth_req_id), world.clock.now()
        await world.database.run(lambda unit: world.records.revoke(unit, request_id=row.request_id, now=now))
        world.clock.forward(10)
        assert await client.deliver() == []
        assert (await world.row(auth_req_id)).status is State.DENIED
        assert (await userinfo(world, sent.json["access_token"])).status_code == 401


async def test_a_fault_while_the_tokens_are_built_leaves_the_request_approvable(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each step: reading the keys, building, storing the grant, queuing."""
    places = (
        "protocols.oauth2.signing_keys.SigningKeys.at_hand",
        "protocols.oauth2.minting.build_tokens",
        "protocols.oauth2_ciba.deliveries.store_grant",
        "engine.storage.postbox.Postbox.post",
    )
    async with notified(world, "push") as client:
        auth_req_id = await client.asked()
        await world.claimed(auth_req_id)
        assertion = world.assertion_key.sign(await world.claims(auth_req_id))
        for place in places:
            with monkeypatch.context() as broken:
                broken.setattr(place, _fail)
                with pytest.raises(ZeroDivisionError):
                    await world.receive(assertion)
            assert (await world.row(auth_req_id)).status is State.PENDING, place
            assert await client.messages() == ()
        assert (await world.receive(assertion)).accepted
        assert len(await client.deliver()) == 1


def _fail(*_args: object, **_named: object) -> None:
    raise ZeroDivisionError


async def test_a_push_client_has_nothing_to_poll_for(small_world: World) -> None:
    world = small_world
    async with notified(world, "push") as client:
        assert "interval" not in (await world.ask(client_notification_token=TOKEN)).json()
        assert as_error(await world.poll("nobody's")) == (400, "unauthorized_client")
        auth_req_id = await client.approved()
        await change(world, delivery_mode="poll")
        assert as_error(await world.poll(auth_req_id)) == (400, "unauthorized_client")
        assert (await world.row(auth_req_id)).status is State.APPROVED


async def test_its_status_names_no_time_to_fetch_it_in(small_world: World) -> None:
    async with notified(small_world, "push") as client:
        auth_req_id = await client.approved()
        asked = await small_world.post("/oauth2/bc-authorize/status", {"auth_req_id": auth_req_id})
        assert asked.json() == {"status": "approved"}


async def test_nothing_of_it_is_stored_in_clear_or_longer_than_needed(small_world: World) -> None:
    world = small_world
    async with notified(world, "push") as client:
        auth_req_id = await client.approved()
        (message,) = await client.messages()
        assert message.sealed is not None
        for secret in (auth_req_id, TOKEN, "access_token"):
            assert secret.encode() not in message.sealed
            assert secret not in repr(message)
        await client.deliver()

        def secrets_of(unit: Unit) -> list[Any]:
            return unit.execute(_SECRETS).all()

        assert [tuple(row) for row in await world.database.read(secrets_of)] == [(None, None)]


async def test_the_error_says_why_in_words_and_by_code(small_world: World) -> None:
    world = small_world
    async with notified(world, "push") as client:
        auth_req_id = await client.asked()
        await world.end("ciba.login", auth_req_id, await world.claimed(auth_req_id), "fault", code="broken")
        (sent,) = await client.deliver()
        assert json.loads(sent.body) == {
            "auth_req_id": auth_req_id,
            "error": "transaction_failed",
            "error_description": "the request could not be completed, start again",
        }

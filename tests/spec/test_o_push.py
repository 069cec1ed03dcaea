"""1O and 1P. Push and its error payload (CIBA Core sections 10.3.1 and 12)."""

import base64
import hashlib

import pytest

from protocols.oauth2_ciba.states import State
from tests.protocols.changed import REFRESHING, change, userinfo
from tests.protocols.oauth2_ciba.notices import ENDPOINT, TOKEN, notified
from tests.protocols.world import World
from tests.spec.parties import claims_of
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

DELIVERIES = "protocols/oauth2_ciba/deliveries.py"
STATES = "protocols/oauth2_ciba/states.py"
TOKENS = "protocols/oauth2/tokens.py"
CLAIM = "urn:openid:params:jwt:claim:"


def half_hash_of(token: str) -> str:
    """Return what at_hash is for RS256, written out once more (OpenID Connect Core section 3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).decode().rstrip("=")


@requirement(
    78,
    "A push has the token response and the auth_req_id, under the client's own token",
    Mutation(DELIVERIES, 'body = {**minted.members, "auth_req_id": to.auth_req_id}', "body = {**minted.members}"),
)
async def test_078_a_push_has_the_tokens(world: World) -> None:
    async with notified(world, "push") as client:
        auth_req_id = await client.approved()
        (sent,) = await client.deliver()
        assert (sent.url, sent.token, sent.json["auth_req_id"]) == (ENDPOINT, TOKEN, auth_req_id)
        assert {"access_token", "token_type", "expires_in", "id_token"} <= set(sent.json)
        assert (await userinfo(world, sent.json["access_token"])).status_code == 200


@requirement(
    79,
    "The pushed ID token has `at_hash` and the auth_req_id",
    Mutation(TOKENS, '"at_hash": half_hash(access_token, algorithm),', ""),
    Mutation(TOKENS, "claims[AUTH_REQ_ID_CLAIM] = order.auth_req_id", "pass"),
)
async def test_079_the_pushed_id_token_holds_the_rest_together(world: World) -> None:
    async with notified(world, "push") as client:
        auth_req_id = await client.approved()
        (sent,) = await client.deliver()
        claims = claims_of(sent.json["id_token"])
        assert claims["at_hash"] == half_hash_of(sent.json["access_token"])
        assert claims[f"{CLAIM}auth_req_id"] == auth_req_id


@requirement(
    80,
    "`rt_hash` is there when a refresh token is",
    Mutation(TOKENS, "claims[RT_HASH_CLAIM] = half_hash(order.refresh_token, algorithm)", "pass"),
)
async def test_080_a_refresh_token_comes_with_its_hash(world: World) -> None:
    async with notified(world, "push") as client:
        await change(world, **REFRESHING)
        await client.approved(scope="openid offline_access")
        (sent,) = await client.deliver()
        claims = claims_of(sent.json["id_token"])
        assert claims[f"{CLAIM}rt_hash"] == half_hash_of(sent.json["refresh_token"])


@requirement(
    81,
    "Answers to a push mean what those to a ping mean; what cannot be delivered is revoked",
    Mutation("protocols/oauth2_ciba/told.py", "Event.DELIVERY if delivered else Event.GIVING_UP", "Event.DELIVERY"),
)
async def test_081_what_cannot_be_pushed_is_revoked(world: World) -> None:
    async with notified(world, "push") as client:
        client.line.answers = [302]
        auth_req_id = await client.approved()
        (sent,) = await client.deliver()
        world.clock.forward(60)
        assert await client.deliver() == []
        assert (await world.row(auth_req_id)).status is State.UNDELIVERABLE
        assert (await userinfo(world, sent.json["access_token"])).status_code == 401


@requirement(
    82,
    "A push of an error has `error` and `auth_req_id`, and at most a description",
    Mutation(DELIVERIES, 'body = {"error": error, "error_description"', 'body = {"code": error, "error_description"'),
)
async def test_082_an_error_is_pushed_with_its_auth_req_id(world: World) -> None:
    async with notified(world, "push") as client:
        auth_req_id = await client.asked()
        await world.end("ciba.login", auth_req_id, await world.claimed(auth_req_id), "denied", by="person")
        (sent,) = await client.deliver()
        assert (sent.json["error"], sent.json["auth_req_id"]) == ("access_denied", auth_req_id)
        assert set(sent.json) <= {"error", "error_description", "auth_req_id"}


@requirement(
    83,
    "The codes are `access_denied`, `expired_token` and `transaction_failed`",
    Mutation(STATES, 'push="transaction_failed"', 'push="server_error"'),
    Mutation(STATES, 'push="expired_token"', 'push="-"'),
)
async def test_083_three_codes_are_pushed(world: World) -> None:
    async with notified(world, "push") as client:
        faulty, late = await client.asked(), await client.asked(requested_expiry="10")
        await world.end("ciba.login", faulty, await world.claimed(faulty), "fault", code="broken")
        world.clock.forward(11)
        await world.sweep()
        told = {sent.json["auth_req_id"]: sent.json["error"] for sent in await client.deliver()}
        assert told == {faulty: "transaction_failed", late: "expired_token"}

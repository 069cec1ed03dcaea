"""1N. The ping (CIBA Core sections 9 and 10.2)."""

import pytest

from engine import Transient
from tests.protocols.oauth2_ciba.notices import ENDPOINT, TOKEN, notified
from tests.protocols.world import World, as_error
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

DELIVERIES = "protocols/oauth2_ciba/deliveries.py"
NOTIFICATIONS = "protocols/oauth2_ciba/notifications.py"
STATES = "protocols/oauth2_ciba/states.py"


@requirement(
    74,
    "A client is pinged after success and after failure, not after expiry",
    Mutation(STATES, '("ping", "access_denied")', '("-", "access_denied")'),
    Mutation(
        STATES,
        'poll="expired_token",\n        ping="-",\n        push="expired_token"',
        'poll="expired_token",\n        ping="ping",\n        push="expired_token"',
    ),
)
async def test_074_success_and_failure_are_pinged(world: World) -> None:
    async with notified(world, "ping") as client:
        await client.approved()
        refused = await client.asked()
        await world.end("ciba.login", refused, await world.claimed(refused), "denied", by="person")
        assert len(await client.deliver()) == 2
        await client.asked()
        world.clock.forward(121)
        await world.sweep()
        assert await client.deliver() == []


@requirement(
    75,
    'The ping is `{"auth_req_id": …}` and nothing else, under the client\'s own token',
    Mutation(
        DELIVERIES,
        'return {"auth_req_id": to.auth_req_id}\n\n\ndef _push_error',
        'return {"auth_req_id": to.auth_req_id, "status": "ok"}\n\n\ndef _push_error',
    ),
    Mutation(DELIVERIES, '"token": to.token,', '"token": to.auth_req_id,'),
)
async def test_075_the_ping_says_the_auth_req_id(world: World) -> None:
    async with notified(world, "ping") as client:
        auth_req_id = await client.approved()
        (sent,) = await client.deliver()
        assert (sent.url, sent.token, sent.json) == (ENDPOINT, TOKEN, {"auth_req_id": auth_req_id})


@requirement(
    76,
    "204 and 200 are fine, redirects are not followed, 401 is not tried again, and polling still works",
    Mutation(NOTIFICATIONS, "if 200 <= status < 300:", "if status == 204:"),
    Mutation(NOTIFICATIONS, "if status in LATER or status >= 500:", "if status > 300:"),
)
async def test_076_answers_to_a_ping(world: World) -> None:
    async with notified(world, "ping") as client:
        for status, tries in ((200, 1), (204, 1), (302, 1), (401, 1), (403, 1), (503, 2)):
            client.line.answers = [status]
            auth_req_id = await client.approved()
            sent = [*await client.deliver()]
            world.clock.forward(20)
            sent += await client.deliver()
            assert len(sent) == tries, status
            newest = (await client.messages())[0].status
            assert newest == ("undeliverable" if 300 <= status < 500 else "delivered"), status
            assert (await world.poll(auth_req_id)).status_code == 200
            world.clock.forward(60)


@requirement(
    77,
    "The approval never waits for the client's endpoint",
    Mutation(
        "protocols/oauth2_ciba/transitions.py", "self._deliveries.post(unit, notice, now=now)", "raise ConnectionError"
    ),
)
async def test_077_an_endpoint_that_is_away_holds_nothing_up(world: World) -> None:
    async with notified(world, "ping") as client:
        client.line.answers = [Transient("endpoint_away", "no answer")] * 9
        auth_req_id = await client.approved()
        assert client.line.sent == []
        await client.deliver()
        assert (await world.poll(auth_req_id)).status_code == 200
        assert as_error(await world.poll(auth_req_id)) == (400, "invalid_grant")

"""Ping: one word to the client that there is something to fetch, as often as needed and not once more."""

from datetime import timedelta

import pytest

from engine import Transient
from protocols.oauth2_ciba.states import State
from tests.protocols.oauth2_ciba.notices import ENDPOINT, TOKEN, Sent, notified
from tests.protocols.world import World, as_error

pytestmark = pytest.mark.anyio

LATER: list[int | Exception] = [Transient("endpoint_away"), 408, 429, 500, 503]
NEVER = [301, 302, 307, 308, 400, 401, 403, 404, 410]


async def test_the_ping_says_the_auth_req_id_and_nothing_else(world: World) -> None:
    async with notified(world, "ping") as client:
        auth_req_id = await client.asked()
        assert await client.deliver() == [], "nothing has happened"
        await world.approve(auth_req_id)
        body = f'{{"auth_req_id": "{auth_req_id}"}}'.encode()
        assert await client.deliver() == [Sent(url=ENDPOINT, token=TOKEN, body=body)]
        (message,) = await client.messages()
        assert (message.status, message.sealed) == ("delivered", None)


async def test_the_poll_right_after_a_ping_is_not_too_early(small_world: World) -> None:
    async with notified(small_world, "ping") as client:
        auth_req_id = await client.asked()
        assert as_error(await small_world.poll(auth_req_id)) == (400, "authorization_pending")
        await small_world.approve(auth_req_id)
        assert len(await client.deliver()) == 1
        assert (await small_world.poll(auth_req_id)).status_code == 200


async def test_a_ping_client_may_poll_by_the_same_rules(small_world: World) -> None:
    async with notified(small_world, "ping") as client:
        auth_req_id = await client.asked()
        answers = [as_error(await small_world.poll(auth_req_id)) for _ in range(2)]
        assert answers == [(400, "authorization_pending"), (400, "slow_down")]


@pytest.mark.parametrize("answer", LATER, ids=str)
async def test_what_may_pass_is_tried_again(small_world: World, answer: int | Exception) -> None:
    async with notified(small_world, "ping") as client:
        await client.approved()
        client.line.answers = [answer]
        first = await client.deliver()
        assert await client.deliver() == [], "not at once"
        small_world.clock.forward(3)
        assert await client.deliver() == first, "the same again"
        small_world.clock.forward(3600)
        assert await client.deliver() == []


@pytest.mark.parametrize("status", NEVER)
async def test_a_refusal_or_a_redirect_is_the_last_word_and_the_client_still_polls(
    small_world: World, status: int
) -> None:
    async with notified(small_world, "ping") as client:
        auth_req_id = await client.approved()
        client.line.answers = [status]
        await client.deliver()
        small_world.clock.forward(60)
        assert await client.deliver() == []
        (message,) = await client.messages()
        assert (message.status, message.last_error) == ("undeliverable", f"status_{status}")
        assert (await small_world.poll(auth_req_id)).status_code == 200


async def test_it_stops_once_the_tokens_were_fetched(world: World) -> None:
    async with notified(world, "ping") as client:
        auth_req_id = await client.approved()
        client.line.answers = [500]
        await client.deliver()
        assert (await world.poll(auth_req_id)).status_code == 200
        world.clock.forward(3)
        assert await client.deliver() == []
        (message,) = await client.messages()
        assert (message.status, message.last_error) == ("undeliverable", "not_wanted")


async def test_the_ping_of_a_refusal_goes_on_until_it_is_heard(small_world: World) -> None:
    async with notified(small_world, "ping") as client:
        auth_req_id = await client.asked()
        await small_world.end("ciba.login", auth_req_id, await small_world.claimed(auth_req_id), "denied", by="person")
        client.line.answers = [503]
        assert len(await client.deliver()) == 1
        assert as_error(await small_world.poll(auth_req_id)) == (400, "access_denied")
        small_world.clock.forward(3)
        assert len(await client.deliver()) == 1


async def test_it_is_given_up_after_ten_minutes(small_world: World) -> None:
    async with notified(small_world, "ping") as client:
        auth_req_id = await client.asked()
        await small_world.end("ciba.login", auth_req_id, await small_world.claimed(auth_req_id), "denied", by="person")
        began = small_world.clock.now()
        client.line.answers = [500] * 99
        while (await client.messages())[0].status == "queued":
            await client.deliver()
            small_world.clock.forward(5)
        assert small_world.clock.now() - began <= timedelta(minutes=10, seconds=10)
        assert 6 <= len(client.line.sent) <= 14


async def test_nothing_is_queued_where_the_move_is_undone(small_world: World) -> None:
    world = small_world
    async with notified(world, "ping") as client:
        auth_req_id = await client.asked()
        await world.claimed(auth_req_id)
        assertion, now = world.assertion_key.sign(await world.claims(auth_req_id)), world.clock.now()

        def undone(unit: object) -> None:
            world.records.receive(unit, "ciba", assertion, now)  # type: ignore[arg-type]  # a unit
            raise ConnectionError

        with pytest.raises(ConnectionError):
            await world.database.run(undone)
        assert (await world.row(auth_req_id)).status is State.PENDING
        assert await client.messages() == ()


async def test_a_silent_endpoint_keeps_one_place_and_no_more(small_world: World) -> None:
    async with notified(small_world, "ping") as client:
        for _ in range(3):
            await client.approved()
        client.line.answers = [Transient("endpoint_away")]
        await client.deliver()
        errors = sorted(str(message.last_error) for message in await client.messages() if message.status == "queued")
        assert errors[0] == "endpoint_away"
        assert set(errors) <= {"endpoint_away", "endpoint_busy"}
        small_world.clock.forward(20)
        for _ in range(3):
            await client.deliver()
            small_world.clock.forward(20)
        assert {message.status for message in await client.messages()} == {"delivered"}

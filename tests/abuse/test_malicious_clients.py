"""A client that is registered, and wants more than it was given."""

import pytest

from protocols.oauth2 import CIBA_GRANT, REFRESH_GRANT
from protocols.oauth2_ciba.guard import block
from tests.abuse.attacks import Who, attack
from tests.protocols.changed import userinfo
from tests.protocols.world import BANK, SHOP, World, as_error
from tests.spec.parties import OFFLINE, TILL, add, add_till, approved_tokens, ask_as, token_as, tokens_as
from tests.spec.registering import POLL, Registrar

pytestmark = pytest.mark.anyio

CLIENT: Who = "a malicious client that is registered"
GONE = (400, "invalid_grant")


@attack(CLIENT, "collects another client's approval with its auth_req_id", "each request belongs to its client")
async def test_another_clients_request_is_nobodys(world: World) -> None:
    auth_req_id = await world.approved()
    for path in ("/oauth2/bc-authorize/cancel", "/oauth2/bc-authorize/status"):
        assert as_error(await world.post(path, {"auth_req_id": auth_req_id}, client=BANK)) == GONE
    assert as_error(await world.poll(auth_req_id, client=BANK)) == GONE
    assert (await world.poll(auth_req_id)).status_code == 200


@attack(CLIENT, "uses an auth_req_id again that somebody redeemed", "a replay after a minute revokes what was given")
async def test_a_replay_revokes(world: World) -> None:
    auth_req_id = await world.approved()
    token = (await world.poll(auth_req_id)).json()["access_token"]
    world.clock.forward(61)
    assert as_error(await world.poll(auth_req_id)) == GONE
    assert (await userinfo(world, token)).status_code == 401


@attack(
    CLIENT, "asks a person until they give in", "three pending and five a minute for each pair, ten for each person"
)
async def test_nobody_is_worn_down(world: World) -> None:
    asked = [await world.asked() for _ in range(3)]
    assert as_error(await world.ask()) == (403, "access_denied")
    for auth_req_id in asked:
        await world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": auth_req_id})
    answers = [(await world.ask()).status_code for _ in range(4)]
    assert answers == [200, 200, 403, 403]


@attack(
    CLIENT, "asks under several registrations", "limits for each person over all clients, which name no other client"
)
async def test_many_registrations_are_one_flood(world: World) -> None:
    for number in range(5):
        await add(world, f"front-{number}")
    answers = [await ask_as(world, f"front-{number % 5}") for number in range(12)]
    assert [answer.status_code for answer in answers].count(200) == 10
    refused = next(answer for answer in answers if answer.status_code == 403)
    assert "client" not in refused.json()["error_description"]


@attack(CLIENT, "asks again after the person said that it was not them", "the pair is blocked until it is lifted")
async def test_not_me_is_remembered(world: World) -> None:
    now = world.clock.now()
    await world.database.run(lambda unit: block(unit, SHOP, "sub-ann", reason="not_me", now=now))
    assert as_error(await world.ask()) == (403, "access_denied")
    assert (await world.ask(client=BANK)).status_code == 200


@attack(CLIENT, "writes a message that reads as another, or leads away", "controls, directions and links are refused")
async def test_a_message_is_what_it_seems(world: World) -> None:
    for wrong in ("pay \u202e00.1\u202c now", "see www.evil.example", "https://evil.example", "\u200f", "x" * 257):
        assert as_error(await world.ask(binding_message=wrong)) == (400, "invalid_binding_message")


@attack(CLIENT, "brings another client's ID token as a hint", "the audience of a hint is the client that shows it")
async def test_a_hint_is_ones_own(world: World) -> None:
    token = (await approved_tokens(world))["id_token"]
    answer = await world.ask(client=BANK, login_hint=None, id_token_hint=token)
    assert as_error(answer) == (400, "invalid_request")


@attack(CLIENT, "refreshes, looks into or revokes another client's tokens", "tokens are bound to their client")
async def test_tokens_are_ones_own(world: World) -> None:
    await add_till(world)
    await add(world, "thief", grant_types=(CIBA_GRANT, REFRESH_GRANT))
    tokens = await tokens_as(world, TILL, scope=OFFLINE)
    form = {"grant_type": REFRESH_GRANT, "refresh_token": tokens["refresh_token"]}
    assert as_error(await token_as(world, "thief", **form)) == GONE
    asked = await world.post("/oauth2/introspect", {"token": tokens["access_token"]}, client=BANK)
    assert asked.json() == {"active": False}
    assert as_error(await world.post("/oauth2/revoke", {"token": tokens["access_token"]}, client=BANK)) == GONE
    assert (await userinfo(world, tokens["access_token"])).status_code == 200


@attack(CLIENT, "widens at refresh what the person approved", "scopes and resources can only be narrowed")
async def test_nothing_grows_at_refresh(world: World) -> None:
    await add_till(world)
    tokens = await tokens_as(world, TILL, scope="openid offline_access")
    form = {"grant_type": REFRESH_GRANT, "refresh_token": tokens["refresh_token"]}
    assert as_error(await token_as(world, TILL, **form, scope=OFFLINE)) == (400, "invalid_scope")
    assert as_error(await token_as(world, TILL, **form, resource="https://api.example")) == (400, "invalid_target")


@attack(CLIENT, "gives itself a long life, agency or other limits when it registers", "operators' settings are ignored")
async def test_registration_gives_no_privileges(registrar: Registrar) -> None:
    wanted = {"max_expiry": 259200, "agent": True, "verified": True, "limits": {"pair_pending": 99}, "interval": 1}
    told = await registrar.registered(**wanted)
    assert not set(wanted) & set(told)
    clients, client_id = registrar.world.records.clients, told["client_id"]
    client = await registrar.world.database.run(lambda unit: clients.find(unit, client_id))
    assert client is not None
    assert (client.max_expiry, client.agent, client.limits.pair_pending) == (None, False, None)


@attack(CLIENT, "registers without an operator's leave", "an initial access token, whose uses are counted")
async def test_nobody_registers_unasked(registrar: Registrar) -> None:
    answer = await registrar.world.http.post("/oauth2/register", json=dict(POLL))
    assert as_error(answer) == (401, "invalid_token")


@attack(CLIENT, "polls without a pause", "`slow_down`, longer intervals, then `invalid_request`; the request lives on")
async def test_a_hasty_client_harms_itself_alone(world: World) -> None:
    auth_req_id, other = await world.asked(), await world.asked(client=BANK)
    answers = [as_error(await world.poll(auth_req_id))[1] for _ in range(13)]
    assert answers == ["authorization_pending", *["slow_down"] * 10, *["invalid_request"] * 2]
    assert as_error(await world.poll(other, client=BANK)) == (400, "authorization_pending")
    await world.approve(auth_req_id)
    assert (await world.poll(auth_req_id)).status_code == 200


@attack(CLIENT, "tries the idempotency keys of another client", "keys are the client's own")
async def test_idempotency_keys_are_ones_own(world: World) -> None:
    first = await world.asked(key="order-17")
    assert await world.asked(key="order-17") == first
    assert await world.asked(key="order-17", client=BANK) != first

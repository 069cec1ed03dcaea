"""Cases of the best peer without request objects: discovery, results and bc-authorize.

Cases 2 to 13 are about functions of that peer's library; what they promise is proven on what does the same here.
"""

from typing import Any

import pytest

from protocols.oauth2_ciba.requests import notification_token_of
from protocols.oauth2_ciba.states import State
from tests.protocols.oauth2_ciba.notices import TOKEN, notified
from tests.protocols.world import BANK, KEYRING, PUSHY, SECRETS, SHOP, World, as_error
from tests.spec.parties import KEY, Signer, add_signer, approved_tokens
from tests.spec.requirements import peer_case

pytestmark = pytest.mark.anyio

REFUSED = (400, "invalid_request")


async def told(world: World) -> dict[str, Any]:
    return dict((await world.http.get("/.well-known/openid-configuration")).json())


async def assertion(world: World, auth_req_id: str, **changes: Any) -> str:
    """Return what the login flow of a claimed request asserts, but for *changes*."""
    await world.claimed(auth_req_id)
    return world.assertion_key.sign(await world.claims(auth_req_id, **changes))


@peer_case(1, "discovery names the endpoint, the modes and user codes", differs="the path, push, and signed requests")
async def test_peer_01_discovery(world: World) -> None:
    metadata = await told(world)
    assert metadata["backchannel_authentication_endpoint"].endswith("/oauth2/bc-authorize")
    assert {"poll", "ping"} <= set(metadata["backchannel_token_delivery_modes_supported"])
    assert "backchannel_user_code_parameter_supported" in metadata


@peer_case(2, "a result is given for the request of its id; an unknown id is an error")
async def test_peer_02_a_result_by_id(world: World) -> None:
    auth_req_id = await world.asked()
    wrong = await assertion(world, auth_req_id, correlation="unknown")
    assert not (await world.receive(wrong)).accepted
    right = world.assertion_key.sign(await world.claims(auth_req_id, jti="another"))
    assert (await world.receive(right)).accepted


@peer_case(3, "a result by instance", differs="results come as assertions only")
async def test_peer_03_a_result_is_an_assertion(world: World) -> None:
    auth_req_id = await world.approved()
    assert (await world.row(auth_req_id)).status is State.APPROVED


@peer_case(
    4, "other types are a TypeError", differs="what is no assertion is refused with a reason, and changes nothing"
)
async def test_peer_04_what_is_no_assertion_is_refused(world: World) -> None:
    auth_req_id = await world.asked()
    for wrong in ("", "x", "a.b.c"):
        assert not (await world.receive(wrong)).accepted
    assert (await world.row(auth_req_id)).status is State.PENDING


@peer_case(5, "a result by grant id; an unknown one is an error", differs="a result names the execution, not a grant")
async def test_peer_05_a_result_names_its_execution(world: World) -> None:
    wrong = await assertion(world, await world.asked(), execution="unknown")
    assert not (await world.receive(wrong)).accepted


@peer_case(6, "other result types are a TypeError", differs="a result without what was granted is refused")
async def test_peer_06_a_result_says_what_was_granted(world: World) -> None:
    wrong = await assertion(world, await world.asked(), granted="everything")
    assert not (await world.receive(wrong)).accepted


@peer_case(7, "the client of a result must exist")
async def test_peer_07_the_client_must_exist(world: World) -> None:
    auth_req_id = await world.asked()
    right = await assertion(world, auth_req_id)
    await world.database.run(lambda unit: world.records.clients.disable(unit, SHOP))
    assert not (await world.receive(right)).accepted
    assert (await world.row(auth_req_id)).status is State.DENIED


@peer_case(8, "grant and request are the same client's")
async def test_peer_08_one_client(world: World) -> None:
    auth_req_id = await world.approved()
    assert as_error(await world.poll(auth_req_id, client=BANK)) == (400, "invalid_grant")
    assert (await world.poll(auth_req_id)).status_code == 200


@peer_case(9, "the account of a result is the request's")
async def test_peer_09_one_account(world: World) -> None:
    wrong = await assertion(world, await world.asked(), sub="sub-bob")
    assert not (await world.receive(wrong)).accepted


@peer_case(10, "a result is saved")
async def test_peer_10_a_result_is_saved(world: World) -> None:
    row = await world.row(await world.approved())
    assert (row.status, row.granted, row.methods) == (State.APPROVED, ("openid", "profile"), ("pwd",))


async def pinged(world: World, status: int) -> str:
    """Return what became of a ping that was answered with *status*."""
    async with notified(world, "ping") as client:
        client.line.answers = [status]
        await client.approved()
        await client.deliver()
        (message,) = await client.messages()
        return message.status


@peer_case(11, "a ping answered 204 is fine")
async def test_peer_11_204_is_fine(world: World) -> None:
    assert await pinged(world, 204) == "delivered"


@peer_case(12, "a ping answered 200 is fine")
async def test_peer_12_200_is_fine(world: World) -> None:
    assert await pinged(world, 200) == "delivered"


@peer_case(
    13, "a ping answered 400 is an error", differs="for the operator: the approval stands, and the client may poll"
)
async def test_peer_13_400_is_the_last_word(world: World) -> None:
    assert await pinged(world, 400) == "undeliverable"


@peer_case(14, "the least request is answered with expires_in and auth_req_id", differs="and always with interval")
async def test_peer_14_the_least_request(world: World) -> None:
    answer = await world.post("/oauth2/bc-authorize", {"scope": "openid", "login_hint": "ann", "foo": "bar"})
    assert set(answer.json()) == {"expires_in", "auth_req_id", "interval"}
    assert answer.json()["expires_in"] <= 600


@peer_case(15, "a client that must push its authorization requests need not here", differs="there is no PAR to demand")
async def test_peer_15_no_pushed_request_is_asked_for(world: World) -> None:
    assert "pushed_authorization_request_endpoint" not in await told(world)
    assert (await world.ask()).status_code == 200


@peer_case(16, "a user_code is verified", differs="ignored from a client that is not registered for codes")
async def test_peer_16_a_user_code_of_an_unregistered_client_is_ignored(world: World) -> None:
    assert (await world.ask(user_code="2846")).status_code == 200


@peer_case(17, "the notification token of a poll client is ignored and not stored")
async def test_peer_17_a_poll_clients_token_is_not_stored(world: World) -> None:
    row = await world.row(await world.asked(client_notification_token=TOKEN))
    assert notification_token_of(KEYRING, row) is None


@peer_case(18, "requested_expiry is honoured")
async def test_peer_18_requested_expiry(world: World) -> None:
    assert (await world.ask(requested_expiry="300")).json()["expires_in"] <= 300


@peer_case(19, "a login_hint_token", differs="only a signed one: of a listed issuer, or of the client")
async def test_peer_19_a_login_hint_token(world: World) -> None:
    client = await add_signer(world)
    at = int(world.clock.now().timestamp())
    claims = {"iss": client.client_id, "aud": "https://op.example", "exp": at + 60, "jti": "hint-19", "sub": "sub-ann"}
    form = {"scope": "openid", "login_hint_token": client.signed(claims), **client.proof()}
    assert (await world.http.post("/oauth2/bc-authorize", data=form)).status_code == 200


@peer_case(20, "an id_token_hint of a real flow")
async def test_peer_20_an_id_token_of_a_real_flow(world: World) -> None:
    token = (await approved_tokens(world))["id_token"]
    assert (await world.ask(login_hint=None, id_token_hint=token)).status_code == 200


@peer_case(21, "an id_token_hint whose aud holds what is no text")
async def test_peer_21_an_audience_that_is_no_text(world: World) -> None:
    key, at = await world.signing_keys.current(world.clock.now()), int(world.clock.now().timestamp())
    claims = {"iss": "https://op.example", "aud": [SHOP, 7], "sub": "sub-ann", "iat": at, "exp": at + 60}
    answer = await world.ask(login_hint=None, id_token_hint=key.sign(claims, typ="JWT"))
    assert as_error(answer) == REFUSED


@peer_case(22, "a client without the grant", differs="`unauthorized_client`, as CIBA Core section 13 has it")
async def test_peer_22_a_client_without_the_grant(world: World) -> None:
    assert as_error(await world.ask(client=PUSHY)) == (400, "unauthorized_client")


@peer_case(23, "an unknown client is 401")
async def test_peer_23_an_unknown_client(world: World) -> None:
    form = {"scope": "openid", "login_hint": "ann"}
    answer = await world.http.post("/oauth2/bc-authorize", data=form, auth=("nobody", "secret"))
    assert as_error(answer) == (401, "invalid_client")


@peer_case(24, "a body that is no form")
async def test_peer_24_no_form(world: World) -> None:
    answer = await world.http.post("/oauth2/bc-authorize", json={"scope": "openid"}, auth=(SHOP, SECRETS[SHOP]))
    assert as_error(answer) == REFUSED


@peer_case(25, "`request` where it is off", differs="`invalid_request`: section 13 knows no `request_not_supported`")
async def test_peer_25_request_of_an_unregistered_client(world: World) -> None:
    assert as_error(await world.ask(request="x")) == REFUSED


@peer_case(26, "`request_uri`", differs="`invalid_request`: section 13 knows no `request_uri_not_supported`")
async def test_peer_26_request_uri(world: World) -> None:
    assert as_error(await world.ask(request_uri="https://client.example/r")) == REFUSED


@peer_case(27, "`registration`", differs="ignored, as every unknown parameter")
async def test_peer_27_registration_is_ignored(world: World) -> None:
    assert (await world.ask(registration="{}")).status_code == 200


@peer_case(28, "nobody is found")
async def test_peer_28_nobody_is_found(world: World) -> None:
    assert as_error(await world.ask(login_hint="nobody")) == (400, "unknown_user_id")


@peer_case(29, "a hint token of nobody")
async def test_peer_29_a_token_of_nobody(world: World) -> None:
    token = (await approved_tokens(world))["id_token"]
    world.people.hints.clear()
    assert as_error(await world.ask(login_hint=None, id_token_hint=token)) == (400, "unknown_user_id")


@peer_case(30, "scope is missing")
async def test_peer_30_no_scope(world: World) -> None:
    assert as_error(await world.ask(scope=None)) == REFUSED


@peer_case(31, "ping without a notification token")
async def test_peer_31_ping_without_a_token(world: World) -> None:
    async with notified(world, "ping"):
        assert as_error(await world.ask()) == REFUSED


@peer_case(32, "a notification token of every character that is allowed")
async def test_peer_32_every_character(world: World) -> None:
    async with notified(world, "ping"):
        assert (await world.ask(client_notification_token="abc-._~+/==")).status_code == 200


@peer_case(33, "notification tokens that are none")
async def test_peer_33_no_b64token(world: World) -> None:
    async with notified(world, "ping"):
        for wrong in ("foo bar", "foo:bar", "foo=bar", "foo,bar"):
            assert as_error(await world.ask(client_notification_token=wrong)) == REFUSED, wrong


@peer_case(34, "a notification token of 1025 characters")
async def test_peer_34_a_long_token(world: World) -> None:
    async with notified(world, "ping"):
        assert as_error(await world.ask(client_notification_token="x" * 1025)) == REFUSED


@peer_case(35, "scope without openid", differs="`invalid_scope`, as CIBA Core section 13 allows")
async def test_peer_35_no_openid(world: World) -> None:
    assert as_error(await world.ask(scope="profile")) == (400, "invalid_scope")


@peer_case(36, "requested_expiry 0")
async def test_peer_36_no_time_at_all(world: World) -> None:
    assert as_error(await world.ask(requested_expiry="0")) == REFUSED


@peer_case(37, "no hint")
async def test_peer_37_no_hint(world: World) -> None:
    assert as_error(await world.ask(login_hint=None)) == REFUSED


@peer_case(38, "two hints")
async def test_peer_38_two_hints(world: World) -> None:
    assert as_error(await world.ask(id_token_hint="x")) == REFUSED


@peer_case(
    39, "a signed request where they are off", differs="`invalid_request`; on for every client that registers an alg"
)
async def test_peer_39_a_signed_request_of_an_unregistered_client(world: World) -> None:
    client = await add_signer(world)
    stranger = Signer(world=world, key=KEY)
    assert as_error(await client.ask_signed(stranger.request_object())) == REFUSED

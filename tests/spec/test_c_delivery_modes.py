"""1C. Delivery modes (CIBA Core sections 5 and 10), and the parameter that goes with them (7.1)."""

import pytest

from protocols.oauth2_ciba.requests import notification_token_of
from tests.protocols.changed import change
from tests.protocols.oauth2_ciba.notices import TOKEN, notified
from tests.protocols.provers import ASK_URL, KEY, certificate, connected_with, fresh
from tests.protocols.world import KEYRING, World, as_error
from tests.spec.parties import claims_of
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

EVALUATION = "protocols/oauth2_ciba/evaluation.py"
PARAMETERS = "protocols/oauth2_ciba/parameters.py"


@requirement(
    16,
    "A result is delivered only in the registered mode",
    Mutation(
        "protocols/oauth2_ciba/deliveries.py",
        "        if request.delivery_mode != PUSH:",
        '        if request.delivery_mode == "poll":',
    ),
)
async def test_016_a_result_goes_one_way_only(world: World) -> None:
    async with notified(world, "poll") as client:
        auth_req_id = await client.approved()
        assert await client.deliver() == []
        assert (await world.poll(auth_req_id)).status_code == 200
    async with notified(world, "ping") as client:
        auth_req_id = await client.approved()
        (sent,) = await client.deliver()
        assert set(sent.json) == {"auth_req_id"}
        assert (await world.poll(auth_req_id)).status_code == 200


@requirement(
    17,
    "A ping client may poll, by the same rules",
    Mutation("protocols/oauth2_ciba/endpoints.py", "ciba.grants()", "{}"),
)
async def test_017_a_ping_client_may_poll(world: World) -> None:
    async with notified(world, "ping") as client:
        auth_req_id = await client.asked()
        answers = [as_error(await world.poll(auth_req_id)) for _ in range(2)]
        assert answers == [(400, "authorization_pending"), (400, "slow_down")]


@requirement(
    18,
    "A push client at the token endpoint gets `unauthorized_client`, whatever the state",
    Mutation(
        EVALUATION, 'return OAuthError("unauthorized_client", _PUSHED)', 'return OAuthError("access_denied", _PUSHED)'
    ),
)
async def test_018_a_push_client_does_not_poll(world: World) -> None:
    async with notified(world, "push") as client:
        auth_req_id = await client.asked()
        assert as_error(await world.poll(auth_req_id)) == (400, "unauthorized_client")
        await world.approve(auth_req_id)
        assert as_error(await world.poll(auth_req_id)) == (400, "unauthorized_client")


@requirement(
    19,
    "What is pushed is bound to the key or the certificate that bc-authorize was shown",
    Mutation("protocols/oauth2_ciba/deliveries.py", "confirmation=request.confirmation,", "confirmation=None,"),
)
async def test_019_pushed_tokens_are_bound_to_what_was_shown(world: World) -> None:
    form, mine = {"scope": "openid", "login_hint": "ann", "client_notification_token": TOKEN}, certificate("the shop")
    async with notified(world, "push") as client:
        asked = await world.post("/oauth2/bc-authorize", form, DPoP=fresh(world, htu=ASK_URL))
        await world.approve(asked.json()["auth_req_id"])
        await change(world, certificate_bound=1)
        async with connected_with(world, mine) as connected:
            asked = await connected.post("/oauth2/bc-authorize", form)
            await world.approve(asked.json()["auth_req_id"])
        bound = [claims_of(sent.json["access_token"])["cnf"] for sent in await client.deliver()]
    # Both were decided at the same moment of this test's clock: either may go first.
    assert sorted(bound, key=str) == sorted([{"jkt": KEY.kid}, {"x5t#S256": mine.thumbprint}], key=str)


@requirement(
    27,
    "Ping and push need a `client_notification_token`, a b64token of 1024 characters at most; poll clients' is ignored",
    Mutation(PARAMETERS, "{1,1024}", "{1,1023}"),
    Mutation(PARAMETERS, "if token is None or not _NOTIFICATION_TOKEN.fullmatch(token):", "if token is None:"),
    Mutation(PARAMETERS, '    if client.delivery_mode == "poll":', '    if client.delivery_mode == "none":'),
)
async def test_027_a_notification_token_is_a_bearer_token(world: World) -> None:
    async with notified(world, "poll") as client:
        row = await world.row(await world.asked(client_notification_token="not a token"))
        assert notification_token_of(KEYRING, row) is None
        assert client.mode == "poll"
    async with notified(world, "ping"):
        assert as_error(await world.ask()) == (400, "invalid_request")
        for wrong in ("two words", "a:b", "a=b", "x" * 1025):
            answer = await world.ask(client_notification_token=wrong)
            assert as_error(answer) == (400, "invalid_request"), wrong
        assert (await world.ask(client_notification_token="x" * 1024)).status_code == 200
        row = await world.row(await world.asked(client_notification_token="abc-._~+/=="))
        assert notification_token_of(KEYRING, row) == "abc-._~+/=="

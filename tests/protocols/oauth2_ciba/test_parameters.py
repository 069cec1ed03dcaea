"""The parameters that only some clients have a use for (requirements 27, 28, 105, 141, 142)."""

from dataclasses import replace
from urllib.parse import urlencode

import httpx2
import pytest
from sqlalchemy import update

from engine.storage import Database
from protocols.oauth2 import KeyMaterial, NewClient
from protocols.oauth2.tables import CLIENTS
from protocols.oauth2_ciba import CibaSettings
from protocols.oauth2_ciba.requests import auth_req_id_of, notification_token_of
from tests.protocols.oauth2_ciba.signed import registered, send, send_claims
from tests.protocols.signers import CLIENT, SECRET
from tests.protocols.world import ISSUER, KEYRING, NOON, SECRETS, SHOP, World, as_error, make_world

pytestmark = pytest.mark.anyio
API, STOCK = "https://api.example/orders", "https://stock.example"


async def pinged(world: World, *, delivery_mode: str = "ping") -> None:
    await registered(world)
    told = {"delivery_mode": delivery_mode, "notification_endpoint": "https://client.example/cb"}
    change = update(CLIENTS).where(CLIENTS.c.client_id == CLIENT).values(told)
    await world.database.run(lambda unit: unit.execute(change).rowcount)


@pytest.mark.parametrize("token", ["abc-._~+/==", "x" * 1024, "0"])
async def test_a_ping_clients_token_is_kept_sealed_with_the_auth_req_id(world: World, token: str) -> None:
    """Requirement 27; cases 32 and 34."""
    await pinged(world)
    answer = await send(world, scope="openid", login_hint="ann", client_notification_token=token)
    auth_req_id = answer.json()["auth_req_id"]
    row = await world.row(auth_req_id)
    assert notification_token_of(KEYRING, row) == token
    assert auth_req_id_of(KEYRING, row) == auth_req_id
    assert token.encode() not in (row.sealed_notification_token or b"") or len(token) == 1


@pytest.mark.parametrize("token", [None, "foo bar", "foo:bar", "foo=bar", "foo,bar", "x" * 1025, "==", "\u00e9", "a\n"])
async def test_a_ping_client_needs_a_bearer_token(small_world: World, token: str | None) -> None:
    """Requirement 27; cases 31, 33, 34."""
    await pinged(small_world)
    form = {} if token is None else {"client_notification_token": token}
    answer = await send(small_world, scope="openid", login_hint="ann", **form)
    assert as_error(answer) == (400, "invalid_request")


async def test_a_poll_clients_token_is_not_stored(small_world: World) -> None:
    """Requirement 27; case 17."""
    row = await small_world.row(await small_world.asked(client_notification_token="not even a token"))
    assert (row.sealed_notification_token, row.sealed_auth_req_id) == (None, None)


async def test_only_those_who_poll_are_told_how_often(small_world: World) -> None:
    """Requirement 50."""
    await pinged(small_world, delivery_mode="push")
    answer = await send(small_world, scope="openid", login_hint="ann", client_notification_token="t")
    assert set(answer.json()) == {"auth_req_id", "expires_in"}


async def with_resources(world: World, *resources: str) -> httpx2.Response:
    form = [("scope", "openid"), ("login_hint", "ann"), *(("resource", each) for each in resources)]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await world.http.post(
        "/oauth2/bc-authorize", content=urlencode(form), auth=(SHOP, SECRETS[SHOP]), headers=headers
    )


async def test_a_resource_is_one_that_a_client_is_registered_as_or_we_are(world: World) -> None:
    """Requirements 141, 142."""
    api = replace(NewClient(client_id="api", secret=SECRET), resource=API)
    await world.database.run(lambda unit: world.records.clients.add(unit, api, now=NOON))
    answer = await with_resources(world, API, ISSUER, API)
    assert (await world.row(answer.json()["auth_req_id"])).resources == (API, ISSUER)
    assert as_error(await with_resources(world, API, STOCK)) == (400, "invalid_target")
    await world.database.run(lambda unit: world.records.clients.disable(unit, "api"))
    assert as_error(await with_resources(world, API)) == (400, "invalid_target")


async def test_a_deployment_may_name_more_resources(database: Database, key_material: KeyMaterial) -> None:
    async with make_world(database, key_material, CibaSettings(issuer=ISSUER, resources=(STOCK,))) as world:
        assert (await with_resources(world, STOCK)).status_code == 200


@pytest.mark.parametrize("resource", ["stock", "https://stock.example#x", "//stock.example", "https://[", "a b:c"])
async def test_what_is_no_absolute_address_is_no_resource(small_world: World, resource: str) -> None:
    assert as_error(await with_resources(small_world, resource)) == (400, "invalid_target")


async def test_more_resources_than_anybody_needs_are_refused(small_world: World) -> None:
    many = [f"https://{number}.example" for number in range(17)]
    assert as_error(await with_resources(small_world, *many)) == (400, "invalid_target")


async def test_a_request_object_names_resources_in_an_array(small_world: World) -> None:
    """Requirement 140's way for what repeats."""
    await registered(small_world, request_alg="ES256")
    for named in (ISSUER, [ISSUER], [ISSUER, ISSUER]):
        answer = await send_claims(small_world, resource=named)
        assert (await small_world.row(answer.json()["auth_req_id"])).resources == (ISSUER,)
    assert as_error(await send_claims(small_world, resource=[STOCK])) == (400, "invalid_target")


async def test_scopes_are_judged_before_resources_and_these_before_hints(small_world: World) -> None:
    """Requirement 46: the order."""
    form = {"scope": "profile", "resource": "x"}
    assert as_error(await small_world.post("/oauth2/bc-authorize", form)) == (400, "invalid_scope")
    form["scope"] = "openid"
    assert as_error(await small_world.post("/oauth2/bc-authorize", form)) == (400, "invalid_target")


async def test_unmet_acr_values_never_fail(small_world: World) -> None:
    """Requirement 28."""
    row = await small_world.row(await small_world.asked(acr_values="urn:example:impossible"))
    assert row.acr_values == "urn:example:impossible"


async def test_a_malformed_idempotency_key_is_judged_after_client_authentication(small_world: World) -> None:
    headers = {"Idempotency-Key": "x" * 129}
    answer = await small_world.http.post(
        "/oauth2/bc-authorize", data={"scope": "openid"}, auth=(CLIENT, "wrong"), headers=headers
    )
    assert as_error(answer) == (401, "invalid_client")

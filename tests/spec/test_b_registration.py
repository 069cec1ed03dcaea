"""1B. Client registration (CIBA Core sections 4 and 16.2), and its management (RFC 7592)."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from protocols.oauth2.tables import GRANTS
from tests.protocols.world import GRANT, World, as_error
from tests.spec.registering import KEYED, PAIRWISE, POLL, SECTOR, Registrar
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

REGISTRATION = "protocols/oauth2/client_registration.py"
METADATA = "protocols/oauth2/client_metadata.py"
MANAGEMENT = "protocols/oauth2/registration.py"
SECTORS = "protocols/oauth2/sector_documents.py"
REFUSED = (400, "invalid_client_metadata")
PING = {**POLL, "backchannel_token_delivery_mode": "ping"}
ENDPOINT = "backchannel_client_notification_endpoint"
SIGNING = "backchannel_authentication_request_signing_alg"


async def refused(registrar: Registrar, metadata: dict[str, Any]) -> tuple[int, str]:
    return as_error(await registrar.send(metadata))


@requirement(
    8,
    "The delivery mode is required and one of those that there are",
    Mutation(
        METADATA,
        "    if mode is None:",
        '    if mode not in ("poll", "ping", "push"):\n        found["delivery_mode"] = "poll"\n    if not found:',
    ),
)
async def test_008_a_delivery_mode_is_required(registrar: Registrar) -> None:
    assert await refused(registrar, {"client_name": "nobody"}) == REFUSED
    assert await refused(registrar, {"backchannel_token_delivery_mode": "carrier pigeon"}) == REFUSED
    told = await registrar.registered()
    assert told["backchannel_token_delivery_mode"] == "poll"


@requirement(
    9,
    "Ping and push need a notification endpoint, by https",
    Mutation(REGISTRATION, "not told or endpoint is not None", "True"),
    Mutation(METADATA, 'return "https" if member in', 'return "text" if member in'),
)
async def test_009_notifications_go_to_an_https_address(registrar: Registrar) -> None:
    assert await refused(registrar, PING) == REFUSED
    assert await refused(registrar, {**PING, ENDPOINT: "http://localhost/cb"}) == REFUSED
    told = await registrar.registered(**{**PING, ENDPOINT: "https://client.example/cb"})
    assert told[ENDPOINT] == "https://client.example/cb"


@requirement(
    10,
    "The algorithm of signed requests is registered, asymmetric, and the only one accepted",
    Mutation(REGISTRATION, "self.request_alg in (None, *KEY_ALGORITHMS)", "True"),
)
async def test_010_one_asymmetric_algorithm_for_requests(registrar: Registrar) -> None:
    for wrong in ("HS256", "none", "surprise"):
        assert await refused(registrar, {**KEYED, SIGNING: wrong}) == REFUSED, wrong
    assert (await registrar.registered(**KEYED, **{SIGNING: "PS256"}))[SIGNING] == "PS256"


@requirement(
    11,
    "`backchannel_user_code_parameter` is a boolean, false by default",
    Mutation(METADATA, 'take_member(metadata, name, "flag")', 'take_member(metadata, name, "text")'),
)
async def test_011_user_codes_are_a_flag(registrar: Registrar) -> None:
    assert (await registrar.registered())["backchannel_user_code_parameter"] is False
    assert (await registrar.registered(backchannel_user_code_parameter=True))["backchannel_user_code_parameter"] is True
    assert await refused(registrar, {**POLL, "backchannel_user_code_parameter": "yes"}) == REFUSED


@requirement(
    12,
    "Poll and ping clients have the CIBA grant; push clients need not ask for it",
    Mutation(METADATA, "if not needed & set(asked):", "if not asked:"),
)
async def test_012_poll_clients_have_the_grant(registrar: Registrar) -> None:
    assert await refused(registrar, {**POLL, "grant_types": ["refresh_token"]}) == REFUSED
    assert GRANT in (await registrar.registered(grant_types=[GRANT]))["grant_types"]
    push = {"backchannel_token_delivery_mode": "push", ENDPOINT: "https://client.example/cb"}
    told = await registrar.registered(**push, grant_types=["refresh_token"])
    assert told["backchannel_token_delivery_mode"] == "push"


@requirement(
    13,
    "Every client proves itself: `none` is no method, and one method governs both endpoints",
    Mutation(
        METADATA,
        '    if found["auth_method"] is None and',
        '    if found["auth_method"] == "none":\n        found["auth_method"] = None\n'
        '    if found["auth_method"] is None and',
    ),
)
async def test_013_no_client_without_proof(registrar: Registrar) -> None:
    assert await refused(registrar, {**POLL, "token_endpoint_auth_method": "none"}) == REFUSED
    told = await registrar.registered(token_endpoint_auth_method="client_secret_post")
    auth = {"client_id": told["client_id"], "client_secret": told["client_secret"]}
    form = {"scope": "openid", "login_hint": "ann", **auth}
    assert (await registrar.world.http.post("/oauth2/bc-authorize", data=form)).status_code == 200
    basic = (told["client_id"], told["client_secret"])
    wrong = {"grant_type": GRANT, "auth_req_id": "x"}
    assert as_error(await registrar.world.http.post("/oauth2/token", data=wrong, auth=basic)) == (401, "invalid_client")


@requirement(
    14,
    "Pairwise subjects of poll and ping clients: the host of jwks_uri is the sector, proven by the keys",
    Mutation(REGISTRATION, "not pairwise or keyed", "True"),
    Mutation(REGISTRATION, "not (pairwise and polls) or self.jwks_uri is not None", "True"),
    Mutation(SECTORS, "if not all(source in listed", "if not all(listed"),
)
async def test_014_keys_are_the_sector_of_poll_clients(registrar: Registrar) -> None:
    secret = {**PAIRWISE, "token_endpoint_auth_method": "client_secret_basic"}
    assert await refused(registrar, secret) == REFUSED
    by_value = {**PAIRWISE, "jwks": json.loads(registrar.keys())}
    assert await refused(registrar, {name: each for name, each in by_value.items() if name != "jwks_uri"}) == REFUSED
    registrar.world.shelf.sets[SECTOR] = b'["https://other.example/jwks"]'
    assert await refused(registrar, {**PAIRWISE, "sector_identifier_uri": SECTOR}) == REFUSED
    registrar.world.shelf.sets[SECTOR] = json.dumps([PAIRWISE["jwks_uri"]]).encode()
    told = await registrar.registered(**PAIRWISE, sector_identifier_uri=SECTOR)
    assert await registrar.sector_of(told) == "group.example"
    assert await registrar.sector_of(await registrar.registered(**PAIRWISE)) == "shop.example"


@requirement(
    15,
    "Pairwise subjects of push clients: the host of the notification endpoint is the sector",
    Mutation(REGISTRATION, 'self.notification_endpoint if self.delivery_mode == "push" else', ""),
)
async def test_015_the_endpoint_is_the_sector_of_push_clients(registrar: Registrar) -> None:
    push = {**PAIRWISE, "backchannel_token_delivery_mode": "push", ENDPOINT: "https://notified.example/cb"}
    assert await registrar.sector_of(await registrar.registered(**push)) == "notified.example"
    registrar.world.shelf.sets[SECTOR] = json.dumps([PAIRWISE["jwks_uri"]]).encode()
    assert await refused(registrar, {**push, "sector_identifier_uri": SECTOR}) == REFUSED
    registrar.world.shelf.sets[SECTOR] = json.dumps([push[ENDPOINT]]).encode()
    assert (
        await registrar.sector_of(await registrar.registered(**push, sector_identifier_uri=SECTOR)) == "group.example"
    )


@requirement(
    147,
    "What was registered is read, replaced and removed with the registration access token, of which a hash is kept",
    Mutation(MANAGEMENT, "if not hmac.compare_digest(known, hash_of(access)) or kept is None:", "if kept is None:"),
)
async def test_147_the_registration_access_token_opens_it(registrar: Registrar) -> None:
    told = await registrar.registered(client_name="Shop")
    shown = await registrar.manage("GET", told)
    assert (shown.status_code, shown.json()["client_name"]) == (200, "Shop")
    for access in ("wrong", told["registration_access_token"] + "x"):
        assert as_error(await registrar.manage("GET", told, access=access)) == (401, "invalid_token")


@requirement(
    148,
    "PUT replaces everything, and names the right client_id",
    Mutation(MANAGEMENT, 'if metadata.get("client_id") != client_id:', "if not metadata:"),
)
async def test_148_a_replacement_is_whole(registrar: Registrar) -> None:
    told = await registrar.registered(client_name="Shop", contacts=["ann@shop.example"])
    whole = {**POLL, "client_id": told["client_id"]}
    assert as_error(await registrar.manage("PUT", told, {**POLL})) == REFUSED
    assert as_error(await registrar.manage("PUT", told, {**whole, "client_id": "other"})) == REFUSED
    answer = await registrar.manage("PUT", told, whole)
    assert answer.status_code == 200
    assert "contacts" not in answer.json()
    assert answer.json()["client_name"] != "Shop"


@requirement(
    149,
    "DELETE ends pending requests and revokes grants",
    Mutation(
        "protocols/oauth2_ciba/cancellation.py",
        '    for request_id in unit.execute(_OPEN_OF_CLIENT, {"client": client_id}).scalars():',
        "    for request_id in ():",
    ),
    Mutation(
        "protocols/oauth2/clients.py", 'revoke_grants_of(unit, client_id, reason="client removed", now=now)', "pass"
    ),
)
async def test_149_removal_ends_all_that_a_client_has(registrar: Registrar) -> None:
    told = await registrar.registered()
    world, auth = registrar.world, (told["client_id"], told["client_secret"])
    form = {"scope": "openid", "login_hint": "ann"}
    pending, approved = [
        (await world.http.post("/oauth2/bc-authorize", data=form, auth=auth)).json()["auth_req_id"] for _ in range(2)
    ]
    await world.approve(approved)
    poll = {"grant_type": GRANT, "auth_req_id": approved}
    token = (await world.http.post("/oauth2/token", data=poll, auth=auth)).json()["access_token"]
    assert await status_of(world, token) == 200
    assert (await registrar.manage("DELETE", told)).status_code == 204
    assert (await world.row(pending)).status.value == "cancelled"
    revoked = await world.database.read(lambda unit: unit.execute(select(GRANTS.c.revoked_at)).scalars())
    assert revoked
    assert None not in revoked
    assert await status_of(world, token) == 401
    assert as_error(await registrar.manage("GET", told)) == (401, "invalid_token")


async def status_of(world: World, token: str) -> int:
    return (await world.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})).status_code

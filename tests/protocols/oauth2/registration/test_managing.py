"""GET, PUT and DELETE of what was registered (RFC 7592; requirements 147 to 149)."""

import json
from typing import Any

import pytest

from tests.protocols.oauth2.registration.conftest import KEYED, POLL, Registrar
from tests.protocols.signers import KEYS, jwks
from tests.protocols.world import GRANT, as_error

pytestmark = pytest.mark.anyio


async def ask(registrar: Registrar, told: dict[str, Any], secret: str) -> Any:
    form = {"scope": "openid", "login_hint": "ann"}
    return await registrar.world.http.post("/oauth2/bc-authorize", data=form, auth=(told["client_id"], secret))


async def test_what_was_registered_can_be_read_but_for_the_secret(registrar: Registrar) -> None:
    told = await registrar.registered(client_name="The shop", contacts=["ann@shop.example"])
    shown = await registrar.manage("GET", told)
    assert shown.status_code == 200
    assert shown.json() == {name: told[name] for name in told if not name.startswith("client_secret")}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_the_registration_access_token_opens_it(registrar: Registrar, method: str) -> None:
    """Requirement 147; an unknown client is answered like a wrong token."""
    told, other = await registrar.registered(), await registrar.registered()
    sent = registrar.replacement(told) if method == "PUT" else None
    wrong = await registrar.manage(method, told, sent, access=other["registration_access_token"])
    nobody = {**told, "registration_client_uri": f"{told['registration_client_uri']}x"}
    unknown = await registrar.manage(method, nobody, sent)
    shop = {**told, "registration_client_uri": "/oauth2/register/shop"}
    by_hand = await registrar.manage(method, shop, sent)
    for answer in (wrong, unknown, by_hand):
        assert as_error(answer) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json() == wrong.json()
    assert (await registrar.manage("GET", told)).status_code == 200


async def test_a_replacement_replaces_everything(registrar: Registrar) -> None:
    """Requirement 148: what is left out is gone, what only an operator sets is not."""
    told = await registrar.registered(client_name="The shop", contacts=["ann@shop.example"], scope="openid profile")
    clients = registrar.world.records.clients
    answer = await registrar.manage("PUT", told, {**POLL, "client_id": told["client_id"], "grant_types": [GRANT]})
    assert answer.status_code == 200
    assert answer.json()["scope"] == "openid profile"
    assert "contacts" not in answer.json()
    assert "client_secret" not in answer.json()
    assert (await registrar.manage("GET", told)).json() == answer.json()
    kept = await registrar.world.database.run(lambda unit: clients.find(unit, told["client_id"]))
    assert kept is not None
    assert (kept.name, kept.grant_types) == (told["client_id"], frozenset({GRANT}))
    assert (await ask(registrar, told, told["client_secret"])).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": None},
        {"client_id": "shop"},
        {"client_secret": "another"},
        {"client_secret": ["no text"]},
        {"client_secret_expires_at": 0},
        {"registration_access_token": "x"},
        {"registration_client_uri": "https://op.example/x"},
        {"client_id_issued_at": 1},
        {"scope": "openid profile email"},
        {"backchannel_token_delivery_mode": None},
    ],
)
async def test_a_replacement_that_cannot_be_leaves_all_as_it_was(
    small_registrar: Registrar, change: dict[str, Any]
) -> None:
    """Requirement 148; nor does a client ever give itself a scope that it was not registered with."""
    told = await small_registrar.registered(scope="openid profile")
    before = (await small_registrar.manage("GET", told)).json()
    answer = await small_registrar.manage("PUT", told, small_registrar.replacement(told, **change))
    assert as_error(answer) == (400, "invalid_client_metadata")
    assert (await small_registrar.manage("GET", told)).json() == before


async def test_the_present_secret_may_be_sent_along_and_stays(small_registrar: Registrar) -> None:
    told = await small_registrar.registered()
    answer = await small_registrar.manage("PUT", told, small_registrar.replacement(told))
    assert answer.status_code == 200, answer.text
    assert (await ask(small_registrar, told, told["client_secret"])).status_code == 200


async def test_a_new_way_to_prove_itself_takes_the_secret_away_or_makes_one(registrar: Registrar) -> None:
    told = await registrar.registered()
    keyed = await registrar.manage("PUT", told, {**KEYED, "client_id": told["client_id"]})
    assert keyed.status_code == 200, keyed.text
    assert as_error(await ask(registrar, told, told["client_secret"])) == (401, "invalid_client")
    back = (await registrar.manage("PUT", told, {**POLL, "client_id": told["client_id"]})).json()
    assert back["client_secret"] != told["client_secret"]
    assert back["client_secret_expires_at"] == 0
    assert (await ask(registrar, told, back["client_secret"])).status_code == 200
    signing = {**POLL, "client_id": told["client_id"], "token_endpoint_auth_method": "client_secret_jwt"}
    signs = (await registrar.manage("PUT", told, signing)).json()
    assert len(signs["client_secret"]) >= 32


async def test_a_client_that_goes_takes_its_requests_and_its_grants_with_it(registrar: Registrar) -> None:
    """Requirement 149."""
    told = await registrar.registered()
    auth_req_id = (await ask(registrar, told, told["client_secret"])).json()["auth_req_id"]
    gone = await registrar.manage("DELETE", told)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await registrar.world.row(auth_req_id)).status.value == "cancelled"
    assert as_error(await ask(registrar, told, told["client_secret"])) == (401, "invalid_client")
    assert as_error(await registrar.manage("GET", told)) == (401, "invalid_token")
    assert as_error(await registrar.manage("DELETE", told)) == (401, "invalid_token")


async def test_a_disabled_client_manages_nothing(small_registrar: Registrar) -> None:
    told = await small_registrar.registered()
    world = small_registrar.world
    await world.database.run(lambda unit: world.records.clients.disable(unit, told["client_id"]))
    for method, sent in (("GET", None), ("PUT", small_registrar.replacement(told)), ("DELETE", None)):
        assert as_error(await small_registrar.manage(method, told, sent)) == (403, "access_denied")


async def test_replacing_keys_is_how_a_client_rotates_them(small_registrar: Registrar) -> None:
    told = await small_registrar.registered(**KEYED)
    keys = json.loads(jwks(KEYS["PS256"]))
    sent = small_registrar.replacement(told, jwks_uri=None, jwks=keys)
    answer = await small_registrar.manage("PUT", told, sent)
    assert answer.json()["jwks"] == keys
    assert "jwks_uri" not in answer.json()

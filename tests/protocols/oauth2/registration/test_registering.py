"""POST /oauth2/register (RFC 7591; requirements 8 to 13)."""

from dataclasses import replace
from typing import Any

import pytest

from engine.storage import Database
from protocols.oauth2 import SELF, KeyMaterial, RegistrationRules
from tests.protocols.oauth2.registration.conftest import KEYED, POLL, REGISTER, SETTINGS, Registrar, inline_keys
from tests.protocols.world import GRANT, ISSUER, NOON, as_error, make_world

pytestmark = pytest.mark.anyio


async def test_the_least_is_a_poll_client_with_a_secret(registrar: Registrar) -> None:
    """Without grant_types CIBA and refresh tokens, no response types, and a date with every secret."""
    answer = await registrar.send(dict(POLL))
    told = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert set(told["grant_types"]) == {GRANT, "refresh_token"}
    assert (told["response_types"], told["client_secret_expires_at"]) == ([], 0)
    assert (told["token_endpoint_auth_method"], told["subject_type"]) == ("client_secret_basic", "public")
    assert told["scope"] == "openid profile offline_access"
    assert told["client_id_issued_at"] == int(NOON.timestamp())
    assert told["registration_client_uri"] == f"{ISSUER}/oauth2/register/{told['client_id']}"
    assert len(told["client_secret"]) == 43


async def test_who_registered_can_ask(registrar: Registrar) -> None:
    told = await registrar.registered(client_name="The Shop é")
    form = {"scope": "openid", "login_hint": "ann"}
    asked = await registrar.world.http.post(
        "/oauth2/bc-authorize", data=form, auth=(told["client_id"], told["client_secret"])
    )
    assert asked.status_code == 200, asked.text
    kept = await registrar.world.database.run(
        lambda unit: registrar.world.records.clients.find_registered(unit, told["client_id"])
    )
    assert kept is not None
    assert (kept.settings.name, kept.origin) == ("The Shop é", SELF)
    assert told["registration_access_token"].encode() not in (kept.registration_hash or b"")


async def test_all_that_describes_a_client_is_kept_and_handed_back(small_registrar: Registrar) -> None:
    sent: dict[str, Any] = {
        **POLL,
        "client_name": "The bank",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": inline_keys(),
        "scope": "openid profile",
        "grant_types": [GRANT],
        "response_types": [],
        "contacts": ["ann@bank.example"],
        "client_uri": "https://bank.example",
        "logo_uri": "https://bank.example/logo.png",
        "policy_uri": "https://bank.example/policy",
        "tos_uri": "https://bank.example/tos",
        "redirect_uris": ["https://bank.example/back"],
        "software_id": "4NRB1",
        "software_version": "2.1",
        "subject_type": "public",
        "id_token_signed_response_alg": "RS256",
        "backchannel_authentication_request_signing_alg": "ES256",
        "backchannel_user_code_parameter": True,
    }
    told = (await small_registrar.send({**sent, "unknown": [1], "application_type": "web"})).json()
    assert {name: told.get(name) for name in sent} == sent
    assert "client_secret" not in told
    assert "unknown" not in told
    assert not small_registrar.world.shelf.fetched


async def test_what_only_an_operator_sets_is_ignored(small_registrar: Registrar) -> None:
    told = await small_registrar.registered(
        max_expiry=259200, verified=True, agent=True, limits={"pair_pending": 1000}, blocks=[], client_id="root"
    )
    client = await small_registrar.world.database.run(
        lambda unit: small_registrar.world.records.clients.find(unit, told["client_id"])
    )
    assert client is not None
    assert (client.max_expiry, client.agent, client.limits.pair_pending) == (None, False, None)
    assert told["client_id"] != "root"


@pytest.mark.parametrize(
    ("member", "change"),
    [
        ("backchannel_token_delivery_mode", {"backchannel_token_delivery_mode": None}),
        ("backchannel_token_delivery_mode", {"backchannel_token_delivery_mode": "smoke"}),
        ("backchannel_token_delivery_mode", {"backchannel_token_delivery_mode": ["poll"]}),
        ("backchannel_client_notification_endpoint", {"backchannel_token_delivery_mode": "ping"}),
        ("backchannel_client_notification_endpoint", {"backchannel_client_notification_endpoint": "http://a.example"}),
        ("backchannel_client_notification_endpoint", {"backchannel_client_notification_endpoint": "http://localhost"}),
        ("backchannel_user_code_parameter", {"backchannel_user_code_parameter": "true"}),
        ("backchannel_authentication_request_signing_alg", {"backchannel_authentication_request_signing_alg": "HS256"}),
        ("grant_types", {"grant_types": ["refresh_token"]}),
        ("grant_types", {"grant_types": [GRANT, "authorization_code"]}),
        ("grant_types", {"grant_types": GRANT}),
        ("response_types", {"response_types": ["code"]}),
        ("token_endpoint_auth_method", {"token_endpoint_auth_method": "none"}),
        ("token_endpoint_auth_signing_alg", {"token_endpoint_auth_signing_alg": "ES256"}),
        ("jwks", {"jwks": inline_keys(), "jwks_uri": "https://shop.example/jwks"}),
        ("jwks", {"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}),
        ("jwks", {"jwks": {"keys": []}}),
        ("jwks", {"jwks": "https://shop.example/jwks"}),
        ("jwks_uri", {"jwks_uri": "http://localhost/jwks"}),
        ("scope", {"scope": "openid email"}),
        ("scope", {"scope": "profile"}),
        ("client_name", {"client_name": "a\nb"}),
        ("client_name", {"client_name": "n" * 81}),
        ("client_name", {"client_name": 7}),
        ("logo_uri", {"logo_uri": "http://shop.example/logo.png"}),
        ("logo_uri", {"logo_uri": "javascript:alert(1)"}),
        ("contacts", {"contacts": ["a"] * 21}),
        ("software_id", {"software_id": "s" * 2049}),
        ("id_token_signed_response_alg", {"id_token_signed_response_alg": "none"}),
        ("id_token_signed_response_alg", {"id_token_signed_response_alg": "ES256"}),
        ("subject_type", {"subject_type": "secret"}),
        ("dpop_bound_access_tokens", {"dpop_bound_access_tokens": "yes"}),
        ("id_token_encrypted_response_alg", {"id_token_encrypted_response_alg": "RSA-OAEP"}),
    ],
)
async def test_metadata_that_cannot_be_is_named(
    small_registrar: Registrar, member: str, change: dict[str, Any]
) -> None:
    answer = await small_registrar.send({**POLL, **change})
    assert as_error(answer) == (400, "invalid_client_metadata")
    assert answer.json()["error_description"].startswith(f"{member}: expected ")


@pytest.mark.parametrize(
    "addresses",
    [
        *("https://a.example", ["/back"], ["https://a.example/#x"], [7], ["https://["], ["https://a/"] * 21),
        *(["com.example.app:/back"], ["http://localhost/back"]),
    ],
)
async def test_a_redirect_address_that_cannot_be(small_registrar: Registrar, addresses: Any) -> None:
    """RFC 7591 section 3.2.2."""
    answer = await small_registrar.send({**POLL, "redirect_uris": addresses})
    assert as_error(answer) == (400, "invalid_redirect_uri")


async def test_a_software_statement_is_not_taken(small_registrar: Registrar) -> None:
    answer = await small_registrar.send({**POLL, "software_statement": "a.b.c"})
    assert as_error(answer) == (400, "unapproved_software_statement")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b"{",
        b'{"a": 1, "a": 2}',
        b"\xff",
        b'{"a": NaN}',
        b'{"client_name": "\\ud800", "backchannel_token_delivery_mode": "poll"}',
        b"[" * 60000,
        b'{"a": ' + b"9" * 5000,
    ],
)
async def test_what_is_no_object_is_refused(small_registrar: Registrar, body: bytes) -> None:
    headers = {"authorization": "Bearer lhi_" + "t" * 43, "content-type": "application/json"}
    answer = await small_registrar.world.http.post(REGISTER, content=body, headers=headers)
    assert as_error(answer) == (400, "invalid_client_metadata")


async def test_a_form_or_a_long_body_is_refused(small_registrar: Registrar) -> None:
    bearer = {"authorization": "Bearer lhi_" + "t" * 43}
    form = await small_registrar.world.http.post(REGISTER, data=dict(POLL), headers=bearer)
    assert as_error(form) == (400, "invalid_client_metadata")
    long = await small_registrar.send({**POLL, "unknown": "x" * 70_000})
    assert as_error(long) == (413, "invalid_request")


async def test_fapi_ciba_demands_keys_and_signed_requests(strict_registrar: Registrar) -> None:
    """Requirements 109, 116 and 117; this deployment signs with RS256 alone, which the profile does not allow."""
    assert as_error(await strict_registrar.send(dict(POLL))) == (400, "invalid_client_metadata")
    told = (await strict_registrar.send(dict(KEYED))).json()
    assert told["error_description"].startswith("id_token_signed_response_alg: expected PS256 or ES256")


async def test_without_a_setting_nobody_registers(sqlite_database: Database, key_material: KeyMaterial) -> None:
    off = replace(SETTINGS, registration=RegistrationRules())
    async with make_world(sqlite_database, key_material, off) as world:
        assert (await world.http.post(REGISTER, json=dict(POLL))).status_code == 404


async def test_open_registration_asks_for_no_token(sqlite_database: Database, key_material: KeyMaterial) -> None:
    opened = replace(SETTINGS, registration=RegistrationRules(mode="open"))
    async with make_world(sqlite_database, key_material, opened) as world:
        answer = await Registrar(world=world).send(dict(POLL), token=None)
        assert answer.status_code == 201

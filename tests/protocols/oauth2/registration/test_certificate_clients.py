"""Clients that register a certificate, or what their tokens are bound to (RFC 8705 sections 2.1.2 and 3.4)."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.storage import Database
from protocols.oauth2 import KeyMaterial
from protocols.oauth2.mutual_tls import MutualTls
from tests.fixtures.authority import Authority, self_signed
from tests.protocols.oauth2.registration.conftest import KEYED, POLL, SETTINGS, Registrar, inline_keys, opened
from tests.protocols.world import NOON, as_error

pytestmark = pytest.mark.anyio

ROOT = Authority("Root", NOON)
HELD, OWN = ROOT.issue("shop"), self_signed("shop", now=NOON)
MTLS = MutualTls(accepted=True, anchors=(ROOT.certificate,))
BY_NAME: Mapping[str, Any] = {**POLL, "token_endpoint_auth_method": "tls_client_auth"}
BY_KEY: Mapping[str, Any] = {**POLL, "token_endpoint_auth_method": "self_signed_tls_client_auth"}
BOUND = "tls_client_certificate_bound_access_tokens"


@pytest.fixture
async def certified(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[Registrar]:
    async for made in opened(sqlite_database, key_material, replace(SETTINGS, mutual_tls=MTLS)):
        yield made


@pytest.mark.parametrize(
    "name",
    [
        {"tls_client_auth_subject_dn": "CN=shop,O=Shop Ltd"},
        {"tls_client_auth_san_dns": "shop.example"},
        {"tls_client_auth_san_uri": "https://shop.example/id"},
        {"tls_client_auth_san_ip": "2001:db8::7"},
        {"tls_client_auth_san_email": "tls@shop.example"},
    ],
)
async def test_one_name_in_the_certificate_is_registered_and_told(certified: Registrar, name: dict[str, str]) -> None:
    told = await certified.registered(**{**BY_NAME, **name, BOUND: True})

    assert "client_secret" not in told
    assert {member: told[member] for member in name} == name
    assert [member for member in told if member.startswith("tls_client_auth_")] == list(name)
    assert told[BOUND] is True
    assert (await certified.manage("GET", told)).json()[BOUND] is True


async def test_who_registered_a_name_proves_itself_by_it(certified: Registrar) -> None:
    told = await certified.registered(**BY_NAME, tls_client_auth_subject_dn="CN=shop,O=Shop Ltd")
    form = {"scope": "openid", "login_hint": "ann", "client_id": told["client_id"]}
    assert (await certified.world.http.post("/oauth2/bc-authorize", data=form, headers=HELD.headers)).status_code == 200


async def test_a_replacement_may_take_another_certificate(certified: Registrar) -> None:
    told = await certified.registered(**{**BY_KEY, "jwks": {"keys": [OWN.jwk]}})
    renewed = self_signed("shop", now=NOON)
    changed = certified.replacement(told, jwks={"keys": [renewed.jwk]})
    assert (await certified.manage("PUT", told, changed)).status_code == 200

    form = {"token": "x", "client_id": told["client_id"]}
    post = certified.world.http.post
    assert as_error(await post("/oauth2/introspect", data=form, headers=OWN.headers)) == (401, "invalid_client")
    assert (await post("/oauth2/introspect", data=form, headers=renewed.headers)).status_code == 200


async def test_from_a_certificate_back_to_a_secret_a_new_one_is_made(certified: Registrar) -> None:
    told = await certified.registered(**{**BY_KEY, "jwks": {"keys": [OWN.jwk]}})
    back = certified.replacement(told, token_endpoint_auth_method="client_secret_basic", jwks=None)
    assert len((await certified.manage("PUT", told, back)).json()["client_secret"]) == 43


@pytest.mark.parametrize(
    ("member", "metadata"),
    [
        ("tls_client_auth_subject_dn", BY_NAME),
        ("tls_client_auth_subject_dn", {**BY_NAME, "tls_client_auth_subject_dn": "nobody"}),
        ("tls_client_auth_subject_dn", {**BY_NAME, "tls_client_auth_subject_dn": ""}),
        ("tls_client_auth_san_ip", {**BY_NAME, "tls_client_auth_san_ip": "shop.example"}),
        ("tls_client_auth_san_dns", {**BY_NAME, "tls_client_auth_san_dns": "a", "tls_client_auth_san_uri": "b"}),
        ("tls_client_auth_san_dns", {**POLL, "tls_client_auth_san_dns": "shop.example"}),
        ("jwks", BY_KEY),
        ("jwks", {**BY_KEY, "jwks": inline_keys()}),
        ("jwks", {**BY_KEY, "jwks": {"keys": [{**OWN.jwk, "x5c": ["rubbish"]}]}}),
        ("tls_client_certificate_bound_access_tokens", {**KEYED, BOUND: "true"}),
        ("dpop_bound_access_tokens", {**KEYED, BOUND: True, "dpop_bound_access_tokens": True}),
    ],
)
async def test_what_cannot_be_is_named(certified: Registrar, member: str, metadata: dict[str, Any]) -> None:
    answer = await certified.send(dict(metadata))
    assert as_error(answer) == (400, "invalid_client_metadata")
    assert answer.json()["error_description"].startswith(f"{member}: expected "), answer.text


@pytest.mark.parametrize("metadata", [{**KEYED, BOUND: True}, {**BY_NAME, "tls_client_auth_san_dns": "shop.example"}])
async def test_where_no_certificate_arrives_none_is_promised(
    small_registrar: Registrar, metadata: dict[str, Any]
) -> None:
    answer = await small_registrar.send(metadata)
    assert as_error(answer) == (400, "invalid_client_metadata")
    assert "mtls.terminators" in answer.json()["error_description"]


async def test_tokens_bound_by_proofs_may_be_asked_for(small_registrar: Registrar) -> None:
    told = await small_registrar.registered(dpop_bound_access_tokens=True)
    assert (told["dpop_bound_access_tokens"], told[BOUND]) == (True, False)

"""Clients that prove themselves by their certificates (requirement 101, RFC 8705 section 2)."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2
import pytest
from cryptography import x509

from engine.storage import Database
from protocols.oauth2 import KeyMaterial, NewClient
from protocols.oauth2.client_certificates import ClientCertificate
from protocols.oauth2.mutual_tls import MutualTls
from protocols.oauth2_ciba import CibaSettings
from tests.fixtures.authority import Authority, Holder, self_signed
from tests.protocols.changed import change
from tests.protocols.world import GRANT, ISSUER, NOON, SHOP, World, as_error, make_world

pytestmark = pytest.mark.anyio

ROOT = Authority("Root", NOON)
BANK, URL = "bank-app", "https://bank.example/jwks"
SUBJECT = "CN=bank,O=Shop Ltd"
HELD = ROOT.issue("bank")
OWN = self_signed("bank", now=NOON)
SETTINGS = CibaSettings(issuer=ISSUER, mutual_tls=MutualTls(accepted=True, anchors=(ROOT.certificate,)))
REFUSED = (401, "invalid_client")


@pytest.fixture
async def certified(database: Database, key_material: KeyMaterial) -> AsyncIterator[World]:
    async with make_world(database, key_material, SETTINGS) as made:
        yield made


@pytest.fixture
async def small(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[World]:
    """On SQLite, for what does not depend on the database."""
    async with make_world(sqlite_database, key_material, SETTINGS) as made:
        yield made


async def register(world: World, **settings: Any) -> None:
    client = NewClient(client_id=BANK, **{"auth_method": "tls_client_auth", **settings})
    await world.database.run(lambda unit: world.records.clients.add(unit, client, now=NOON))


def key_set(*holders: Holder) -> str:
    return json.dumps({"keys": [holder.jwk for holder in holders]})


async def ask(
    world: World, held: Holder | None, form: Mapping[str, str] | None = None, **headers: str
) -> httpx2.Response:
    sent = {"scope": "openid", "login_hint": "ann", "client_id": BANK, **(form or {})}
    shown = {} if held is None else held.headers
    return await world.http.post("/oauth2/bc-authorize", data=sent, headers={**shown, **headers})


async def test_a_certificate_of_a_trusted_authority_proves_whom_it_names(certified: World) -> None:
    await register(certified, tls_subject_dn=SUBJECT, certificate_bound=True)
    auth_req_id = (await ask(certified, HELD)).json()["auth_req_id"]
    await certified.approve(auth_req_id)
    form = {"grant_type": GRANT, "auth_req_id": auth_req_id, "client_id": BANK}

    told = (await certified.http.post("/oauth2/token", data=form, headers=HELD.headers)).json()

    token = {"token": told["access_token"], "client_id": BANK}
    introspected = (await certified.http.post("/oauth2/introspect", data=token, headers=HELD.headers)).json()
    assert introspected["cnf"] == {"x5t#S256": ClientCertificate(HELD.der).thumbprint}


async def test_a_renewed_certificate_with_the_same_subject_is_the_same_client(small: World) -> None:
    await register(small, tls_subject_dn=SUBJECT)
    assert (await ask(small, HELD)).status_code == 200
    assert (await ask(small, ROOT.issue("bank"))).status_code == 200


@pytest.mark.parametrize(
    "held",
    [
        None,
        self_signed("bank", now=NOON),
        Authority("Root", NOON).issue("bank"),
        ROOT.issue("shop"),
        ROOT.issue("bank", days=-1),
        ROOT.issue("bank", signs=False),
    ],
    ids=["none", "self-signed with the victim's subject", "another authority", "another name", "over", "not to sign"],
)
async def test_nobody_else_is_that_client(small: World, held: Holder | None) -> None:
    await register(small, tls_subject_dn=SUBJECT)
    assert as_error(await ask(small, held)) == REFUSED


async def test_a_certificate_without_san_proves_nothing_where_a_san_is_registered(small: World) -> None:
    await register(small, tls_san_dns="bank.example")
    named = ROOT.issue("bank", sans=(x509.DNSName("bank.example"),))

    assert as_error(await ask(small, HELD)) == REFUSED
    assert (await ask(small, named)).status_code == 200


async def test_a_self_signed_certificate_is_one_that_the_client_registered(certified: World) -> None:
    await register(certified, auth_method="self_signed_tls_client_auth", jwks=key_set(OWN))

    assert (await ask(certified, OWN)).status_code == 200
    assert as_error(await ask(certified, self_signed("bank", now=NOON))) == REFUSED
    assert as_error(await ask(certified, HELD)) == REFUSED


async def test_a_registered_certificate_that_has_run_out_proves_nothing(small: World) -> None:
    old = self_signed("bank", now=NOON, days=-1)
    await register(small, auth_method="self_signed_tls_client_auth", jwks=key_set(old))
    assert as_error(await ask(small, old)) == REFUSED


async def test_certificates_behind_a_jwks_uri_are_fetched_anew_when_they_change(small: World) -> None:
    await register(small, auth_method="self_signed_tls_client_auth", jwks_uri=URL)
    small.shelf.sets[URL] = key_set(OWN).encode()
    assert (await ask(small, OWN)).status_code == 200

    renewed = self_signed("bank", now=NOON)
    small.shelf.sets[URL] = key_set(renewed).encode()
    assert as_error(await ask(small, renewed)) == REFUSED
    small.clock.forward(61)
    assert (await ask(small, renewed)).status_code == 200
    assert as_error(await ask(small, OWN)) == REFUSED


async def test_keys_that_cannot_be_fetched_are_worth_another_try(small: World) -> None:
    await register(small, auth_method="self_signed_tls_client_auth", jwks_uri=URL)
    assert as_error(await ask(small, OWN)) == (503, "temporarily_unavailable")


@pytest.mark.parametrize("form", [{"client_id": ""}, {"client_id": "nobody"}, {"client_id": SHOP}])
async def test_the_client_is_named_in_the_form_and_registered_for_it(small: World, form: dict[str, str]) -> None:
    await register(small, tls_subject_dn=SUBJECT)
    assert as_error(await ask(small, HELD, form)) == REFUSED


async def test_a_certificate_does_not_make_up_for_a_wrong_secret(small: World) -> None:
    await register(small, tls_subject_dn=SUBJECT)
    assert as_error(await ask(small, HELD, {"client_secret": "guess"})) == REFUSED
    assert as_error(await ask(small, HELD, Authorization="Basic YmFuay1hcHA6Z3Vlc3M=")) == REFUSED


async def test_a_disabled_client_is_refused(small: World) -> None:
    await register(small, tls_subject_dn=SUBJECT)
    await small.database.run(lambda unit: small.records.clients.disable(unit, BANK))
    assert as_error(await ask(small, HELD)) == REFUSED


async def test_a_registration_that_changes_between_check_and_unit_is_noticed(small: World) -> None:
    await register(small, tls_subject_dn=SUBJECT)
    read = small.ciba.proofs.read

    async def reading(*arguments: Any, **named: Any) -> Any:
        shown = await read(*arguments, **named)
        await change(small, BANK, tls_subject_dn="CN=other")
        return shown

    small.ciba.proofs.read = reading  # type: ignore[method-assign] # stands between the check and the unit
    assert as_error(await ask(small, HELD)) == REFUSED


async def test_the_profile_takes_certificates_and_no_secrets(
    sqlite_database: Database, key_material: KeyMaterial
) -> None:
    settings = CibaSettings(issuer=ISSUER, profile="fapi-ciba", mutual_tls=SETTINGS.mutual_tls)
    async with make_world(sqlite_database, key_material, settings) as world:
        await register(world, tls_subject_dn=SUBJECT, certificate_bound=True)
        told = await world.http.post("/oauth2/introspect", data={"token": "x", "client_id": BANK}, headers=HELD.headers)
        assert told.json() == {"active": False}
        assert as_error(await world.ask()) == REFUSED

"""Clients that sign people in by a browser register themselves too, where the deployment has the code grant."""

import json
from typing import Any

import pytest

from protocols.oauth2 import ClientPolicy, Clients, NewClient, OAuthError
from protocols.oauth2.client_metadata import metadata_of
from protocols.oauth2.registration import Registration, RegistrationRules
from protocols.oauth2.sector_documents import check_sector
from tests.protocols.oauth2.registration.conftest import POLL, SCOPES, Registrar
from tests.protocols.surroundings import KeyShelf
from tests.protocols.world import GRANT, KEYRING, as_error

BACK = "https://app.example/back"
CODE: dict[str, Any] = {"grant_types": ["authorization_code"], "redirect_uris": [BACK]}
SECTOR = "https://group.example/sector.json"
REGISTRATION = Registration(
    rules=RegistrationRules(mode="open"),
    policy=ClientPolicy(profile="core", scopes=SCOPES, algorithms=("RS256",)),
    clients=Clients(keyring=KEYRING),
    remove=lambda *_: False,
    issuer="https://op.example",
)


def described(**metadata: Any) -> NewClient:
    return REGISTRATION.describe({**CODE, **metadata}, SCOPES)


def refused(**metadata: Any) -> str:
    with pytest.raises(OAuthError) as error:
        described(**metadata)
    return error.value.error


def test_it_needs_no_delivery_mode_and_is_told_of_none() -> None:
    told = metadata_of(described())
    assert (told["grant_types"], told["response_types"], told["redirect_uris"]) == (
        ["authorization_code"],
        ["code"],
        [BACK],
    )
    assert "backchannel_token_delivery_mode" not in told


def test_one_client_may_do_both() -> None:
    told = metadata_of(described(grant_types=[GRANT, "authorization_code", "refresh_token"], **POLL))
    assert (told["response_types"], told["backchannel_token_delivery_mode"]) == (["code"], "poll")


@pytest.mark.parametrize(
    ("error", "change"),
    [
        ("invalid_client_metadata", {"redirect_uris": []}),
        ("invalid_redirect_uri", {"redirect_uris": ["http://app.example/back"]}),
        ("invalid_client_metadata", {"response_types": []}),
        ("invalid_client_metadata", {"response_types": ["token"]}),
        ("invalid_client_metadata", {"grant_types": ["refresh_token"]}),
        ("invalid_client_metadata", {"grant_types": ["authorization_code"], **POLL}),
        ("invalid_client_metadata", {"grant_types": [GRANT, "authorization_code"]}),
        ("invalid_client_metadata", {"grant_types": ["client_credentials"]}),
    ],
)
def test_what_does_not_fit_together_is_refused(error: str, change: dict[str, Any]) -> None:
    assert refused(**change) == error


def test_redirects_are_the_sector_of_pairwise_subjects() -> None:
    """OpenID Connect Core section 8.1: one host, or a document."""
    assert described(subject_type="pairwise").pairwise_sector == "app.example"
    two = [BACK, "https://other.example/back"]
    assert refused(subject_type="pairwise", redirect_uris=two) == "invalid_client_metadata"


@pytest.mark.anyio
async def test_a_document_lists_every_redirect() -> None:
    shelf, two = KeyShelf(), [BACK, "https://other.example/back"]
    client = described(subject_type="pairwise", redirect_uris=two, sector_identifier_uri=SECTOR)
    shelf.sets[SECTOR] = json.dumps([*two, "https://x.example"]).encode()
    await check_sector(client, shelf)
    assert client.pairwise_sector == "group.example"
    shelf.sets[SECTOR] = json.dumps([BACK]).encode()
    with pytest.raises(OAuthError, match="sector_identifier_uri"):
        await check_sector(client, shelf)


@pytest.mark.anyio
async def test_a_client_without_any_address_claims_no_sector() -> None:
    """A document that lists nothing of it proves nothing."""
    shelf = KeyShelf()
    shelf.sets[SECTOR] = b"[]"
    device = {"grant_types": ["urn:ietf:params:oauth:grant-type:device_code"], "redirect_uris": []}
    client = described(subject_type="pairwise", sector_identifier_uri=SECTOR, **device)
    with pytest.raises(OAuthError, match="sector_identifier_uri"):
        await check_sector(client, shelf)
    assert shelf.fetched == []
    assert refused(subject_type="pairwise", **device) == "invalid_client_metadata"


@pytest.mark.anyio
async def test_a_deployment_without_the_grant_refuses_them(small_registrar: Registrar) -> None:
    assert as_error(await small_registrar.send(CODE)) == (400, "invalid_client_metadata")

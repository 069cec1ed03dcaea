"""Pairwise subjects over HTTP: the sector is what a document of its own says (requirements 14 and 15)."""

import json
from typing import Any

import pytest

from tests.protocols.oauth2.registration.conftest import KEYED, Registrar
from tests.protocols.world import as_error

pytestmark = pytest.mark.anyio

SECTOR = "https://group.example/sector.json"
PAIRWISE = {**KEYED, "subject_type": "pairwise"}


async def sector_of(registrar: Registrar, told: dict[str, Any]) -> str | None:
    clients = registrar.world.records.clients
    client = await registrar.world.database.run(lambda unit: clients.find(unit, told["client_id"]))
    assert client is not None
    return client.sector


async def test_without_a_document_the_keys_are_the_sector(small_registrar: Registrar) -> None:
    told = await small_registrar.registered(**PAIRWISE)
    assert told["subject_type"] == "pairwise"
    assert await sector_of(small_registrar, told) == "shop.example"
    assert not small_registrar.world.shelf.fetched


async def test_a_document_that_lists_the_keys_is_the_sector(small_registrar: Registrar) -> None:
    small_registrar.world.shelf.sets[SECTOR] = json.dumps(["https://x.example", KEYED["jwks_uri"]]).encode()
    told = await small_registrar.registered(**PAIRWISE, sector_identifier_uri=SECTOR)
    assert told["sector_identifier_uri"] == SECTOR
    assert await sector_of(small_registrar, told) == "group.example"
    again = await small_registrar.manage("PUT", told, small_registrar.replacement(told, sector_identifier_uri=None))
    assert "sector_identifier_uri" not in again.json()
    assert await sector_of(small_registrar, told) == "shop.example"


@pytest.mark.parametrize(
    "document", [None, b"", b"{}", b'["https://other.example/jwks"]', b"[7]", b"[" * 60000, b'["' + b"x" * 70000]
)
async def test_a_document_that_does_not_list_them_is_refused(
    small_registrar: Registrar, document: bytes | None
) -> None:
    if document is not None:
        small_registrar.world.shelf.sets[SECTOR] = document
    answer = await small_registrar.send({**PAIRWISE, "sector_identifier_uri": SECTOR})
    assert as_error(answer) == (400, "invalid_client_metadata")
    assert small_registrar.world.shelf.fetched == [SECTOR]


async def test_public_subjects_need_no_sector_and_nothing_is_fetched(small_registrar: Registrar) -> None:
    told = await small_registrar.registered(**KEYED, sector_identifier_uri=SECTOR)
    assert "sector_identifier_uri" not in told
    assert not small_registrar.world.shelf.fetched


@pytest.mark.parametrize(
    "change",
    [
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"jwks_uri": None},
        {"sector_identifier_uri": "http://group.example/sector.json"},
    ],
)
async def test_pairwise_subjects_need_published_keys(small_registrar: Registrar, change: dict[str, Any]) -> None:
    answer = await small_registrar.send({**PAIRWISE, **change})
    assert as_error(answer) == (400, "invalid_client_metadata")

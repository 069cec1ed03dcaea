"""A protocol layer on SQLite for every test: what the specifications ask for does not depend on the database."""

from collections.abc import AsyncIterator, Sequence

import pytest

from engine.storage import ENGINE_TABLES, Database, TableOwner
from protocols.oauth2 import OAUTH2_TABLES, InitialTokens, KeyMaterial, RegistrationRules
from protocols.oauth2_ciba import CIBA_TABLES, CibaSettings
from tests.protocols.world import ISSUER, NOON, World, make_world
from tests.spec.registering import INITIAL_TOKEN, Registrar
from tests.spec.suite_clients import SuitePair, suite_pairs


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (ENGINE_TABLES, OAUTH2_TABLES, CIBA_TABLES)


@pytest.fixture(scope="session")
def key_material() -> KeyMaterial:
    """Making an RSA key takes a while: one is enough."""
    return KeyMaterial.fresh()


@pytest.fixture
async def world(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[World]:
    """The protocol layer with two clients and two people."""
    async with make_world(sqlite_database, key_material) as made:
        yield made


@pytest.fixture
async def registrar(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[Registrar]:
    """A world in which clients register themselves."""
    settings = CibaSettings(issuer=ISSUER, registration=RegistrationRules(mode="token", most=9))
    async with make_world(sqlite_database, key_material, settings) as made:
        scopes = ("openid", "profile", "offline_access")
        await made.database.run(
            lambda unit: InitialTokens().add(
                unit, name="partners", token=INITIAL_TOKEN, scopes=scopes, now=NOON, uses=None
            )
        )
        yield Registrar(world=made)


@pytest.fixture
async def suite(sqlite_database: Database) -> AsyncIterator[dict[str, SuitePair]]:
    """The clients that the conformance suite plays, by its variants of client authentication."""
    async with suite_pairs(sqlite_database) as pairs:
        yield pairs

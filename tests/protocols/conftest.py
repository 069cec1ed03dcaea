"""What the tests of the protocols share: their tables, one set of keys, and a world on both databases."""

from collections.abc import AsyncIterator, Sequence

import pytest

from engine.storage import ENGINE_TABLES, Database, TableOwner
from protocols.oauth2 import OAUTH2_TABLES, KeyMaterial
from protocols.oauth2_ciba import CIBA_TABLES
from tests.protocols.world import World, make_world


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (ENGINE_TABLES, OAUTH2_TABLES, CIBA_TABLES)


@pytest.fixture(scope="session")
def key_material() -> KeyMaterial:
    """Making an RSA key takes a while: one is enough."""
    return KeyMaterial.fresh()


@pytest.fixture
async def world(database: Database, key_material: KeyMaterial) -> AsyncIterator[World]:
    """The protocol layer on both databases."""
    async with make_world(database, key_material) as made:
        yield made


@pytest.fixture
async def small_world(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[World]:
    """The protocol layer on SQLite, for what does not depend on the database."""
    async with make_world(sqlite_database, key_material) as made:
        yield made

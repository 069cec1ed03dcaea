"""The house of the runtime's tests with the API in front of it."""

from collections.abc import AsyncIterator

import pytest

from engine.storage import Database
from tests.engine.http.kit import Front, fronted
from tests.engine.runtime.kit import make_house


@pytest.fixture
async def front(sqlite_database: Database) -> AsyncIterator[Front]:
    """The API on SQLite, called without a network."""
    async with fronted(make_house(sqlite_database)) as made:
        yield made


@pytest.fixture
async def each_front(database: Database) -> AsyncIterator[Front]:
    """The API on both databases in turn."""
    async with fronted(make_house(database)) as made:
        yield made

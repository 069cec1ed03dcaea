"""The house that most tests of the runtime live in."""

from collections.abc import AsyncIterator

import pytest

from engine.storage import Database
from tests.engine.runtime.kit import House, make_house, opened


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    """An open engine that works only when it is told to, on both databases."""
    async with opened(make_house(database)) as made:
        yield made

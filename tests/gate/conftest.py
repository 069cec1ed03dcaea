"""Databases of these tests have the server's own tables."""

from collections.abc import Sequence

import pytest

from engine.storage import ENGINE_TABLES, TableOwner
from lockhouse.tables import LOCKHOUSE_TABLES


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (ENGINE_TABLES, LOCKHOUSE_TABLES)

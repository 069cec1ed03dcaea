"""The storage's tests have a second owner of tables beside the engine."""

from collections.abc import Sequence

import pytest

from engine.storage import ENGINE_TABLES, TableOwner
from tests.engine.storage.notes import NOTES


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    """The engine's tables and the notes."""
    return (ENGINE_TABLES, NOTES)

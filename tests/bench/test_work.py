"""What one request may ask of the database: the figures that bench/protocol.py prints, held here."""

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from bench.counting import count_work
from bench.people import register
from lockhouse.configuration import load_configuration
from lockhouse.installation import create_installation, opened

pytestmark = pytest.mark.anyio


@pytest.fixture
def counted_settings(tmp_path: Path, dialect: str, new_url: Callable[..., str]) -> Path:
    """The settings of a fresh installation on each database, with what the benchmark sets."""
    url = new_url(owners=()) if dialect == "postgresql" else None
    made = create_installation(tmp_path / "op", issuer="http://localhost:8400", url=url)
    assert made.file is not None
    text = made.file.read_text()
    assert "development = true" in text
    return made.file


async def test_a_request_takes_one_unit_and_few_rows(counted_settings: Path) -> None:
    configuration = await anyio.to_thread.run_sync(load_configuration, counted_settings)
    async with opened(configuration) as installation:
        await register(installation, clients=1, persons=2)
        work = await count_work(installation)

    poll, begin, first = work["pending poll"], work["bc-authorize"], work["bc-authorize, person never asked before"]
    assert (poll["units"], poll["reads"], poll["rows"]) == (1, 0, 1)
    assert (begin["units"], begin["reads"]) == (1, 0)
    assert begin["rows"] <= 5
    assert (first["units"], first["rows"]) == (1, begin["rows"])

"""What every test shares."""

import pytest

pytest_plugins = ["tests.fixtures.databases"]


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, which is what the product runs on."""
    return "asyncio"

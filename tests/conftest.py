"""What every test shares."""

import signal

import pytest

pytest_plugins = ["tests.fixtures.databases"]


def pytest_configure() -> None:
    """Let the tests' programs hear Ctrl-C, also where the run was started in the background, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, which is what the product runs on."""
    return "asyncio"

"""What every test shares."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest_plugins = ["tests.fixtures.databases"]

TESTS = Path(__file__).parent
# Tests of whole programs, and of whole files of them: each file keeps one worker busy for long.
WHOLE_PROGRAMS = ("browser", "project", "chaos", "demo", "abuse", "end_to_end")


def pytest_configure() -> None:
    """Let the tests' programs hear Ctrl-C, also where the run was started in the background, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: at the end of a run on several workers, short tests fill the gaps."""
    items.sort(key=lambda item: item.path.relative_to(TESTS).parts[0] not in WHOLE_PROGRAMS)


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, which is what the product runs on."""
    return "asyncio"

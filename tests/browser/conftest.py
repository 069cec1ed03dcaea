"""One deployment and one Chromium for a file of tests; every test gets browsers of its own."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.chromium import find_chromium
from tests.browser.people import Desk
from tests.fixtures.relying_party import RelyingParty
from tests.fixtures.server import Lockhouse, running


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Return the backend for the whole file: Chromium is started once in it."""
    return "asyncio"


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lockhouse]:
    with running(tmp_path_factory.mktemp("browser") / "op") as started:
        yield started


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(playwright))
        yield browser
        await browser.close()


@pytest.fixture
async def desk(lockhouse: Lockhouse, chromium: Browser) -> AsyncIterator[Desk]:
    client = RelyingParty(lockhouse=lockhouse)
    desk = Desk(lockhouse=lockhouse, chromium=chromium, client=client)
    yield desk
    await desk.close()
    client.close()

"""People with real browsers, and the client that asks them."""

from dataclasses import dataclass, field
from typing import Any

import anyio.to_thread
from playwright.async_api import Browser, BrowserContext, Page

from tests.fixtures.relying_party import Asked, RelyingParty, link_in, mail_number
from tests.fixtures.server import PASSWORD, Lockhouse

PHONE = {"width": 390, "height": 844}
SCREEN = {"width": 1280, "height": 800}


@dataclass(kw_only=True)
class Desk:
    """Makes requests and opens browsers; `troubles` is what browsers complained about."""

    lockhouse: Lockhouse
    chromium: Browser
    client: RelyingParty
    troubles: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    async def ask(self, **parameters: str) -> tuple[Asked, str]:
        """Send a backchannel request and return it with the link that the person got."""
        before = len(self.lockhouse.mails())
        asked = await anyio.to_thread.run_sync(lambda: self.client.ask(**{"binding_message": "W4SCT", **parameters}))
        mail = await anyio.to_thread.run_sync(mail_number, self.lockhouse, before + 1)
        return asked, link_in(mail)

    async def outcome(self, asked: Asked) -> dict[str, Any]:
        """Poll until the answer is final."""
        return await anyio.to_thread.run_sync(asked.outcome)

    async def browser(self, *, viewport: Any = SCREEN, **options: Any) -> Page:
        """Open a new browser, with nothing in it."""
        context = await self.chromium.new_context(viewport=viewport, **options)
        self._contexts.append(context)
        page = await context.new_page()
        # Our own answers of 4xx are told on the console too; everything else there is a mistake of ours.
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        return page

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and "Failed to load resource" not in text:
            self.troubles.append(text)

    async def close(self) -> None:
        """Close every browser."""
        for context in self._contexts:
            await context.close()


async def heading(page: Page) -> str:
    """Return what the page is about, once it has stopped going on by itself."""
    shown = page.get_by_role("heading", level=1)
    await page.locator(".busy").wait_for(state="detached")
    return " ".join((await shown.inner_text()).split())


async def press(page: Page, name: str) -> None:
    """Press the button *name* and wait for the next page."""
    async with page.expect_navigation(wait_until="load"):
        await page.get_by_role("button", name=name, exact=True).click()


async def sign_in(page: Page, link: str, password: str = PASSWORD) -> None:
    """Open *link* and go as far as the question."""
    await page.goto(link)
    await press(page, "Continue")
    await page.get_by_label("Password").fill(password)
    await press(page, "Sign in")


async def sideways(page: Page) -> int:
    """Return by how many pixels the page can be scrolled sideways."""
    return int(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

"""Every page of the gate, seen once in a browser: what axe says in each look, what was loaded, how wide it is.

axe needs JavaScript: with it off, it would wait for ever in the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page, Request, Response

from tests.browser.people import sideways
from tests.fixtures.gallery import Gallery, make_gallery

ENGLISH, ARABIC, BRANDED = "english", "arabic", "branded"
NAMES = tuple(make_gallery().pages)
LOGO = Path(__file__).parents[1] / "fixtures" / "logo.svg"
HEAVY = 60_000
EVERYTHING = {"resultTypes": ["violations"]}
CONTRAST = {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]}


def all_galleries() -> Mapping[str, Gallery]:
    """Return the pages in our language, from right to left, and with an accent and a logo of somebody's own."""
    return {
        ENGLISH: make_gallery(),
        ARABIC: make_gallery("ar"),
        BRANDED: make_gallery(accent="#ffe600", logo=LOGO, logo_dark=LOGO),
    }


@dataclass(kw_only=True)
class Visitor:
    """Opens pages one after the other in one browser without a cache, and notes what each of them loads."""

    page: Page
    origins: Mapping[str, str]
    _answers: list[Response] = field(default_factory=list)
    _failed: list[Request] = field(default_factory=list)

    def listen(self) -> None:
        """Note from now on what comes, and what does not."""
        self.page.on("response", self._note_answer)
        self.page.on("requestfailed", self._note_failure)

    # Methods, since the browser's library cannot listen with what is built in.
    def _note_answer(self, answer: Response) -> None:
        self._answers.append(answer)

    def _note_failure(self, request: Request) -> None:
        self._failed.append(request)

    async def open(self, gallery: str, name: str, *, scheme: Any = "light") -> Page:
        """Open a page and return it; it stands still, as people may ask their device for."""
        self._answers.clear()
        self._failed.clear()
        await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await self.page.goto(f"{self.origins[gallery]}/pages/{name}")
        return self.page

    async def complaints(self, options: Mapping[str, Any] = EVERYTHING) -> list[str]:
        """Return what axe finds on the page that is open."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE_SCRIPT)
        found = await self.page.evaluate("options => axe.run(options)", options)
        return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found["violations"]]

    async def darken(self) -> None:
        """Turn the page that is open to its dark colours."""
        await self.page.emulate_media(color_scheme="dark", reduced_motion="reduce")

    async def too_much(self) -> list[str]:
        """Return what is wrong with what the page that is open has loaded, and with its width."""
        weight = sum([len(await answer.body()) for answer in self._answers])
        own = urlsplit(self.page.url).netloc
        wrong = [f"from elsewhere: {one.url}" for one in self._answers if urlsplit(one.url).netloc != own]
        wrong += [f"did not come: {one.url}" for one in self._failed]
        wrong += [f"{weight} bytes"] if weight > HEAVY else []
        # The page itself, its style and its script: fewer answers would be a cache at work.
        wrong += [] if len(self._answers) >= 3 else [f"only {len(self._answers)} answers"]
        return [*wrong, *(["wider than the screen"] if await sideways(self.page) > 0 else [])]

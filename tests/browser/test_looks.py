"""Every page in a real browser: axe finds nothing, a phone is wide enough, nothing is heavy or from elsewhere.

axe needs JavaScript: with it off, it would wait for ever in the page.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Request, Response, expect

from tests.browser.people import PHONE, SCREEN, sideways
from tests.fixtures.gallery import make_gallery
from tests.fixtures.serving import serving

pytestmark = pytest.mark.anyio

NAMES = tuple(make_gallery().pages)
ENGLISH, ARABIC, BRANDED = "english", "arabic", "branded"
LOGO = Path(__file__).parents[1] / "fixtures" / "logo.svg"
HEAVY = 60_000
# Pages of one kind differ in words only; one of each is enough where the language or the logo is tried.
SHAPES = ("landing", "landing-huge", "prompt-password-empty", "prompt-consent", "result-approved", "result-displaced")
EVERYTHING = {"resultTypes": ["violations"]}
CONTRAST = {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]}


@pytest.fixture(scope="module")
async def galleries() -> AsyncIterator[dict[str, str]]:
    made = {
        ENGLISH: make_gallery(),
        ARABIC: make_gallery("ar"),
        BRANDED: make_gallery(accent="#ffe600", logo=LOGO, logo_dark=LOGO),
    }
    async with AsyncExitStack() as closing:
        yield {name: await closing.enter_async_context(serving(one.application())) for name, one in made.items()}


@pytest.fixture
async def contexts(chromium: Browser) -> AsyncIterator[list[BrowserContext]]:
    opened: list[BrowserContext] = []
    yield opened
    for context in opened:
        await context.close()


async def new_page(chromium: Browser, contexts: list[BrowserContext], **options: Any) -> Page:
    """Open a new browser; it stands still, as people may ask their device for."""
    context = await chromium.new_context(**{"viewport": SCREEN, "reduced_motion": "reduce", **options})
    contexts.append(context)
    return await context.new_page()


def addresses(galleries: dict[str, str], gallery: str) -> list[str]:
    return [f"{galleries[gallery]}/pages/{name}" for name in NAMES]


async def looked_at(page: Page, address: str) -> list[str]:
    """Return what axe finds on the page at *address*: by every rule in light, by those about colours in dark."""
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    await page.goto(address)
    found = (await Axe().run(page, options=EVERYTHING)).response["violations"]
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += (await Axe().run(page, options=CONTRAST)).response["violations"]
    name = address.rpartition("/")[2]
    return [f"{name}: {one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", NAMES)
async def test_axe_finds_nothing(
    chromium: Browser, contexts: list[BrowserContext], galleries: dict[str, str], name: str
) -> None:
    page = await new_page(chromium, contexts, viewport=PHONE)
    assert await looked_at(page, f"{galleries[ENGLISH]}/pages/{name}") == []


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("gallery", [ARABIC, BRANDED])
async def test_axe_finds_nothing_from_right_to_left_and_with_any_accent_and_logo(
    chromium: Browser, contexts: list[BrowserContext], galleries: dict[str, str], gallery: str, name: str
) -> None:
    page = await new_page(chromium, contexts)
    assert await looked_at(page, f"{galleries[gallery]}/pages/{name}") == []


@pytest.mark.parametrize("gallery", [ENGLISH, ARABIC])
@pytest.mark.parametrize("script", [True, False], ids=["with-a-script", "without-a-script"])
async def test_nothing_scrolls_sideways_on_a_phone(
    chromium: Browser, contexts: list[BrowserContext], galleries: dict[str, str], gallery: str, script: bool
) -> None:
    page = await new_page(chromium, contexts, viewport=PHONE, is_mobile=True, java_script_enabled=script)
    wide: list[str] = []
    for address in addresses(galleries, gallery):
        await page.goto(address)
        if await sideways(page) > 0:
            wide.append(address)
    assert wide == []


async def everything_loaded(page: Page, address: str) -> tuple[list[Response], list[Request]]:
    """Return what came, and what did not, until the page was whole."""
    answers: list[Response] = []
    failed: list[Request] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - a method of a list cannot be given
    page.on("requestfailed", lambda request: failed.append(request))  # noqa: PLW0108 - the same
    await page.goto(address)
    return answers, failed


@pytest.mark.parametrize("gallery", [ENGLISH, BRANDED])
async def test_no_page_is_heavy_or_loads_anything_from_elsewhere(
    chromium: Browser, contexts: list[BrowserContext], galleries: dict[str, str], gallery: str
) -> None:
    wrong: list[str] = []
    for address in addresses(galleries, gallery):
        answers, failed = await everything_loaded(await new_page(chromium, contexts), address)
        weight = sum([len(await answer.body()) for answer in answers])
        elsewhere = [one.url for one in answers if urlsplit(one.url).netloc != urlsplit(address).netloc]
        if weight > HEAVY or elsewhere or failed or len(answers) < 3:
            wrong.append(
                f"{address}: {weight} bytes in {len(answers)} answers, {elsewhere}, {[one.url for one in failed]}"
            )
        await contexts.pop().close()
    assert wrong == []


async def test_a_right_to_left_page_begins_at_the_right(
    chromium: Browser, contexts: list[BrowserContext], galleries: dict[str, str]
) -> None:
    page = await new_page(chromium, contexts)
    await page.goto(f"{galleries[ARABIC]}/pages/landing")

    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    box = page.locator(".headline")
    assert await box.evaluate("it => getComputedStyle(it).borderRightWidth") == "5px"
    assert await box.evaluate("it => getComputedStyle(it).borderLeftWidth") == "1px"


async def test_nothing_moves_for_who_asked_for_that(
    chromium: Browser, contexts: list[BrowserContext], galleries: dict[str, str]
) -> None:
    for motion, expected in (("reduce", 0), ("no-preference", 1)):
        page = await new_page(chromium, contexts, reduced_motion=motion)
        await page.goto(f"{galleries[ENGLISH]}/pages/result-working")
        assert await page.evaluate("document.getAnimations().length") == expected


async def test_without_a_script_a_page_says_how_to_see_the_time_left(
    chromium: Browser, contexts: list[BrowserContext], galleries: dict[str, str]
) -> None:
    page = await new_page(chromium, contexts, java_script_enabled=False)
    await page.goto(f"{galleries[ENGLISH]}/pages/landing")

    await expect(page.locator("main")).to_contain_text("1 minute 58 seconds left, until 13:01 (Berlin time)")
    await expect(page.get_by_role("link", name="Show the time left now")).to_have_attribute("href", "/a/sample")


async def test_with_a_script_the_end_is_told_on_the_clock_of_the_device(
    chromium: Browser, contexts: list[BrowserContext], galleries: dict[str, str]
) -> None:
    page = await new_page(chromium, contexts, timezone_id="America/New_York")
    await page.goto(f"{galleries[ENGLISH]}/pages/landing")

    await expect(page.locator(".time")).to_contain_text("left, until 07:01 by your clock")


async def test_the_message_is_the_largest_text_of_its_page(
    chromium: Browser, contexts: list[BrowserContext], galleries: dict[str, str]
) -> None:
    page = await new_page(chromium, contexts, viewport=PHONE)
    for name in ("landing", "prompt-password", "prompt-consent"):
        await page.goto(f"{galleries[ENGLISH]}/pages/{name}")
        script = "it => parseFloat(getComputedStyle(it).fontSize)"
        sizes = [await one.evaluate(script) for one in await page.locator("main *").all()]
        assert await page.locator(".headline :is(.message, dd)").evaluate(script) == max(sizes) >= 28


async def test_a_text_without_end_scrolls_in_its_own_box_which_the_keyboard_reaches(
    chromium: Browser, contexts: list[BrowserContext], galleries: dict[str, str]
) -> None:
    page = await new_page(chromium, contexts, viewport=PHONE)
    await page.goto(f"{galleries[ENGLISH]}/pages/landing-huge")

    await page.keyboard.press("Tab")
    message = page.locator(".message")
    await expect(message).to_be_focused()
    await page.keyboard.press("End")
    await expect(message).not_to_have_js_property("scrollTop", 0)
    assert await page.evaluate("document.documentElement.scrollHeight") < 2000


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("landing", "prompt"))])
async def test_the_keyboard_reaches_every_control_in_the_order_of_reading_and_shows_where_it_is(
    chromium: Browser, contexts: list[BrowserContext], galleries: dict[str, str], name: str
) -> None:
    page = await new_page(chromium, contexts)
    await page.goto(f"{galleries[ENGLISH]}/pages/{name}")
    wanted = await page.evaluate(
        """() => [...document.querySelectorAll("main :is(a[href], button, input, select, textarea)")]
            .filter(it => it.type !== "hidden" && !it.disabled && !it.closest("noscript"))
            .filter(it => it.type !== "radio" || it.checked)
            .map(it => it.id || it.value || it.href)"""
    )
    seen: list[str] = []
    for _ in range(2 * len(wanted) + 20):
        await page.keyboard.press("Tab")
        here, outline, top = await page.evaluate(
            """() => { const it = document.activeElement;
            return [it.id || it.value || it.href || "", getComputedStyle(it).outlineStyle, it.localName]; }"""
        )
        if top == "body":
            break
        assert outline == "solid", here
        if here in wanted and (not seen or seen[-1] != here):
            seen.append(here)
    assert seen == wanted

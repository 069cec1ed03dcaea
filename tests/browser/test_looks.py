"""Every page in a real browser: axe finds nothing, a phone is wide enough, nothing is heavy or from elsewhere."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.galleries import ARABIC, BRANDED, CONTRAST, ENGLISH, NAMES, Visitor, all_galleries
from tests.browser.people import PHONE, SCREEN, sideways
from tests.fixtures.serving import serving

pytestmark = pytest.mark.anyio

# Pages of one kind differ in words only; one of each is enough where the logo and the accent are tried.
SHAPES = ("landing", "landing-huge", "prompt-password-empty", "prompt-consent", "result-approved", "result-displaced")


@pytest.fixture(scope="module")
async def galleries() -> AsyncIterator[dict[str, str]]:
    async with AsyncExitStack() as closing:
        yield {
            name: await closing.enter_async_context(serving(one.application())) for name, one in all_galleries().items()
        }


@pytest.fixture(scope="module")
async def visitor(chromium: Browser, galleries: dict[str, str]) -> AsyncIterator[Visitor]:
    """Return who goes through the pages on a phone: one browser for all of them, because a new one costs a second."""
    phone: Any = PHONE
    context = await chromium.new_context(viewport=phone, is_mobile=True)
    page = await context.new_page()
    devices = await context.new_cdp_session(page)
    await devices.send("Network.enable")
    await devices.send("Network.setCacheDisabled", {"cacheDisabled": True})
    visitor = Visitor(page=page, origins=galleries)
    visitor.listen()
    yield visitor
    await context.close()


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


@pytest.mark.parametrize("name", NAMES)
async def test_axe_finds_nothing_in_light_in_dark_and_from_right_to_left(visitor: Visitor, name: str) -> None:
    await visitor.open(ENGLISH, name)
    assert await visitor.complaints() == []
    assert await visitor.too_much() == []
    await visitor.darken()
    assert await visitor.complaints() == []

    page = await visitor.open(ARABIC, name)
    assert await page.evaluate("document.documentElement.dir") == "rtl"
    assert await visitor.complaints() == []
    assert await visitor.too_much() == []


@pytest.mark.parametrize("name", SHAPES)
async def test_any_accent_and_logo_can_be_read_and_weigh_little(visitor: Visitor, name: str) -> None:
    await visitor.open(BRANDED, name)
    assert await visitor.complaints() == []
    assert await visitor.too_much() == []
    await visitor.darken()
    assert await visitor.complaints(CONTRAST) == []


async def test_axe_is_really_asked(visitor: Visitor) -> None:
    page = await visitor.open(ENGLISH, "prompt-password")
    await page.evaluate("document.querySelector('label').remove()")
    await page.evaluate("document.querySelector('h1').style.color = '#eee'")

    told = " ".join(await visitor.complaints())

    assert "label:" in told
    assert "color-contrast:" in told


@pytest.mark.parametrize("gallery", [ENGLISH, ARABIC])
async def test_nothing_scrolls_sideways_on_a_phone_without_a_script(
    chromium: Browser, contexts: list[BrowserContext], galleries: dict[str, str], gallery: str
) -> None:
    page = await new_page(chromium, contexts, viewport=PHONE, is_mobile=True, java_script_enabled=False)
    wide: list[str] = []
    for name in NAMES:
        await page.goto(f"{galleries[gallery]}/pages/{name}")
        if await sideways(page) > 0:
            wide.append(name)
    assert wide == []


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


async def test_the_message_is_the_largest_text_of_its_page(visitor: Visitor) -> None:
    for name in ("landing", "prompt-password", "prompt-consent"):
        page = await visitor.open(ENGLISH, name)
        script = "it => parseFloat(getComputedStyle(it).fontSize)"
        sizes = await page.evaluate(f"[...document.querySelectorAll('main *')].map({script})")
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
    visitor: Visitor, name: str
) -> None:
    page = await visitor.open(ENGLISH, name)
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
        # Once round: through the browser's own controls, which this page sees as the body, or past them.
        if top == "body" or here in seen[:-1]:
            break
        assert outline == "solid", here
        if here in wanted and (not seen or seen[-1] != here):
            seen.append(here)
    assert seen == wanted

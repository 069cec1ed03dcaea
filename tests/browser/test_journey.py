"""The person's part in a real browser: with a script and without, by keyboard, on a phone, in two browsers."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.people import PHONE, SCREEN, Desk, heading, press, sideways, sign_in
from tests.fixtures.server import PASSWORD, PERSON

pytestmark = pytest.mark.anyio

LONG = "Überweisung " + "W" * 90 + " مرحبا 🇩🇪 <b>4711</b> " + "x y " * 30


@pytest.mark.parametrize("script", [True, False], ids=["with-a-script", "without-a-script"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_person_approves(desk: Desk, script: bool, scheme: str) -> None:
    asked, link = await desk.ask()
    page = await desk.browser(java_script_enabled=script, color_scheme=scheme)

    answer = await page.goto(link)
    assert answer is not None
    assert answer.status == 200
    assert await heading(page) == "shop asks for your approval"
    await expect(page.locator("main")).to_contain_text("W4SCT")
    await press(page, "Continue")
    await page.get_by_label("Password").fill(PASSWORD)
    await press(page, "Sign in")
    assert await heading(page) == "Do you approve this?"
    await press(page, "Approve")

    assert await heading(page) == "You have approved"
    assert "id_token" in await desk.outcome(asked)
    assert desk.troubles == []


async def test_a_person_denies(desk: Desk) -> None:
    asked, link = await desk.ask()
    page = await desk.browser()

    await sign_in(page, link)
    await press(page, "Deny")

    assert await heading(page) == "You have declined"
    assert (await desk.outcome(asked))["error"] == "access_denied"


async def test_the_style_and_the_script_are_ours_and_are_let_in(desk: Desk) -> None:
    _, link = await desk.ask()
    page = await desk.browser()

    await page.goto(link)
    colour = await page.get_by_role("button", name="Continue").evaluate("button => getComputedStyle(button).color")
    clock = page.locator("time")
    first = await clock.inner_text()
    await expect(clock).not_to_have_text(first)

    assert colour == "rgb(255, 255, 255)"
    assert desk.troubles == []


async def test_a_wrong_password_is_told_and_the_next_one_counts(desk: Desk) -> None:
    asked, link = await desk.ask()
    page = await desk.browser()

    await sign_in(page, link, "not the password")
    assert await heading(page) == "Sign in to continue"
    await expect(page.get_by_role("alert")).to_contain_text("not right")
    await expect(page.get_by_label("Password")).to_have_value("")
    await page.get_by_label("Password").fill(PASSWORD)
    await press(page, "Sign in")
    await press(page, "Approve")

    assert "id_token" in await desk.outcome(asked)


async def test_everything_can_be_done_by_keyboard(desk: Desk) -> None:
    asked, link = await desk.ask(scope="openid profile")
    page = await desk.browser()

    await page.goto(link)
    await tab_to(page, "Continue")
    await follow(page, "Enter")
    await tab_to(page, "Password")
    await page.keyboard.type(PASSWORD)
    await follow(page, "Enter")
    assert await heading(page) == "Do you approve this?"
    await tab_to(page, "Approve")
    await follow(page, "Space")

    assert await heading(page) == "You have approved"
    assert "id_token" in await desk.outcome(asked)


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is called *name* has the focus, and see that the focus can be seen."""
    script = """() => {
        const it = document.activeElement, label = it.labels && it.labels[0];
        return [(label || it).innerText.trim(), getComputedStyle(it).outlineStyle];
    }"""
    for _ in range(20):
        await page.keyboard.press("Tab")
        said, outline = await page.evaluate(script)
        if said.startswith(name):
            assert outline == "solid"
            return
    raise AssertionError(f"Tab does not lead to {name!r}")


async def follow(page: Page, key: str) -> None:
    async with page.expect_navigation(wait_until="load"):
        await page.keyboard.press(key)


@pytest.mark.parametrize("script", [True, False], ids=["with-a-script", "without-a-script"])
async def test_on_a_phone_nothing_scrolls_sideways_and_buttons_fit_a_thumb(desk: Desk, script: bool) -> None:
    _, link = await desk.ask(binding_message=LONG[:256], scope="openid profile email phone")
    page = await desk.browser(viewport=PHONE, has_touch=True, is_mobile=True, java_script_enabled=script)
    seen: list[str] = []

    async def look() -> None:
        seen.append(await heading(page))
        assert await sideways(page) <= 0
        for button in await page.get_by_role("button").all():
            box = await button.bounding_box()
            assert box is not None
            assert box["height"] >= 44
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE["width"]

    await page.goto(link)
    await look()
    await press(page, "I did not start this")
    await look()
    await press(page, "Go back")
    await page.get_by_label("Password").fill("not the password")
    await press(page, "Sign in")
    await look()
    await page.get_by_label("Password").fill(PASSWORD)
    await press(page, "Sign in")
    await look()
    await press(page, "Approve")
    await look()

    assert len(set(seen)) == 5


async def test_what_is_shown_is_what_was_sent(desk: Desk) -> None:
    message = LONG[:256].rstrip()
    _, link = await desk.ask(binding_message=message)
    page = await desk.browser()

    await page.goto(link)

    assert await page.locator(".message bdi").evaluate("node => node.textContent") == message


async def test_once_signed_in_the_other_browser_is_told(desk: Desk) -> None:
    asked, link = await desk.ask()
    phone, computer = await desk.browser(viewport=PHONE), await desk.browser(viewport=SCREEN)

    await computer.goto(link)
    await press(computer, "Continue")
    await sign_in(phone, link)
    await computer.get_by_label("Password").fill(PASSWORD)
    await press(computer, "Sign in")

    assert await heading(computer) == "Continued in another browser"
    await press(phone, "Approve")
    assert await heading(phone) == "You have approved"
    await computer.goto(link)
    assert await heading(computer) == "This request is already decided"
    assert "id_token" in await desk.outcome(asked)


async def test_an_open_page_turns_to_expired_by_itself(desk: Desk) -> None:
    asked, link = await desk.ask(requested_expiry="4")
    page = await desk.browser(java_script_enabled=False)

    await page.goto(link)
    await expect(page.get_by_role("heading", level=1)).to_have_text("This request has expired", timeout=15_000)
    answer = await page.goto(link)

    assert answer is not None
    assert answer.status == 410
    assert (await desk.outcome(asked))["error"] == "expired_token"


@pytest.mark.parametrize("script", [True, False], ids=["with-a-script", "without-a-script"])
async def test_who_did_not_start_it_stops_it_with_a_ticked_box(desk: Desk, script: bool) -> None:
    asked, link = await desk.ask()
    page = await desk.browser(java_script_enabled=script)

    await page.goto(link)
    await press(page, "I did not start this")
    assert await heading(page) == "Stop this request?"
    await press(page, "Stop the request")
    await expect(page.get_by_role("alert")).to_contain_text("tick the box")
    await page.get_by_role("checkbox").check()
    await press(page, "Stop the request")

    assert await heading(page) == "The request is stopped"
    assert (await desk.outcome(asked))["error"] == "access_denied"


async def test_going_back_and_reloading_after_the_decision_decides_nothing_twice(desk: Desk) -> None:
    asked, link = await desk.ask()
    page = await desk.browser()
    await sign_in(page, link)
    await press(page, "Approve")
    assert "id_token" in await desk.outcome(asked)

    await page.reload()
    assert await heading(page) == "You have approved"
    await page.goto(link)
    assert await heading(page) == "You have approved"


async def test_an_impatient_double_click_loses_nothing(desk: Desk) -> None:
    asked, link = await desk.ask()
    page = await desk.browser(java_script_enabled=False)

    await page.goto(link)
    await press(page, "Continue")
    await page.get_by_label("Password").fill(PASSWORD)
    # The second click ends the navigation of the first: what counts is where the person comes out once both are over.
    await page.get_by_role("button", name="Sign in").dblclick()
    await page.wait_for_load_state("networkidle")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Do you approve this?")
    await press(page, "Approve")
    assert await heading(page) == "You have approved"

    assert "id_token" in await desk.outcome(asked)


async def test_no_cookie_can_be_read_by_a_script_and_the_link_goes_to_nobody(desk: Desk) -> None:
    _, link = await desk.ask()
    page = await desk.browser()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(f"{request.url} {request.headers.get('referer', '')}"))

    await sign_in(page, link)

    assert await page.evaluate("document.cookie") == ""
    token = link.rpartition("/")[2]
    referrers = [line.partition(" ")[2] for line in requests]
    assert not [referrer for referrer in referrers if token in referrer]
    assert all(line.startswith(desk.lockhouse.url) for line in requests)


async def test_pages_say_their_language_and_every_field_has_a_name(desk: Desk) -> None:
    _, link = await desk.ask(scope="openid profile")
    page = await desk.browser()

    await page.goto(link)
    await named(page)
    await press(page, "Continue")
    await named(page)
    await page.get_by_label("Password").fill(PASSWORD)
    await press(page, "Sign in")
    await named(page)


async def named(page: Page) -> None:
    assert await page.locator("html").get_attribute("lang") == "en"
    assert await page.locator("h1").count() == 1
    assert re.fullmatch(r".+ · Lockhouse", await page.title())
    nameless = await page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]"
        ".filter(field => !field.labels.length || !field.labels[0].innerText.trim()).length"
    )
    assert nameless == 0


async def test_the_person_is_never_named_to_who_holds_only_the_link(desk: Desk) -> None:
    _, link = await desk.ask()
    page = await desk.browser()

    await page.goto(link)
    assert PERSON not in await page.content()
    await press(page, "Continue")

    assert PERSON not in await page.content()

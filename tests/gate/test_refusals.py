"""What the gate refuses over HTTP, and what each of its answers forbids a browser."""

import re

import pytest

from engine.storage import Database
from tests.gate.world import ISSUER, LINK, PASSWORD, World, make_world, with_csrf_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_a_form_from_elsewhere_is_refused(world: World, headers: dict[str, str]) -> None:
    ann = world.browser()
    await ann.open()
    form = ann.page.forms[0]
    page = await ann.send(form, form.pairs(form.button("Continue"), {}), **headers)
    assert (page.status, page.heading) == (403, "Please try again")
    assert world.links.opened == []


async def test_a_browser_that_hides_its_origin_vouches_by_fetch_metadata(world: World) -> None:
    ann = world.browser()
    await ann.open()
    form = ann.page.forms[0]
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert (await ann.send(form, form.pairs(form.button("Continue"), {}), **headers)).heading == "Sign in"


async def test_a_form_without_the_browsers_own_token_is_refused(world: World) -> None:
    ann, eve = world.browser(), world.browser()
    await ann.open()
    await eve.open()
    form = eve.page.forms[0]
    for pairs in ([("action", "continue")], form.pairs(form.button("Continue"), {})):
        assert (await ann.send(form, pairs)).status == 403
    ann.http.cookies.clear()
    assert (await ann.send(form, form.pairs(form.button("Continue"), {}))).status == 403
    assert world.links.opened == []


async def test_a_browser_without_its_attempt_is_told_to_start_again(world: World) -> None:
    ann, eve = world.browser(), world.browser()
    await ann.open()
    await ann.press("Continue")
    await eve.open()
    theirs, mine = ann.page.forms[0], eve.page.forms[0]
    pairs = with_csrf_of(mine, theirs.pairs(theirs.button("Sign in"), {"password": PASSWORD}))
    page = await eve.send(theirs, pairs)
    assert (page.status, page.heading) == (409, "Blue Harbour Books asks for your approval")
    assert world.journeys.submitted == []


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b'{"action": "continue"}', "application/json", 415),
        (b"a=" + b"x" * 100_000, "application/x-www-form-urlencoded", 413),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_what_is_no_form_is_refused(world: World, content: bytes, media_type: str, status: int) -> None:
    browser = world.browser()
    answer = await browser.http.post(
        f"/a/{LINK}", content=content, headers={"Content-Type": media_type, "Origin": ISSUER}
    )
    assert answer.status_code == status


async def test_other_methods_are_answered_with_those_allowed(world: World) -> None:
    answer = await world.browser().http.delete(f"/a/{LINK}")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "POST"}


async def test_every_answer_forbids_what_no_page_of_ours_needs(world: World) -> None:
    browser = world.browser()
    answers = [
        await browser.http.get(f"/a/{LINK}"),
        await browser.http.get("/a/nothing"),
        await browser.http.post(f"/a/{LINK}"),
    ]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "strict-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy


async def test_pages_have_no_inline_style_script_or_handler(world: World) -> None:
    ann = world.browser()
    await ann.sign_in()
    for page in (ann.page, await world.browser().open(), await world.browser().open("/a/x")):
        assert " style=" not in page.html
        assert "<style" not in page.html
        assert not re.search(r"<[^>]* on[a-z]+=", page.html)
        assert page.html.count("<script") == 1
        assert "<script src=" in page.html


async def test_files_are_kept_for_good_under_the_name_of_their_content(world: World) -> None:
    browser = world.browser()
    html = (await browser.open()).html
    for start in ('href="/gate/', 'src="/gate/'):
        path = "/gate/" + html.split(start)[1].split('"')[0]
        answer = await browser.http.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert (await browser.http.get("/gate/other.css")).status_code == 404
    assert (await browser.http.get("/favicon.ico")).headers["content-type"] == "image/svg+xml"

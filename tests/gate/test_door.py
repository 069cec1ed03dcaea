"""The gate over HTTP: a journey through its pages, and everything that must not happen on the way."""

from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest

from engine import Step
from engine.storage import Database
from lockhouse.gate import GateSettings
from tests.gate.steps import ask_consent, field, prompt
from tests.gate.world import LINK, NOON, PASSWORD, World, make_world, open_request, with_csrf_of

pytestmark = pytest.mark.anyio

HOSTILE = '<script>alert(1)</script> "quoted" & مرحبا 🇩🇪 ' + "W" * 10_000


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


async def test_a_person_reads_signs_in_chooses_and_approves(world: World) -> None:
    ann = world.browser()
    landing = await ann.open()
    assert landing.status == 200
    assert landing.heading == "Blue Harbour Books asks for your approval"
    assert all(words in landing.text for words in ("Order 4711", "Know who you are", "Pay 12 €", "Once"))
    await ann.press("Continue")
    assert ann.page.heading == "Sign in"
    await ann.press("Sign in", password=PASSWORD)
    assert ann.page.heading == "Do you allow this?"
    done = await ann.press("Allow")
    assert (done.status, done.heading) == (200, "You have approved")
    assert world.journeys.submitted[-1] == {"granted": ["openid", "pay"]}
    assert (await ann.open()).heading == "You have approved"


async def test_opening_a_link_changes_nothing(world: World, sqlite_database: Database) -> None:
    for _ in range(50):
        assert (await world.browser().open()).status == 200
    assert world.links.opened == []
    assert world.journeys.steps == {}


async def test_what_was_taken_out_is_not_sent_and_what_is_required_stays(world: World) -> None:
    ann = world.browser()
    await ann.sign_in()
    form = ann.page.forms[0]
    pairs = [pair for pair in form.pairs(form.button("Allow"), {}) if pair != ("granted:list", "pay")]
    await ann.send(form, pairs)
    assert world.journeys.submitted[-1] == {"granted": ["openid"]}


async def test_refusing_needs_no_field(world: World) -> None:
    ann = world.browser()
    await ann.sign_in()
    assert (await ann.press("Deny")).heading == "You have declined"


async def test_a_wrong_password_shows_the_step_again_with_its_message_and_an_empty_field(world: World) -> None:
    ann = world.browser()
    await ann.open()
    await ann.press("Continue")
    page = await ann.press("Sign in", password="hunter2-canary")
    assert (page.status, page.heading) == (200, "Sign in")
    assert "That was not right." in page.text
    assert "hunter2-canary" not in page.html


async def test_a_field_left_empty_is_named_and_the_step_stays(world: World) -> None:
    ann = world.browser()
    await ann.open()
    await ann.press("Continue")
    page = await ann.press("Sign in", password="")
    assert page.status == 422
    assert "Please fill this in." in page.text
    assert 'aria-invalid="true"' in page.html
    assert 'href="#field-password"' in page.html
    assert (await ann.press("Sign in", password=PASSWORD)).heading == "Do you allow this?"


async def test_a_form_without_a_button_is_asked_for_one(world: World) -> None:
    ann = world.browser()
    await ann.open()
    await ann.press("Continue")
    form = ann.page.forms[0]
    page = await ann.send(form, form.pairs(None, {"password": PASSWORD}))
    assert page.status == 422
    assert world.links.requests[LINK].claimed_by is None


async def test_a_form_of_an_earlier_step_is_answered_with_the_current_one(world: World) -> None:
    ann = world.browser()
    await ann.open()
    await ann.press("Continue")
    old = ann.page.forms[0]
    await ann.press("Sign in", password=PASSWORD)
    new = ann.page.forms[0]
    stale = with_csrf_of(new, old.pairs(old.button("Sign in"), {"password": PASSWORD}))
    page = await ann.send(old, stale)
    assert (page.status, page.heading) == (409, "Do you allow this?")


async def test_not_me_on_the_first_page_leads_to_a_page_with_a_box_and_stops_nothing(world: World) -> None:
    ann = world.browser()
    await ann.open()
    page = await ann.press("I did not start this")
    assert page.heading == "Stop this request?"
    assert world.links.requests[LINK].status == "pending"
    assert (await ann.press("Stop it")).status == 422
    assert world.links.requests[LINK].status == "pending"
    form = ann.page.forms[0]
    page = await ann.send(form, [*form.pairs(form.button("Stop it"), {}), ("sure:list", "yes")])
    assert page.heading == "The request is stopped"


async def test_a_scanner_that_sends_every_form_it_finds_decides_nothing(world: World) -> None:
    scanner = world.browser()
    await scanner.open()
    seen: set[str] = set()
    for _ in range(20):
        for form in scanner.page.forms:
            for button in [*form.buttons, None]:
                seen.add(scanner.page.heading)
                await scanner.send(form, form.pairs(button, {}))
        await scanner.open()
    assert "Sign in" in seen
    assert world.links.requests[LINK] == open_request()
    ann = world.browser()
    await ann.sign_in()
    assert (await ann.press("Allow")).heading == "You have approved"


async def test_a_second_press_of_the_first_button_opens_no_second_attempt(world: World) -> None:
    ann = world.browser()
    await ann.open()
    form = ann.page.forms[0]
    for _ in range(3):
        await ann.send(form, form.pairs(form.button("Continue"), {}))
    assert len(world.links.opened) == 1


async def test_whoever_comes_after_the_claim_is_sent_to_the_other_browser(world: World) -> None:
    first, second = world.browser(), world.browser()
    await second.open()
    await second.press("Continue")
    await first.sign_in()
    page = await second.press("Sign in", password=PASSWORD)
    assert (page.status, page.heading) == (409, "Continued in another browser")
    assert (await second.open()).status == 409
    assert (await world.browser().open()).heading == "Continued in another browser"
    assert (await first.press("Allow")).heading == "You have approved"


async def test_a_fourth_browser_takes_the_turn_of_the_first_which_may_take_it_back(world: World) -> None:
    browsers = [world.browser() for _ in range(4)]
    for browser in browsers:
        await browser.open()
        await browser.press("Continue")
    page = await browsers[0].open()
    assert (page.status, page.heading) == (409, "Opened in other browsers")
    assert (await browsers[0].press("Continue here")).heading == "Sign in"


async def test_a_decided_request_says_only_that(world: World) -> None:
    ann = world.browser()
    await ann.sign_in()
    await ann.press("Allow")
    page = await world.browser().open()
    assert (page.status, page.heading) == (410, "This request is already decided")
    assert not page.forms
    assert "Blue Harbour" not in page.text


async def test_an_expired_request_says_so_to_get_and_to_post(world: World) -> None:
    ann = world.browser()
    await ann.open()
    world.clock.advance(seconds=121)
    assert (await ann.press("Continue")).status == 410
    page = await ann.open()
    assert (page.status, page.heading) == (410, "This request has expired")


async def test_where_the_guard_says_no_the_page_is_neutral(world: World) -> None:
    world.links.requests[LINK] = open_request(allowed=False)
    page = await world.browser().open()
    assert (page.status, page.heading) == (410, "This request is not available")
    assert "Blue Harbour" not in page.text
    assert "Order 4711" not in page.html


@pytest.mark.parametrize("path", [f"/a/{'X' * 43}", "/a/x", f"/a/{LINK[:-1]}", f"/a/{LINK}%0A", "/a/%3Cscript%3E"])
async def test_a_link_with_a_wrong_character_is_not_known(world: World, path: str) -> None:
    page = await world.browser().open(path)
    assert (page.status, page.heading) == (404, "We do not know this link")
    assert "<script>" not in page.html


async def test_who_is_signed_in_as_somebody_else_signs_out_first(world: World) -> None:
    ann = world.browser()
    await ann.sign_in()
    await ann.press("Allow")
    other = "M" * 43
    world.links.requests[other] = open_request(request_id="r2", subject="ben")
    page = await ann.open(f"/a/{other}")
    assert (page.status, page.heading) == (403, "This is for somebody else")
    page = await ann.press("Sign out and continue")
    assert page.heading == "Blue Harbour Books asks for your approval"


async def test_a_signed_in_browser_signs_in_again_for_the_next_request(world: World) -> None:
    ann = world.browser()
    await ann.sign_in()
    other = "M" * 43
    world.links.requests[other] = open_request(request_id="r2")
    await ann.open(f"/a/{other}")
    assert (await ann.press("Continue")).heading == "Sign in"


async def test_the_cookie_is_new_after_signing_in_and_the_old_one_is_worth_nothing(world: World) -> None:
    ann, thief = world.browser(), world.browser()
    await ann.open()
    await ann.press("Continue")
    old = ann.cookie
    await ann.press("Sign in", password=PASSWORD)
    assert ann.cookie
    assert ann.cookie != old
    thief.http.cookies.set("__Host-lockhouse", old, domain="id.example")
    assert (await thief.open()).heading == "Continued in another browser"
    assert (await ann.open()).heading == "Do you allow this?"


async def test_an_answer_that_was_lost_after_the_password_is_found_again(world: World) -> None:
    ann, again = world.browser(), world.browser()
    await ann.open()
    await ann.press("Continue")
    form, old = ann.page.forms[0], ann.cookie
    ann.http.follow_redirects = False
    await ann.send(form, form.pairs(form.button("Sign in"), {"password": PASSWORD}))
    again.http.cookies.set("__Host-lockhouse", old, domain="id.example")
    page = await again.open()
    assert page.heading == "Do you allow this?"
    assert (await again.press("Allow")).heading == "You have approved"


async def test_a_step_that_works_is_waited_for_with_a_page_that_reloads(world: World) -> None:
    ann = world.browser()
    await ann.open()
    await ann.press("Continue")
    world.journeys.looks_that_work = 2
    page = await ann.open()
    assert (page.status, page.heading) == (200, "One moment")
    assert page.goes_on
    assert '<meta http-equiv="refresh" content="2">' in page.html
    assert (await ann.open()).heading == "Sign in"


async def test_texts_of_others_stay_texts_exactly_as_sent(world: World) -> None:
    world.links.requests[LINK] = open_request(requester=HOSTILE[:60], binding_message=HOSTILE)
    ann = world.browser()
    page = await ann.open()
    assert "<script>alert" not in page.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &#34;quoted&#34; &amp; مرحبا 🇩🇪 " + "W" * 10_000 in page.html
    await ann.press("Continue")
    execution = world.links.opened[0]
    hostile = prompt(field("why", "string", label=HOSTILE), execution=execution, title=ask_consent("e").title)
    world.journeys.steps[execution] = replace(hostile, node="other")
    page = await ann.open()
    assert "<script>alert" not in page.html


async def test_what_was_typed_comes_back_with_the_problem_but_never_a_password(world: World) -> None:
    ann = world.browser()
    await ann.open()
    await ann.press("Continue")
    execution = world.links.opened[0]
    world.journeys.steps[execution] = replace(
        prompt(field("name", "string"), field("password", "password"), execution=execution), node="other"
    )
    await ann.open()
    page = await ann.press("Send", name="<Ann>", password="canary-secret")
    assert page.status == 422
    assert "&lt;Ann&gt;" in page.html
    assert "canary-secret" not in page.html


async def test_an_execution_that_is_gone_lets_the_person_start_again(world: World) -> None:
    ann = world.browser()
    await ann.open()
    await ann.press("Continue")
    world.journeys.steps.clear()
    assert (await ann.open()).heading == "Blue Harbour Books asks for your approval"
    assert (await ann.press("Continue")).heading == "Sign in"


async def test_development_over_http_serves_with_a_plain_cookie(sqlite_database: Database) -> None:
    settings = GateSettings(issuer="http://localhost:8400", development=True)
    world = make_world(sqlite_database, settings=settings)
    transport = httpx2.ASGITransport(app=world.app)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.issuer) as http:
        answer = await http.get(f"/a/{LINK}")
    assert answer.headers["set-cookie"].startswith("lockhouse=")
    assert "secure" not in answer.headers["set-cookie"].lower()


async def test_time_left_is_the_lesser_of_request_and_step(world: World) -> None:
    ann = world.browser()
    assert "2 minutes left" in (await ann.open()).text
    await ann.press("Continue")
    execution = world.links.opened[0]
    world.journeys.steps[execution] = replace(world.journeys.steps[execution], expires_at=NOON + timedelta(seconds=61))
    page = await ann.open()
    assert "1 minute 1 second left" in page.text
    assert '<meta http-equiv="refresh" content="62">' in page.html


async def test_an_end_that_nobody_foresaw_is_still_an_end(world: World) -> None:
    ann = world.browser()
    await ann.open()
    await ann.press("Continue")
    execution = world.links.opened[0]
    world.journeys.steps[execution] = Step(
        execution=execution, flow="f", status="ended", outcome="fault", result={"code": "x"}
    )
    page = await ann.open()
    assert (page.status, page.heading) == (410, "This did not work")

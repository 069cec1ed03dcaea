"""The page for the codes of devices: asked for, judged, and nothing changed by looking."""

from datetime import datetime

import httpx2
import pytest
from starlette.applications import Starlette

from engine.storage import Database, Keyring, Unit
from lockhouse.gate import GateSettings, gate_routes
from tests.fixtures.pages import Page
from tests.gate.world import ISSUER, Clock, Journeys, Links

pytestmark = pytest.mark.anyio


class Codes:
    """One code is right; after three wrong ones there are too many."""

    def __init__(self) -> None:
        self.typed: list[str] = []

    def lead(self, unit: Unit, text: str, *, link: str, now: datetime) -> str:
        if text == "WDJB-MJHT":
            return "found"
        # Units may run twice; what they bring about is the same then.
        self.typed = [*dict.fromkeys((*self.typed, text))]
        return "wrong" if len(self.typed) <= 3 else "too_many"


@pytest.fixture
def app(sqlite_database: Database) -> Starlette:
    clock = Clock()
    links = Links()
    routes = gate_routes(
        requests=links,
        engine=Journeys(clock=clock, links=links),
        database=sqlite_database,
        keyring=Keyring({"k1": bytes(32)}, "k1"),
        clock=clock,
        settings=GateSettings(issuer=ISSUER),
        codes=Codes(),
    )
    return Starlette(routes=routes)


def browser(app: Starlette) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(transport=transport, base_url=ISSUER, headers={"Origin": ISSUER})


async def opened(http: httpx2.AsyncClient, query: str = "") -> dict[str, str]:
    page = Page.of(await http.get(f"/device{query}"))
    return dict(page.forms[0].pairs(page.forms[0].button("Continue"), {}))


async def test_the_code_of_the_address_is_filled_in_and_nothing_else_happens(app: Starlette) -> None:
    async with browser(app) as http:
        form = await opened(http, "?user_code=WDJB-MJHT")

    assert form["user_code"] == "WDJB-MJHT"


async def test_a_right_code_leads_to_a_page_of_its_own(app: Starlette) -> None:
    async with browser(app) as http:
        form = await opened(http)
        answer = await http.post("/device", data={**form, "user_code": "WDJB-MJHT"})

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/a/")
    assert len(answer.headers["location"]) == 46


async def test_wrong_codes_are_said_to_be_wrong_until_there_are_too_many(app: Starlette) -> None:
    async with browser(app) as http:
        form = await opened(http)
        answers = [await http.post("/device", data={**form, "user_code": f"BBBB{letter}"}) for letter in "BCDF"]

    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
    assert "No device waits with this code" in answers[0].text
    assert "Too many wrong codes" in answers[3].text
    assert 'value="BBBBB"' in answers[0].text


@pytest.mark.parametrize("broken", ["csrf", "origin", "cookie", "body"])
async def test_a_form_that_is_not_ours_leads_nowhere(app: Starlette, broken: str) -> None:
    async with browser(app) as http:
        form = {**(await opened(http)), "user_code": "WDJB-MJHT"}
        if broken == "cookie":
            http.cookies.clear()
        headers = {"Origin": "https://evil.example"} if broken == "origin" else {}
        if broken == "body":
            answer = await http.post("/device", content=b"{}", headers={"Content-Type": "application/json"})
        else:
            sent = {**form, "csrf": "x"} if broken == "csrf" else form
            answer = await http.post("/device", data=sent, headers=headers)

    assert answer.status_code == (415 if broken == "body" else 403)
    assert "location" not in answer.headers


async def test_what_was_typed_is_shown_harmless_and_short(app: Starlette) -> None:
    async with browser(app) as http:
        answer = await http.get("/device", params={"user_code": '"><script>alert(1)</script>' + "x" * 100})

    assert "<script>alert" not in answer.text
    assert "x" * 20 not in answer.text

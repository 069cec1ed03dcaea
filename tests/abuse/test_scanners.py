"""Programs that open links before people do: they change nothing, and the person still decides."""

from collections import deque

import pytest

from tests.abuse.attacks import Who, attack
from tests.fixtures.books import Books
from tests.fixtures.mail_server import MailServer
from tests.fixtures.pages import Page, Visitor
from tests.fixtures.relying_party import Asked, Person, RelyingParty
from tests.fixtures.server import patience

SCANNER: Who = "a mail scanner"
MOST = 120


@pytest.fixture
def asked(client: RelyingParty) -> Asked:
    """Return a request that waits for its person."""
    return client.ask(requested_expiry="600")


@pytest.fixture
def link(asked: Asked, mail_server: MailServer, books: Books) -> str:
    """Return its link, once the database has come to rest."""
    for _ in patience(20):
        if all(row["done_at"] for row in books.rows("SELECT done_at FROM engine_outbox")):
            break
    return asked.link(mail_server)


def submit_everything(visitor: Visitor, link: str, *, junk: str) -> int:
    """Open *link* and send every form that leads anywhere, with every button and with none; return how many."""
    seen: set[object] = set()
    sent = 0
    waiting: deque[Page] = deque([visitor.open(link)])
    while waiting and sent < MOST:
        page = waiting.popleft()
        for form in page.forms:
            for button in (*form.buttons, None):
                pairs = form.pairs(button, {name: junk for name, value in form.inputs if not value})
                # A form is another one when it is for another step, but not when only its CSRF token is new.
                mark = (form.action, tuple(pair for pair in pairs if pair[0] != "csrf"))
                if mark in seen or sent >= MOST:
                    continue
                seen.add(mark)
                sent += 1
                visitor.page = page
                waiting.append(visitor.send(form, pairs))
    return sent


def still_decides(asked: Asked, link: str) -> None:
    """The person opens the link, signs in, allows, and the client has its tokens."""
    assert asked.poll().json()["error"] in {"authorization_pending", "slow_down"}
    with Person.at(link) as person:
        person.approve()
        assert person.page.heading == "You have approved", person.page.text
    assert "access_token" in asked.outcome()


@attack(SCANNER, "opens the link, again and again", "looking changes nothing")
def test_fifty_looks_change_nothing(asked: Asked, link: str, books: Books) -> None:
    before = books.tables()

    with Visitor() as keeping_cookies:
        pages = {keeping_cookies.open(link).status for _ in range(25)}
    for _ in range(25):
        with Visitor() as fresh:
            pages.add(fresh.open(link).status)

    assert pages == {200}
    assert books.tables() == before
    still_decides(asked, link)


@attack(SCANNER, "looks with HEAD", "looking changes nothing")
def test_a_look_with_head_changes_nothing(asked: Asked, link: str, books: Books) -> None:
    before = books.tables()

    with Visitor() as visitor:
        answer = visitor.http.head(link)

    assert (answer.status_code, answer.content) == (200, b"")
    assert books.tables() == before
    still_decides(asked, link)


@attack(
    SCANNER,
    "submits every form that it finds, with every button",
    "only a password decides, and to stop needs a box ticked",
)
def test_a_scanner_that_submits_every_form_decides_nothing(asked: Asked, link: str) -> None:
    with Visitor() as scanner:
        assert submit_everything(scanner, link, junk="") > 2

    still_decides(asked, link)


@attack(
    SCANNER, "comes several times, before the person", "three open attempts at most, of which none claims the request"
)
def test_several_scanners_that_submit_every_form_decide_nothing(asked: Asked, link: str) -> None:
    for _ in range(5):
        with Visitor() as scanner:
            submit_everything(scanner, link, junk="")

    still_decides(asked, link)


@attack(SCANNER, "sends a form from another site", "the origin must be ours, and the token that of the cookie")
def test_a_form_from_another_site_is_refused(asked: Asked, link: str, books: Books) -> None:
    with Visitor() as visitor:
        page = visitor.open(link)
        before = books.tables()
        pairs = page.forms[0].pairs(page.forms[0].button("continue"), {})

        body = "&".join(f"{name}={value}" for name, value in pairs)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        foreign = visitor.http.post(link, content=body, headers={**kind, "Origin": "https://evil.example"})
        forged = visitor.http.post(
            link, content=body.replace("csrf=", "csrf=x"), headers={**kind, "Origin": page.url.split("/a/")[0]}
        )

    assert (foreign.status_code, forged.status_code) == (403, 403)
    assert books.tables() == before
    still_decides(asked, link)


@attack(SCANNER, "frames or caches the page", "headers forbid frames, scripts of others and storing")
def test_pages_protect_themselves(asked: Asked, link: str) -> None:
    with Visitor() as visitor:
        headers = visitor.open(link).headers

    assert headers["referrer-policy"] == "strict-origin"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    still_decides(asked, link)

"""Somebody has the link of a request, forwarded or found, and does not know the password."""

import pytest

from tests.abuse.attacks import Who, attack
from tests.fixtures.mail_server import MailServer
from tests.fixtures.pages import Visitor
from tests.fixtures.relying_party import Asked, Person, RelyingParty

HOLDER: Who = "somebody who holds the link and not the password"
WRONG = "not the password of anybody"


@pytest.fixture
def asked(client: RelyingParty) -> Asked:
    """Return a request that waits for its person."""
    return client.ask(requested_expiry="600")


def stop_unverified(person: Person) -> None:
    """Say "not me" without signing in, and tick the box."""
    person.press("not_me")
    tick = {name: [value] for form in person.page.forms for name, value, _ in form.boxes}
    person.press(person.page.forms[0].buttons[0].value, **tick)


@attack(
    HOLDER, "guesses the password", "five tries for each request, which is then denied; the person is not locked out"
)
def test_guesses_end_one_request_and_lock_nobody_out(
    asked: Asked, client: RelyingParty, mail_server: MailServer
) -> None:
    link = asked.link(mail_server)
    with Person.at(link) as guesser:
        guesser.sign_in(WRONG)
        for _ in range(4):
            guesser.press("submit", password=WRONG)
        assert not guesser.page.offers("submit"), guesser.page.text
    assert asked.outcome()["error"] == "access_denied"

    again = client.ask(requested_expiry="600")
    with Person.at(again.link(mail_server)) as person:
        person.settle()
        person.approve()
    assert "access_token" in again.outcome()


@attack(HOLDER, "refuses in the person's name", "it ends this request alone, and blocks nobody")
def test_a_refusal_without_a_password_blocks_nobody(
    asked: Asked, client: RelyingParty, mail_server: MailServer
) -> None:
    with Person.at(asked.link(mail_server)) as holder:
        stop_unverified(holder)
    assert asked.outcome()["error"] == "access_denied"
    assert client.begin().status_code == 200


@attack(
    HOLDER, "keeps the person out by opening the link many times", "a fourth attempt ends the oldest, not the person"
)
def test_many_open_attempts_keep_nobody_out(asked: Asked, mail_server: MailServer) -> None:
    link = asked.link(mail_server)
    holders = [Person.at(link) for _ in range(5)]
    for holder in holders:
        holder.press("continue")
    with Person.at(link) as person:
        person.approve()
        assert person.page.heading == "You have approved", person.page.text
    for holder in holders:
        holder.close()
    assert "access_token" in asked.outcome()


@attack(HOLDER, "goes on in another browser where the person signed in", "the browser that proved the password decides")
def test_another_browser_does_not_get_the_decision(asked: Asked, mail_server: MailServer) -> None:
    link = asked.link(mail_server)
    with Person.at(link) as holder, Person.at(link) as person:
        holder.press("continue")
        person.sign_in()
        page = holder.open(link)
        assert not page.offers("allow"), page.text
        person.press("allow")
    assert "access_token" in asked.outcome()


@attack(HOLDER, "finds the auth_req_id in the link", "a link has its own random text, and only its hash is kept")
def test_the_link_tells_nothing_of_the_request(asked: Asked, client: RelyingParty, mail_server: MailServer) -> None:
    token = asked.link(mail_server).rpartition("/")[2]
    assert asked.auth_req_id not in token
    form = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": token}
    assert client.post("/oauth2/token", form).json()["error"] == "invalid_grant"


@attack(HOLDER, "uses the link once its request is over", "a link dies with its request")
def test_a_dead_link_opens_nothing(asked: Asked, mail_server: MailServer) -> None:
    link = asked.link(mail_server)
    with Person.at(link) as person:
        person.approve()
    with Visitor() as later:
        page = later.open(link)
        assert not page.offers("continue"), page.text

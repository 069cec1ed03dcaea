"""Several browsers, several people and one link, against a real server: who may go on, and where."""

from collections.abc import Iterator

import pytest

from tests.fixtures.relying_party import Asked, Person, RelyingParty, link_in, mail_number
from tests.fixtures.server import PASSWORD, Lockhouse, running


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lockhouse]:
    with running(tmp_path_factory.mktemp("gate") / "op") as started:
        started.add_person("ben", PASSWORD)
        yield started


@pytest.fixture
def client(lockhouse: Lockhouse) -> Iterator[RelyingParty]:
    party = RelyingParty(lockhouse=lockhouse)
    yield party
    party.close()


def ask(client: RelyingParty, **parameters: str) -> tuple[Asked, str]:
    before = len(client.lockhouse.mails())
    asked = client.ask(**parameters)
    return asked, link_in(mail_number(client.lockhouse, before + 1))


def test_a_fourth_browser_takes_the_turn_of_the_first_which_takes_it_back_and_approves(client: RelyingParty) -> None:
    asked, link = ask(client)
    people = [Person.at(link) for _ in range(4)]
    for person in people:
        person.press("continue")

    page = people[0].open(link)
    assert (page.status, page.heading) == (409, "Opened in other browsers")
    people[0].press("continue")
    people[0].sign_in()
    people[0].press("allow")

    assert people[0].page.heading == "You have approved"
    assert [person.open(link).heading for person in people[1:]] == ["This request is already decided"] * 3
    assert "access_token" in asked.outcome()
    for person in people:
        person.close()


def test_a_browser_of_somebody_else_has_to_sign_out_first(client: RelyingParty) -> None:
    asked, link = ask(client)
    other, other_link = ask(client, login_hint="ben@example.com")
    with Person.at(link) as person:
        person.approve()
        page = person.open(other_link)
        assert (page.status, page.heading) == (403, "This is for somebody else")
        person.press("sign_out")
        person.deny()
        assert person.page.heading == "You have declined"
    assert "access_token" in asked.outcome()
    assert other.outcome()["error"] == "access_denied"


def test_a_signed_in_browser_is_asked_for_the_password_again(client: RelyingParty) -> None:
    _, first = ask(client)
    _, second = ask(client)
    with Person.at(first) as person:
        person.approve()
        person.open(second)
        person.press("continue")
        assert person.page.heading == "Sign in to continue"


def test_too_many_wrong_passwords_stop_this_request_and_say_so(client: RelyingParty) -> None:
    asked, link = ask(client)
    with Person.at(link) as person:
        person.press("continue")
        for _ in range(5):
            person.press("submit", password="not the password")
        assert person.page.heading == "Too many wrong attempts"
    assert asked.outcome()["error"] == "access_denied"


def test_a_request_that_its_client_took_back_is_not_available(client: RelyingParty) -> None:
    asked, link = ask(client)
    with Person.at(link) as person:
        person.press("continue")
        assert client.post("/oauth2/bc-authorize/cancel", {"auth_req_id": asked.auth_req_id}).status_code == 200
        page = person.open(link)
        assert (page.status, page.heading) == (410, "This request is not available")
        assert not page.forms


def test_the_tries_of_one_request_are_counted_over_all_browsers(client: RelyingParty) -> None:
    asked, link = ask(client)
    people = [Person.at(link) for _ in range(3)]
    for person in people:
        person.press("continue")
    for number in range(5):
        assert asked.poll().json()["error"] in {"authorization_pending", "slow_down"}
        people[number % 3].press("submit", password="not the password")

    assert people[1].page.heading == "Too many wrong attempts"
    assert asked.outcome()["error"] == "access_denied"
    assert people[0].press("submit", password=PASSWORD).status == 410
    for person in people:
        person.close()


def test_wrong_passwords_elsewhere_do_not_stop_who_has_signed_in(client: RelyingParty) -> None:
    asked, link = ask(client)
    with Person.at(link) as person, Person.at(link) as other:
        other.press("continue")
        for _ in range(4):
            other.press("submit", password="not the password")
        person.sign_in()
        page = other.press("submit", password="not the password")
        assert (page.status, page.heading) == (409, "Continued in another browser")
        person.press("allow")
        assert person.page.heading == "You have approved"
    assert "access_token" in asked.outcome()

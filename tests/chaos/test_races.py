"""Many at once, through HTTP: exactly one wins, and nothing is lost or doubled."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import httpx2
import pytest

from tests.fixtures.books import Books
from tests.fixtures.mail_server import MailServer
from tests.fixtures.relying_party import Asked, Person, RelyingParty
from tests.fixtures.server import Lockhouse, running

T = TypeVar("T")

ROUNDS = [
    pytest.param(10, id="short"),
    pytest.param(200, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3000)]),
]

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def lockhouse(
    tmp_path_factory: pytest.TempPathFactory, mail_server: MailServer, new_database: Callable[[], dict[str, str]]
) -> Iterator[Lockhouse]:
    """Return a deployment on each database in turn."""
    with running(tmp_path_factory.mktemp("races") / "op", **mail_server.settings, **new_database()) as started:
        yield started


def at_once(*actions: Callable[[], T]) -> list[T]:
    """Let all *actions* begin at one moment, and return what each said."""
    barrier = threading.Barrier(len(actions))

    def run(action: Callable[[], T]) -> T:
        barrier.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def before_the_decision(client: RelyingParty, mail_server: MailServer, **parameters: str) -> tuple[Asked, Person]:
    """Return a request whose person has signed in and has the decision before them."""
    asked = client.ask(**parameters)
    person = Person.at(asked.link(mail_server))
    person.sign_in()
    return asked, person


def polling(asked: Asked) -> Callable[[], httpx2.Response | None]:
    """Return a poll over a connection of its own, which is open already."""
    party = RelyingParty(lockhouse=asked.client.lockhouse)
    party.http.get(f"{party.lockhouse.url}/healthz")
    mine = replace(asked, client=party)

    def poll() -> httpx2.Response | None:
        try:
            return mine.poll()
        finally:
            party.close()

    return poll


def deciding(person: Person, action: str) -> Callable[[], httpx2.Response | None]:
    """Return the press of a button."""

    def decide() -> None:
        person.press(action)

    return decide


def tokens_in(answers: list[httpx2.Response | None]) -> list[str]:
    return [answer.json()["access_token"] for answer in answers if answer is not None and answer.status_code == 200]


def works(lockhouse: Lockhouse, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.get(f"{lockhouse.url}/oauth2/userinfo", headers=headers, trust_env=False).status_code == 200


def test_one_hundred_polls_at_the_moment_of_approval_give_tokens_once(
    lockhouse: Lockhouse, client: RelyingParty, mail_server: MailServer
) -> None:
    asked, person = before_the_decision(client, mail_server)

    answers = at_once(deciding(person, "allow"), *[polling(asked) for _ in range(100)])
    tokens = tokens_in(answers)
    if not tokens:
        # Every poll came before the approval; then the next one has them.
        tokens = tokens_in([asked.poll()])

    assert person.page.heading == "You have approved"
    assert len(tokens) == 1
    assert {answer.json().get("error") for answer in answers if answer is not None and answer.status_code != 200} <= {
        "authorization_pending",
        "slow_down",
        "invalid_grant",
        "invalid_request",
    }
    assert asked.poll().json()["error"] == "invalid_grant"
    assert works(lockhouse, tokens[0])
    person.close()


def test_one_hundred_polls_of_an_approved_request_give_tokens_once(
    lockhouse: Lockhouse, client: RelyingParty, mail_server: MailServer
) -> None:
    asked, person = before_the_decision(client, mail_server)
    person.press("allow")

    answers = at_once(*[polling(asked) for _ in range(100)])

    tokens = tokens_in(answers)
    assert len(tokens) == 1
    assert {answer.json()["error"] for answer in answers if answer is not None and answer.status_code != 200} == {
        "invalid_grant"
    }
    assert works(lockhouse, tokens[0])
    person.close()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_approval_racing_polls_loses_nothing(
    lockhouse: Lockhouse, client: RelyingParty, mail_server: MailServer, rounds: int
) -> None:
    for _ in range(rounds):
        asked, person = before_the_decision(client, mail_server)

        answers = at_once(deciding(person, "allow"), *[polling(asked) for _ in range(4)])
        tokens = tokens_in(answers) or tokens_in([asked.poll()])

        assert person.page.heading == "You have approved"
        assert len(tokens) == 1
        assert asked.poll().json()["error"] == "invalid_grant"
        person.close()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_approve_racing_deny_has_one_outcome(
    lockhouse: Lockhouse, client: RelyingParty, mail_server: MailServer, rounds: int
) -> None:
    won = {"allow": 0, "deny": 0}
    for _ in range(rounds):
        asked, person = before_the_decision(client, mail_server)
        rival = Person()
        rival.http.cookies.update(person.http.cookies)
        rival.page = person.page

        at_once(deciding(person, "allow"), deciding(rival, "deny"))
        person.settle()
        rival.settle()
        answer = asked.poll()

        winner = "allow" if answer.status_code == 200 else "deny"
        won[winner] += 1
        expected = {"allow": "You have approved", "deny": "You have declined"}[winner]
        assert answer.status_code == 200 or answer.json()["error"] == "access_denied"
        # Whoever came second sees what became of it, as told to the one or the other.
        headings = {person.page.heading, rival.page.heading}
        assert expected in headings <= {expected, "This request is already decided"}
        assert asked.poll().json()["error"] == {"allow": "invalid_grant", "deny": "access_denied"}[winner]
        person.close()
        rival.close()
    assert sum(won.values()) == rounds


def test_fifty_requests_for_one_pair_over_two_processes_store_three(
    tmp_path_factory: pytest.TempPathFactory, mail_server: MailServer, new_database: Callable[[], dict[str, str]]
) -> None:
    limits = {"CIBA__LIMITS__PAIR_PENDING": "3", "CIBA__LIMITS__PAIR_PER_MINUTE": "100"}
    folder = tmp_path_factory.mktemp("pair") / "op"
    settings = {**mail_server.settings, **new_database(), **limits}
    with running(folder, **settings) as first:
        second = first.beside().start()
        books = Books(first)
        try:
            parties = [RelyingParty(lockhouse=(first, second)[number % 2]) for number in range(50)]

            answers = at_once(*[party.begin for party in parties])

            for party in parties:
                party.close()
            stored = len(books.rows("SELECT request_id FROM ciba_requests"))
        finally:
            books.close()
            second.stop()
    refused = [answer for answer in answers if answer.status_code != 200]
    assert (stored, len(refused)) == (3, 47)
    assert {(answer.status_code, answer.json()["error"]) for answer in refused} == {(403, "access_denied")}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)

"""Two processes on one PostgreSQL, one approval: one set of tokens, and a lost answer is not a lost approval."""

import os
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx2
import jwt
import pytest

from tests.fixtures.mail_server import MailServer
from tests.fixtures.postgresql_server import PostgresqlServer
from tests.fixtures.relying_party import GRANT, Asked, Person, RelyingParty, new_connection
from tests.fixtures.server import CLIENT_ID, CLIENT_SECRET, Lockhouse, running

POLLS = [
    pytest.param(16, id="short"),
    pytest.param(200, id="long", marks=[pytest.mark.long, pytest.mark.timeout(1200)]),
]

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, mail_server: MailServer, postgresql_server: PostgresqlServer
) -> Iterator[tuple[Lockhouse, Lockhouse]]:
    """Return two processes of one deployment."""
    name = f"redemptions_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    settings = {**mail_server.settings, "DATABASE__URL": postgresql_server.create(name)}
    with running(tmp_path_factory.mktemp("redemptions") / "op", **settings) as first:
        second = first.beside().start()
        try:
            yield first, second
        finally:
            second.stop()
    postgresql_server.drop(name)


def approved(lockhouse: Lockhouse, mail_server: MailServer) -> Asked:
    """Return a request that its person has allowed."""
    with RelyingParty(lockhouse=lockhouse) as client:
        asked = client.ask()
    person = Person.at(asked.link(mail_server))
    person.approve()
    assert person.page.heading == "You have approved"
    person.close()
    return asked


@dataclass(frozen=True, kw_only=True)
class Polls:
    """Polls for one request, by turns at each process, all begun at one moment."""

    pair: tuple[Lockhouse, Lockhouse]
    auth_req_id: str
    key: str | None = None

    @property
    def form(self) -> dict[str, str]:
        return {"grant_type": GRANT, "auth_req_id": self.auth_req_id}

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.key is None else {"Idempotency-Key": self.key}

    def send(self, many: int) -> list[httpx2.Response]:
        barrier = threading.Barrier(many)

        def poll(number: int) -> httpx2.Response:
            with RelyingParty(lockhouse=self.pair[number % 2]) as party:
                party.http.get(f"http://localhost:{party.lockhouse.port}/healthz")
                barrier.wait()
                return party.post("/oauth2/token", self.form, headers=self.headers)

        with ThreadPoolExecutor(many) as pool:
            return list(pool.map(poll, range(many)))

    def lose(self) -> None:
        """Send one whose answer is lost on the wire: it has begun to come, and the connection is cut."""
        body = urlencode(self.form).encode()
        proof = b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        sent = {
            "Host": self.pair[0].url.removeprefix("http://"),
            "Authorization": f"Basic {proof}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
            **self.headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        with socket.create_connection(("localhost", self.pair[0].port), timeout=30) as wire:
            wire.sendall(f"POST /oauth2/token HTTP/1.1\r\n{head}\r\n".encode() + body)
            assert wire.recv(12) == b"HTTP/1.1 200"


def works(token: str) -> bool:
    """Say whether *token* opens userinfo at its issuer: in development each process is one, named by its port."""
    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
    with new_connection() as http:
        answer = http.get(f"{issuer}/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code == 200


Make = Callable[..., Polls]


@pytest.fixture
def polls(pair: tuple[Lockhouse, Lockhouse], mail_server: MailServer) -> Make:
    """Return what makes the polls for a new request that was approved."""

    def make(key: str | None = None) -> Polls:
        return Polls(pair=pair, auth_req_id=approved(pair[0], mail_server).auth_req_id, key=key)

    return make


@pytest.mark.parametrize("many", POLLS)
def test_polls_at_both_processes_give_tokens_once_and_those_work(polls: Make, many: int) -> None:
    """Requirement 56; acceptance 6."""
    racing = polls()

    answers = racing.send(many)

    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}
    assert works(good[0]["access_token"])


@pytest.mark.parametrize("many", POLLS)
def test_an_answer_that_was_lost_is_had_again_by_its_key_byte_for_byte(polls: Make, many: int) -> None:
    """Acceptance 6: whichever process is asked, and however many ask at once."""
    racing = polls(key="attempt-1")

    racing.lose()
    answers = racing.send(many)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert works(answers[0].json()["access_token"])


@pytest.mark.parametrize("many", POLLS)
def test_polls_with_one_key_all_get_the_one_answer(polls: Make, many: int) -> None:
    racing = polls(key="attempt-2")

    answers = racing.send(many)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert works(answers[0].json()["access_token"])

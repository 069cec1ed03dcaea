"""Polls that wait: woken by a decision in another process, and answered when the server stops."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from tests.fixtures.relying_party import GRANT, RelyingParty
from tests.fixtures.server import Lockhouse, patience, running

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lockhouse]:
    with running(tmp_path_factory.mktemp("deployment") / "op") as started:
        yield started


@contextmanager
def waiting(client: RelyingParty, auth_req_id: str) -> Iterator[list[httpx2.Response]]:
    """Have a poll wait while the block runs; at its end the list has the answer."""
    answers: list[httpx2.Response] = []

    def poll() -> None:
        form = {"grant_type": GRANT, "auth_req_id": auth_req_id}
        answers.append(client.post("/oauth2/token", form, headers={"Prefer": "wait=30"}))

    polling = threading.Thread(target=poll)
    polling.start()
    for _ in patience(1.0):
        assert answers == [], "it waits"
    yield answers
    polling.join(40)


def test_a_decision_in_another_process_is_heard_at_once(lockhouse: Lockhouse) -> None:
    with RelyingParty(lockhouse=lockhouse) as client:
        asked = client.ask(requested_expiry="300")
        with waiting(client, asked.auth_req_id) as answers:
            lockhouse.run("dev", "approve", asked.auth_req_id, "--config", str(lockhouse.config))
        assert "access_token" in answers[0].json()


def test_a_server_that_stops_answers_whoever_waits_and_ends_in_order(lockhouse: Lockhouse) -> None:
    with RelyingParty(lockhouse=lockhouse) as client:
        asked = client.ask(requested_expiry="300")
        with waiting(client, asked.auth_req_id) as answers:
            assert lockhouse.stop() == 0
        assert answers[0].json()["error"] == "authorization_pending"
    lockhouse.start()

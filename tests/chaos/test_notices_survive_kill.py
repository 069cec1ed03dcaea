"""kill -9 between an approval and what the client is told of it: after the restart it is told, in the same bytes."""

import json
from collections.abc import Iterator

import pytest

from tests.fixtures.receiver import TOKEN, Conduct, Receiver
from tests.fixtures.relying_party import GRANT, RelyingParty
from tests.fixtures.server import CLIENT_SECRET, Lockhouse, running

pytestmark = pytest.mark.timeout(240)

MODES = ("ping", "push")
LONG = pytest.mark.long


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Lockhouse]:
    """Return a running deployment with a client for each way of being told."""
    with running(tmp_path_factory.mktemp("deployment") / "op", **receiver.settings) as started:
        for mode in MODES:
            named = ["--id", mode, "--secret", CLIENT_SECRET, "--mode", mode]
            told = ["--notification-endpoint", receiver.endpoint]
            started.run("client", "add", "--config", str(started.config), *named, *told)
        yield started


def begun(client: RelyingParty) -> str:
    """Return the auth_req_id of a request that nobody has decided."""
    answer = client.begin(client_notification_token=TOKEN, requested_expiry="300")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["auth_req_id"])


def approve(lockhouse: Lockhouse, auth_req_id: str) -> None:
    """Approve beside the server, as another of its processes would."""
    lockhouse.run("dev", "approve", auth_req_id, "--config", str(lockhouse.config))


@pytest.mark.parametrize("mode", ["ping", pytest.param("push", marks=LONG)])
def test_killed_between_the_approval_and_the_word_of_it(lockhouse: Lockhouse, receiver: Receiver, mode: str) -> None:
    before = len(receiver.calls)
    with RelyingParty(lockhouse=lockhouse, client_id=mode) as client:
        auth_req_id = begun(client)
    lockhouse.kill()
    approve(lockhouse, auth_req_id)
    assert len(receiver.calls) == before
    lockhouse.start()
    call = receiver.wait_for(before + 1)[before]
    assert json.loads(call.body)["auth_req_id"] == auth_req_id
    assert call.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("mode", [pytest.param("ping", marks=LONG), "push"])
def test_killed_while_the_client_is_being_told(lockhouse: Lockhouse, receiver: Receiver, mode: str) -> None:
    before = len(receiver.calls)
    with RelyingParty(lockhouse=lockhouse, client_id=mode) as client:
        auth_req_id = begun(client)
    receiver.behave(Conduct.HANG)
    approve(lockhouse, auth_req_id)
    receiver.wait_for(before + 1)
    lockhouse.kill()
    receiver.behave(Conduct.TAKE)
    lockhouse.start()
    first, again = receiver.wait_for(before + 2)[before : before + 2]
    assert first.body == again.body
    with RelyingParty(lockhouse=lockhouse, client_id=mode) as client:
        polled = client.post("/oauth2/token", {"grant_type": GRANT, "auth_req_id": auth_req_id}).json()
        given = polled if mode == "ping" else json.loads(again.body)
        headers = {"Authorization": f"Bearer {given['access_token']}"}
        assert client.http.get(f"{lockhouse.url}/oauth2/userinfo", headers=headers).status_code == 200

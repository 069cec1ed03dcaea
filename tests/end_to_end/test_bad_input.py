"""Every bad input has a clear answer, and nothing is lost by it."""

import socket
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import httpx2
import pytest

from tests.fixtures.mail_server import MailServer
from tests.fixtures.relying_party import GRANT, Person, RelyingParty, mail_number
from tests.fixtures.server import CLIENT_ID, CLIENT_SECRET, PERSON, Lockhouse, ServerFailed, running

ENDPOINTS = ("/oauth2/bc-authorize", "/oauth2/token", "/oauth2/auth/callback")


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Lockhouse:
    """Return a deployment that is initialised and not running."""
    return Lockhouse.make(tmp_path_factory.mktemp("idle") / "op")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_get_where_post_belongs(lockhouse: Lockhouse, endpoint: str) -> None:
    answer = httpx2.get(lockhouse.url + endpoint, trust_env=False)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_json_where_a_form_belongs(lockhouse: Lockhouse, endpoint: str) -> None:
    auth = (CLIENT_ID, CLIENT_SECRET)
    answer = httpx2.post(lockhouse.url + endpoint, json={"grant_type": GRANT}, auth=auth, trust_env=False)

    assert answer.status_code in {400, 415}
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_body_of_ten_megabytes(lockhouse: Lockhouse, endpoint: str) -> None:
    # The answer may come, and the connection go, while the body is still on its way.
    body = b"scope=openid&binding_message=" + b"x" * 10_000_000
    head = (
        f"POST {endpoint} HTTP/1.1\r\nHost: {lockhouse.url.removeprefix('http://')}\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("localhost", lockhouse.port), timeout=20) as connection:
        connection.sendall(head.encode())
        with suppress(OSError):
            connection.sendall(body)
        status = connection.recv(100)

    assert status.split()[1] == b"413"


@pytest.mark.parametrize("parameter", ["scope=openid", "login_hint=x%40example.com", "binding_message=b"])
def test_repeated_parameters(lockhouse: Lockhouse, parameter: str) -> None:
    body = f"scope=openid&login_hint={PERSON}%40example.com&binding_message=a&{parameter}"
    answer = httpx2.post(
        f"{lockhouse.url}/oauth2/bc-authorize",
        content=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(CLIENT_ID, CLIENT_SECRET),
        trust_env=False,
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("parameters", "status", "error"),
    [
        ({"scope": "profile"}, 400, "invalid_scope"),
        ({"scope": "openid nothing_known"}, 400, "invalid_scope"),
        ({"login_hint": ""}, 400, "invalid_request"),
        ({"login_hint": "nobody@example.com"}, 400, "unknown_user_id"),
        ({"id_token_hint": "also"}, 400, "invalid_request"),
        ({"requested_expiry": "0"}, 400, "invalid_request"),
        ({"requested_expiry": "soon"}, 400, "invalid_request"),
        ({"binding_message": "see https://evil.example"}, 400, "invalid_binding_message"),
        ({"binding_message": "x" * 257}, 400, "invalid_binding_message"),
        ({"binding_message": "a\u202eb"}, 400, "invalid_binding_message"),
    ],
)
def test_a_wrong_backchannel_request(client: RelyingParty, parameters: dict[str, str], status: int, error: str) -> None:
    answer = client.begin(**parameters)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) <= {"error", "error_description", "error_uri"}


def test_a_wrong_secret(lockhouse: Lockhouse) -> None:
    with RelyingParty(lockhouse=lockhouse, secret="not the secret") as stranger:
        answer = stranger.begin()

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": GRANT}, "invalid_request"),
        ({"grant_type": GRANT, "auth_req_id": "unknown"}, "invalid_grant"),
    ],
)
def test_a_wrong_token_request(client: RelyingParty, form: dict[str, str], error: str) -> None:
    answer = client.post("/oauth2/token", form)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_another_clients_request_is_not_found(lockhouse: Lockhouse, client: RelyingParty) -> None:
    secret = "another secret of forty-three characters, yes"
    lockhouse.add_client("other", secret)
    asked = client.ask()

    with RelyingParty(lockhouse=lockhouse, client_id="other", secret=secret) as other:
        answer = other.post("/oauth2/token", {"grant_type": GRANT, "auth_req_id": asked.auth_req_id})

    assert answer.json()["error"] == "invalid_grant"
    assert asked.poll().json()["error"] == "authorization_pending"


def test_a_link_with_one_wrong_character(mail_server: MailServer, client: RelyingParty) -> None:
    link = client.ask().link(mail_server)
    wrong = link[:-5] + ("A" if link[-5] != "A" else "B") + link[-4:]

    with Person.at(wrong) as person:
        assert (person.page.status, person.page.heading) == (404, "We do not know this link")
    with Person.at(link) as person:
        assert person.page.offers("continue")


def test_a_second_decision_changes_nothing(mail_server: MailServer, client: RelyingParty) -> None:
    asked = client.ask()
    link = asked.link(mail_server)
    with Person.at(link) as person:
        person.sign_in()
        decision = person.page
        person.press("allow")
        person.page = decision
        person.press("deny")
        assert person.page.heading == "You have approved"
    with Person.at(link) as somebody:
        assert somebody.page.heading == "This request is already decided"

    assert "access_token" in asked.outcome()


def test_a_mail_server_that_is_down_delays_no_answer_and_loses_no_mail(
    mail_server: MailServer, client: RelyingParty
) -> None:
    mail_server.stop()
    try:
        asked = client.ask()
        assert asked.poll().json()["error"] == "authorization_pending"
    finally:
        mail_server.start()

    link = asked.link(mail_server)
    with Person.at(link) as person:
        person.approve()
    assert "access_token" in asked.outcome()


def test_a_flow_with_a_misspelt_executor(tmp_path: Path, idle: Lockhouse) -> None:
    flow = tmp_path / "greet.yaml"
    flow.write_text(
        "flow: greet\nversion: 1.0.0\nlanguage: 1\ntype: utility\ntitle: Greet\n"
        "inputs: {subject: {type: id}}\noutcomes: {done: {}}\nstart: check\nnodes:\n"
        "  check:\n    task: pasword_auth\n    with: {subject: =inputs.subject}\n"
        "    routes: {authenticated: end, rejected: end, delayed: end, locked: end}\n  end: {end: done}\n"
    )

    said = idle.run("flow", "check", str(flow), fails=True)

    assert f"{flow.name}:11:11" in said.replace("\n", "")
    assert "password_auth" in said


def test_a_setting_in_the_file_that_does_not_exist(idle: Lockhouse, tmp_path: Path) -> None:
    config = tmp_path / "lockhouse.toml"
    config.write_text(idle.config.read_text() + "\n[mail]\nhots = 'x'\n")
    line = config.read_text().splitlines().index("hots = 'x'") + 1

    said = idle.run("serve", "--config", str(config), fails=True)

    assert f"lockhouse.toml:{line}" in said.replace("\n", "")
    assert "mail.host" in said


def test_a_setting_in_the_environment_that_does_not_exist(idle: Lockhouse) -> None:
    wrong = Lockhouse(folder=idle.folder, environ={**idle.environ, "LOCKHOUSE_MAIL__HOTS": "x"}, port=idle.port)

    said = wrong.run("serve", "--config", str(wrong.config), fails=True)

    assert "LOCKHOUSE_MAIL__HOTS" in said
    assert "LOCKHOUSE_MAIL__HOST" in said


def test_a_port_in_use(idle: Lockhouse) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        said = idle.run("serve", "--config", str(idle.config), "--port", port, fails=True)

    assert port in said
    assert "in use" in said
    assert "Traceback" not in said


def test_a_database_from_a_newer_version(tmp_path: Path) -> None:
    lockhouse = Lockhouse.make(tmp_path / "op")
    database = next(file for file in lockhouse.folder.iterdir() if file.suffix in {".sqlite", ".db", ".sqlite3"})
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE engine_version SET version_num = '9999'")

    with pytest.raises(ServerFailed) as refused:
        lockhouse.start()

    assert "newer" in str(refused.value)
    assert "Traceback" not in str(refused.value)


def test_init_overwrites_nothing(idle: Lockhouse) -> None:
    before = {file.name: file.read_bytes() for file in idle.folder.iterdir()}

    idle.run("init", str(idle.folder), fails=True)

    assert {file.name: file.read_bytes() for file in idle.folder.iterdir()} == before


def test_a_stopped_server_leaves_the_port_and_says_nothing_bad(tmp_path: Path) -> None:
    with running(tmp_path / "op") as lockhouse:
        with RelyingParty(lockhouse=lockhouse) as client:
            client.ask()
        mail_number(lockhouse, 1)

        assert lockhouse.stop() == 0
    assert "Traceback" not in lockhouse.log.read_text()

"""What `lockhouse doctor` finds: each check against the thing itself, well and broken."""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import flow_definitions
from engine import SystemClock
from engine.testing import FakeClock
from lockhouse.command_line import main
from lockhouse.doctor import Finding, examine
from lockhouse.folders import unwritable
from lockhouse.import_names import NamesTaken, check_names, taken_names
from lockhouse.installation import create_installation
from tests.fixtures.mailbox import Mailbox, closed_port, make_certificates
from tests.fixtures.server import Lockhouse, free_port
from tests.lockhouse.homes import copied
from tests.lockhouse.local_servers import plain, serving

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """Have every installation live on a port that nobody else has."""
    chosen = free_port()
    monkeypatch.setenv("LOCKHOUSE_ISSUER", f"http://localhost:{chosen}")
    return chosen


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return copied(tmp_path / "home")


async def look(home: Path, *, clock: FakeClock | None = None) -> list[Finding]:
    return [finding async for finding in examine(home / "lockhouse.toml", clock=clock)]


def only(findings: list[Finding], check: str, status: str) -> Finding:
    (found,) = [finding for finding in findings if (finding.check, finding.status) == (check, status)]
    return found


def failed(findings: list[Finding]) -> list[str]:
    return [finding.check for finding in findings if finding.status == "fail"]


async def test_a_new_installation_has_nothing_that_fails(home: Path) -> None:
    findings = await look(home)

    assert failed(findings) == []
    checks = {"import names", "configuration", "flows", "keys", "database", "clients", "clock", "mail", "listening"}
    assert {finding.check for finding in findings} == checks | {"public address"}
    assert all(finding.remedy for finding in findings if finding.status != "ok")


def contents(home: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in home.iterdir() if not file.name.endswith(("-wal", "-shm"))}


async def test_it_changes_nothing(home: Path) -> None:
    before = contents(home)
    await look(home)

    assert contents(home) == before


async def test_a_server_that_runs_is_recognised(home: Path, port: int) -> None:
    server = Lockhouse.of(home)
    server.port = port
    server.environ |= {"LOCKHOUSE_ISSUER": f"http://localhost:{port}"}
    server.start()
    try:
        findings = await look(home)
    finally:
        server.process.send_signal(signal.SIGTERM)  # type: ignore[union-attr] # start() has made it
        server.process.wait(30)  # type: ignore[union-attr] # the same

    assert failed(findings) == []
    assert only(findings, "listening", "ok").says == f"the server runs on 127.0.0.1 port {port}"
    assert only(findings, "public address", "ok").says == f"http://localhost:{port} leads to this server"


async def test_settings_with_a_mistake_are_all_that_can_be_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCKHOUSE_ISSUER")
    (home / "lockhouse.toml").write_text("issuer = 5\n")
    findings = await look(home)

    assert failed(findings) == ["configuration"]
    assert findings[-1].says == f"{home}/lockhouse.toml:1: issuer: expected a text, found 5"


async def test_lost_keys_and_readable_keys_fail(home: Path) -> None:
    keys = home / "lockhouse.keys"
    keys.chmod(0o640)
    assert "chmod 600" in only(await look(home), "keys", "fail").remedy

    keys.unlink()
    assert "backup" in only(await look(home), "keys", "fail").remedy


async def test_keys_of_another_installation_are_told_apart(home: Path, tmp_path: Path) -> None:
    await asyncio.to_thread(create_installation, tmp_path / "other", issuer=None, url=None)
    shutil.copy2(tmp_path / "other" / "lockhouse.keys", home / "lockhouse.keys")

    found = only(await look(home), "keys", "fail")
    assert "two installations" in found.says
    assert "keys.file or database.url" in found.remedy


async def test_a_database_that_is_missing_old_new_or_none_fails_with_its_remedy(home: Path) -> None:
    file = home / "lockhouse.sqlite"
    with sqlite3.connect(file) as raw:
        raw.execute("update lockhouse_version set version_num = '9999'")
    raw.close()
    assert "newer Lockhouse" in only(await look(home), "database", "fail").remedy

    file.write_bytes(b"")
    assert f"lockhouse db upgrade --config {home}" in only(await look(home), "database", "fail").remedy

    file.unlink()
    assert "there is no such database" in only(await look(home), "database", "fail").says

    file.write_bytes(b"this is no database, but long enough to be taken for one" * 100)
    assert "file is not a database" in only(await look(home), "database", "fail").says


async def test_a_database_that_takes_no_change_fails(home: Path) -> None:
    with sqlite3.connect(home / "lockhouse.sqlite") as raw:
        raw.execute("create trigger t before update on lockhouse_version begin select raise(abort, 'no'); end")
    raw.close()

    found = only(await look(home), "database", "fail")
    assert "it cannot be written" in found.says
    assert "disk is not full" in found.remedy


async def test_a_flow_and_a_template_with_a_mistake_fail(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flows = Path(shutil.copytree(flow_definitions.folder(), tmp_path / "flows"))
    monkeypatch.setenv("LOCKHOUSE_FLOWS__DIRECTORY", str(flows))
    template = next((flows / "templates" / "email" / "en").glob("*.txt.j2"))
    template.write_text(template.read_text() + "{{ nam }}")
    assert f"{template}:" in only(await look(home), "flows", "fail").says

    shutil.rmtree(flows)
    assert "flows.directory" in only(await look(home), "flows", "fail").remedy


async def test_a_folder_without_the_flow_of_a_grant_is_warned_of(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = shutil.ignore_patterns("device_approval*")
    flows = shutil.copytree(flow_definitions.folder(), tmp_path / "flows", ignore=older)
    monkeypatch.setenv("LOCKHOUSE_FLOWS__DIRECTORY", str(flows))
    assert "has no flow device_approval:" in only(await look(home), "flows", "warn").says


async def test_clients_that_the_settings_allow_no_more_are_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = ["--config", str(home / "lockhouse.toml")]
    assert await asyncio.to_thread(main, ["client", "add", "--id", "till", *config]) == 0
    assert only(await look(home), "clients", "ok").says == "1 registered, all as the settings allow"

    monkeypatch.setenv("LOCKHOUSE_CIBA__PROFILE", "fapi-ciba")
    monkeypatch.setenv("LOCKHOUSE_KEYS__ALGORITHMS", "PS256")
    monkeypatch.setenv("LOCKHOUSE_MTLS__TERMINATORS", "127.0.0.1")
    found = only(await look(home), "clients", "warn")

    assert (
        found.says
        == "till: auth_method: expected private_key_jwt or self_signed_tls_client_auth, as profile fapi-ciba demands"
    )
    assert "lockhouse client change" in found.remedy


async def test_trust_anchors_and_terminators_are_looked_at(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKHOUSE_MTLS__TERMINATORS", "127.0.0.1")
    assert only(await look(home), "certificates", "ok").says == "0 authorities, terminators at 127.0.0.1"

    monkeypatch.setenv("LOCKHOUSE_MTLS__TERMINATORS", "10.0.0.0/8")
    assert "can forge them" in only(await look(home), "certificates", "warn").says

    monkeypatch.setenv("LOCKHOUSE_MTLS__TRUST_ANCHORS", str(home / "nothing.pem"))
    found = await look(home)
    assert "cannot read" in only(found, "certificates", "fail").says
    assert "clients" not in {finding.check for finding in found}


@pytest.mark.parametrize("days", [-1, 1])
async def test_a_clock_that_is_wrong_by_a_day_fails(home: Path, days: int) -> None:
    findings = await look(home, clock=FakeClock(SystemClock().now() + timedelta(days=days)))

    assert set(failed(findings)) == {"clock"}
    assert all("chrony" in finding.remedy for finding in findings if finding.status == "fail")


async def test_rows_of_the_future_say_that_the_clock_is_behind(home: Path) -> None:
    ahead = int((datetime.now(UTC) + timedelta(days=1)).timestamp() * 1_000_000)  # noqa: TID251 - against the real one
    with sqlite3.connect(home / "lockhouse.sqlite") as raw:
        raw.execute("update oauth2_signing_keys set active_from = ? where purpose = 'assertions'", (ahead,))
    raw.close()

    assert "the database was written at" in only(await look(home), "clock", "fail").says


def set_mail(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"LOCKHOUSE_MAIL__{name}", value)


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A mail server with STARTTLS and a log-in, set in the environment and trusted by this machine."""
    certificates = make_certificates(tmp_path)
    made = Mailbox(security="starttls", user="lockhouse", password="s3cret", tls=certificates.server).start()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "mail.crt"))
    set_mail(monkeypatch, HOST=made.host, PORT=str(made.port), USER="lockhouse", PASSWORD="s3cret")
    yield made
    made.close()


async def test_a_mail_server_is_greeted_and_gets_no_message(home: Path, box: Mailbox) -> None:
    assert "lets us in" in only(await look(home), "mail", "ok").says
    assert (box.connections, box.messages) == (1, [])


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"PASSWORD": "canary"}, "check mail.user and mail.password"),
        ({"SECURITY": "tls"}, '"tls" for port 465 and "starttls" for 587'),
        ({"PORT": str(closed_port())}, "no firewall"),
        ({"HOST": "mail.invalid"}, "check mail.host"),
    ],
    ids=["password", "security", "port", "host"],
)
async def test_what_is_wrong_with_the_mail_server_is_told_apart(
    home: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], remedy: str
) -> None:
    set_mail(monkeypatch, **settings)
    found = only(await look(home), "mail", "fail")

    assert remedy in found.remedy
    assert "canary" not in f"{found}"
    assert box.messages == []


async def test_a_certificate_that_nobody_vouches_for_fails(
    home: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    assert "certificate must be valid" in only(await look(home), "mail", "fail").remedy
    assert box.messages == []


async def test_a_folder_for_messages_that_cannot_be_written_fails(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    set_mail(monkeypatch, DIRECTORY=str(tmp_path / "file" / "mail"))

    found = only(await look(home), "mail", "fail")
    assert f"{tmp_path / 'file'} is no folder" in found.says
    assert "mail.directory" in found.remedy


def test_a_folder_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    assert unwritable(tmp_path / "not" / "yet") is None
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names are enough


async def test_another_program_at_our_address_is_told_apart(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"issuer": "https://other.example"}).encode()
    async with serving(plain(body)) as other:
        monkeypatch.setenv("LOCKHOUSE_ISSUER", f"http://localhost:{other.port}")
        findings = await look(home)

    assert set(failed(findings)) == {"listening", "public address"}
    assert "it calls itself https://other.example" in only(findings, "public address", "fail").says


async def test_an_issuer_that_does_not_resolve_fails(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKHOUSE_ISSUER", "https://id.invalid")
    findings = await look(home)

    assert failed(findings) == ["public address"]
    assert only(findings, "public address", "fail").says == "id.invalid does not resolve to an address"


def test_names_of_ours_that_another_distribution_has_are_refused() -> None:
    def beside(name: str) -> Path:
        return Path("/site") / name

    def astray(name: str) -> Path | None:
        return None if name == "engine" else Path("/other" if name == "protocols" else "/site") / name

    assert taken_names(owners={}, locate=beside) == ()
    assert taken_names(owners={"executors": ["lockhouse", "executors"]}, locate=beside) == (
        "the package executors belongs to executors, too",
    )
    assert [problem.split()[2] for problem in taken_names(owners={}, locate=astray)] == ["engine", "protocols"]
    assert "an environment of its own" in str(NamesTaken(["x"]))


def test_here_every_name_is_ours() -> None:
    check_names()


def test_the_command_prints_a_line_for_each_and_exits_1_where_one_fails(
    home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    config = ["--config", str(home / "lockhouse.toml")]
    assert main(["doctor", *config]) == 0
    out = capfd.readouterr().out
    assert "ok    keys" in out
    assert "→ start it with `lockhouse serve`" in out

    (home / "lockhouse.keys").unlink()
    assert main(["doctor", *config, "--json"]) == 1
    told = json.loads(capfd.readouterr().out)
    assert told["ok"] is False
    assert {"check", "status", "says", "remedy"} == set(told["findings"][0])

"""What people get wrong, and what they read then: what was expected, what was found, what to do."""

import io
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from lockhouse.command_line import main
from lockhouse.serve import bind
from tests.fixtures.server import Lockhouse, running
from tests.lockhouse.homes import copied
from tests.lockhouse.mistakes_sent import FLOW, FLOWS, REQUESTS, Sent
from tests.lockhouse.mistakes_typed import COMMANDS, Typed


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return copied(tmp_path / "home")


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize("typed", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_command_typed_wrong_says_what_to_do(
    home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, typed: Typed
) -> None:
    for name, value in {"NO_COLOR": "1", "COLUMNS": "250", "LOCKHOUSE_PASSWORD__MEMORY_KIB": "8"}.items():
        monkeypatch.setenv(name, value)
    typed.broken(home, monkeypatch)
    monkeypatch.setattr("sys.stdin", io.StringIO(typed.stdin))
    capfd.readouterr()

    code = main(typed.words.replace("HOME", str(home)).split())
    said = capfd.readouterr()

    assert [part for part in typed.says if part.replace("HOME", str(home)) not in said.err] == [], said.err
    assert code == typed.code
    assert "Traceback" not in said.err
    assert "canary" not in said.out + said.err
    assert typed.code == 0 or said.out == ""


def test_a_port_in_use_and_a_port_for_others_are_told_apart(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port), "--config", str(home / "lockhouse.toml")]) == 1
    assert (
        f"port {port} on 127.0.0.1 is in use by another program; stop it, or choose another" in capfd.readouterr().err
    )

    assert main(["serve", "--host", "203.0.113.7", "--port", "0", "--config", str(home / "lockhouse.toml")]) == 1
    assert "correct listen.host" in capfd.readouterr().err


def test_a_full_disk_is_told_and_nothing_is_half_done(
    home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # SQLite's own word for a full disk, from its own limit: the file may not grow by one page.
    connect = sqlite3.connect

    def connect_full(*arguments: object, **options: object) -> sqlite3.Connection:
        raw: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload] # handed on as it came
        raw.execute(f"pragma max_page_count = {raw.execute('pragma page_count').fetchone()[0]}")
        return raw

    config = str(home / "lockhouse.toml")
    monkeypatch.setattr("sqlite3.connect", connect_full)
    codes = [
        main(["client", "add", "--id", f"shop{number}", "--name", "n" * 60, "--config", config]) for number in range(60)
    ]
    said = capfd.readouterr()
    monkeypatch.undo()

    assert 1 in codes
    assert "database or disk is full" in said.err
    assert "Traceback" not in said.err
    assert main(["client", "list", "--config", config]) == 0
    assert capfd.readouterr().out.count("shop") >= codes.count(0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lockhouse]:
    with running(tmp_path_factory.mktemp("mistakes") / "op") as started:
        yield started


@pytest.mark.parametrize("sent", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_request_that_is_wrong_is_told_what_is_right(server: Lockhouse, sent: Sent) -> None:
    answer = httpx2.request(
        sent.method, server.url + sent.path, data=sent.form, content=sent.content, headers=sent.headers, trust_env=False
    )

    assert (answer.status_code, sent.says in answer.text) == (sent.status, True), answer.text
    if sent.error:
        assert answer.json()["error"] == sent.error


@pytest.mark.parametrize(("old", "new", "says"), FLOWS.values(), ids=FLOWS.keys())
def test_a_flow_written_wrong_is_shown_its_place_and_its_remedy(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], old: str, new: str, says: tuple[str, ...]
) -> None:
    assert old in FLOW
    file = tmp_path / "confirm.yaml"
    file.write_text(FLOW.replace(old, new))

    assert main(["flow", "check", str(file)]) == 1
    said = capfd.readouterr().err
    assert [part for part in (f"{file}:", *says) if part not in said] == [], said


def test_there_are_fifty_mistakes_and_more() -> None:
    assert len(COMMANDS) + len(REQUESTS) + len(FLOWS) >= 50

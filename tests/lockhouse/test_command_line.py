"""The command line: what it makes, what scripts read, and what it says about mistakes."""

import io
import json
import logging
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.main import get_command

import flow_definitions
from lockhouse.command_line import app, main
from lockhouse.command_line.lazily import Part
from lockhouse.command_line.root import PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one command came to."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One installation, to be copied: making keys takes a while."""
    folder = tmp_path_factory.mktemp("made") / "home"
    assert main(["init", str(folder)]) == 0
    return folder


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "home"))


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Run]:
    monkeypatch.setenv("LOCKHOUSE_CONFIG", str(home / "lockhouse.toml"))
    monkeypatch.setenv("LOCKHOUSE_PASSWORD__MEMORY_KIB", "8")
    monkeypatch.setenv("LOCKHOUSE_PASSWORD__ROUNDS", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str, stdin: str = "") -> Said:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capfd.readouterr()
        code = main(arguments)
        out, err = capfd.readouterr()
        return Said(code=code, out=out, err=err)

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield call
    root.handlers[:], root.level = handlers, level


def test_init_makes_settings_keys_and_database_for_their_owner(home: Path) -> None:
    assert sorted(file.name for file in home.iterdir() if not file.name.endswith(("-wal", "-shm"))) == [
        "lockhouse.keys",
        "lockhouse.sqlite",
        "lockhouse.toml",
    ]
    assert stat.S_IMODE((home / "lockhouse.keys").stat().st_mode) == 0o600


@pytest.mark.parametrize("existing", ["lockhouse.toml", "lockhouse.keys", "lockhouse.sqlite"])
def test_init_never_overwrites_and_leaves_nothing_behind(run: Run, tmp_path: Path, existing: str) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / existing).write_text("mine")

    said = run("init", str(folder))

    assert (said.code, said.out) == (1, "")
    assert "will not be overwritten" in said.err
    assert [file.name for file in folder.iterdir()] == [existing]
    assert (folder / existing).read_text() == "mine"


def test_init_in_production_wants_a_real_address(run: Run, tmp_path: Path) -> None:
    assert run("init", str(tmp_path / "a"), "--issuer", "http://id.example").code == 2
    assert not list((tmp_path / "a").glob("*"))
    assert run("init", str(tmp_path / "b"), "--issuer", "https://id.example").code == 0
    assert 'issuer = "https://id.example"\ndevelopment = false' in (tmp_path / "b" / "lockhouse.toml").read_text()


def test_clients_are_added_listed_and_removed(run: Run) -> None:
    added = run("client", "add", "--id", "shop", "--secret", "a" * 8 + "B" * 8, "--mode", "poll", "--interval", "1")
    assert (added.code, added.out) == (0, "client shop added\n")
    assert "warning: this secret has at most" in added.err

    rows = json.loads(run("client", "list", "--json").out)
    expected = {"id": "shop", "name": "shop", "mode": "poll", "status": "enabled"}
    assert rows == [expected | {"scopes": ["openid", "profile", "email", "phone"]}]
    assert "shop" in run("client", "list").out

    assert run("client", "remove", "shop").out == "client shop removed\n"
    assert json.loads(run("client", "list", "--json").out) == []


def test_a_secret_that_is_left_out_is_made_and_shown_once(run: Run) -> None:
    made = json.loads(run("client", "add", "--id", "shop", "--json").out)

    assert len(made["secret"]) >= 43
    assert made["secret"] not in run("client", "list", "--json").out


def test_a_client_may_have_scopes_of_the_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKHOUSE_SCOPES", '{"payment": {"title": "Make a payment"}}')

    assert run("client", "add", "--id", "shop", "--scope", "openid", "--scope", "payment").code == 0
    assert json.loads(run("client", "list", "--json").out)[0]["scopes"] == ["openid", "payment"]


def test_people_are_added_listed_and_disabled(run: Run) -> None:
    contacts = ["--email", "ann@example.org", "--phone", "+49 170 1234567"]
    added = run("person", "add", "Ann", *contacts, "--password-stdin", "--json", stdin="correct horse\n")
    assert added.code == 0
    subject = json.loads(added.out)["subject"]

    (row,) = json.loads(run("person", "list", "--json").out)
    assert row == {
        "user_name": "ann",
        "name": "Ann",
        "email": "ann@example.org",
        "phone": "+491701234567",
        "status": "enabled",
        "subject": subject,
    }
    assert json.loads(run("person", "disable", "ann@example.org", "--json").out)["status"] == "disabled"
    assert json.loads(run("person", "list", "--json").out)[0]["status"] == "disabled"
    assert run("person", "disable", "ann", "--undo").out == "person ann enabled\n"


def test_a_person_is_given_a_user_code_that_is_not_the_password(run: Run, home: Path) -> None:
    run("person", "add", "ann", "--password-stdin", stdin="correct horse\n")
    said = run("person", "set-user-code", "ann", "--code-stdin", stdin="canary-code\n")
    assert (said.code, said.out) == (0, "person ann has a user code now\n")
    assert all(b"canary-code" not in file.read_bytes() for file in home.iterdir())
    removed = run("person", "set-user-code", "ann", "--remove", "--json")
    assert json.loads(removed.out)["user_code"] is False


def test_no_command_shows_a_password_and_the_raw_file_has_none(run: Run, home: Path) -> None:
    said = run("person", "add", "ann", "--password-stdin", stdin="canary-password\n")

    assert said.code == 0
    assert "canary" not in said.out + said.err
    assert all(b"canary-password" not in file.read_bytes() for file in home.iterdir())


MISTAKES: dict[str, tuple[list[str], int, str]] = {
    "no command": (["nope"], 2, "No such command 'nope'"),
    "option missing": (["client", "add"], 2, "Missing option '--id'"),
    "option unknown": (["client", "add", "--idd", "x"], 2, "No such option"),
    "client id": (["client", "add", "--id", "a b"], 2, "client_id: expected"),
    "client mode": (["client", "add", "--id", "a", "--mode", "carrier-pigeon"], 2, "mode: expected poll"),
    "client scope": (
        ["client", "add", "--id", "a", "--scope", "openid", "--scope", "paymnt"],
        2,
        "(email, offline_access, openid, phone, profile), found paymnt; add [scopes.paymnt]",
    ),
    "no such client": (["client", "remove", "nobody"], 1, "there is no client nobody; `lockhouse client list`"),
    "no such person": (["person", "disable", "nobody"], 1, "nobody is called nobody; `lockhouse person list`"),
    "user name": (["person", "add", "a@b", "--password-stdin"], 2, "user name: looks like an e-mail address"),
    "no terminal": (["person", "add", "ann"], 2, "expected --password-stdin"),
    "no terminal for a code": (["person", "set-user-code", "ann"], 2, "expected --code-stdin"),
    "code of nobody": (["person", "set-user-code", "nobody", "--code-stdin"], 1, "nobody is called nobody"),
    "settings": (["client", "list", "--config", "/nonexistent.toml"], 2, "there is no such settings file"),
    "no such flow": (["flow", "graph", "nope"], 1, "there is no flow nope; there are: "),
    "no such folder": (["flow", "check", "/nonexistent"], 2, "/nonexistent: there is no such file or folder"),
}


@pytest.mark.parametrize(("arguments", "code", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_message_on_standard_error_and_an_exit_code(
    run: Run, arguments: list[str], code: int, message: str
) -> None:
    said = run(*arguments, stdin="a password\n")

    assert (said.code, said.out) == (code, "")
    assert message in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("code", "message"), [("123", "expected a code of at least 4 characters, found 3"), ("correct horse", "password")]
)
def test_a_code_that_is_short_or_the_password_is_refused(run: Run, code: str, message: str) -> None:
    run("person", "add", "ann", "--password-stdin", stdin="correct horse\n")
    said = run("person", "set-user-code", "ann", "--code-stdin", stdin=f"{code}\n")
    assert (bool(said.code), said.out) == (True, "")
    assert message in said.err


def test_the_same_client_or_person_twice_is_refused(run: Run) -> None:
    for arguments in (["client", "add", "--id", "shop"], ["person", "add", "ann", "--password-stdin"]):
        assert run(*arguments, stdin="a password\n").code == 0
        second = run(*arguments, stdin="a password\n")
        assert second.code == 1
        assert "error: " in second.err


def test_a_wrong_variable_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKHOUSE_MAIL__HSOT", "x")
    said = run("client", "list")

    assert said.code == 2
    assert said.err == "error: LOCKHOUSE_MAIL__HSOT: there is no such setting; did you mean LOCKHOUSE_MAIL__HOST?\n"


def test_a_newer_database_is_refused_by_every_command_that_opens_it(run: Run, home: Path) -> None:
    with sqlite3.connect(home / "lockhouse.sqlite") as raw:
        raw.execute("update lockhouse_version set version_num = '9999'")
    raw.close()

    for arguments in (["client", "list"], ["db", "upgrade"], ["serve", "--port", "0"]):
        said = run(*arguments)
        assert (said.code, said.out) == (1, "")
        assert "the tables of 'lockhouse' are at version 9999" in said.err


def test_a_database_that_is_not_there_says_how_to_make_it(run: Run, home: Path) -> None:
    for file in home.glob("lockhouse.sqlite*"):
        file.unlink()
    said = run("client", "list")
    assert (said.code, "upgrade" in said.err) == (1, True)

    assert "lockhouse: 0002" in run("db", "upgrade").out
    assert run("db", "upgrade", "--json").out == '{\n  "steps": []\n}\n'
    assert run("client", "list", "--json").code == 0


def test_keys_that_others_may_read_are_refused(run: Run, home: Path) -> None:
    (home / "lockhouse.keys").chmod(0o644)
    said = run("client", "list")

    assert (said.code, "chmod 600" in said.err) == (2, True)


@pytest.fixture
def broken_flows(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(flow_definitions.folder(), tmp_path / "flows"))
    file = folder / "login_approval.yaml"
    file.write_text(file.read_text().replace("task: consent", "task: consnet"))
    return folder


def test_flows_that_come_with_us_have_no_mistakes(run: Run) -> None:
    assert run("flow", "check").code == 0
    assert json.loads(run("flow", "check", "--json").out)["ok"] is True


def test_a_misspelt_executor_is_shown_with_file_line_and_column(run: Run, broken_flows: Path) -> None:
    said = run("flow", "check", str(broken_flows))
    found = json.loads(run("flow", "check", str(broken_flows), "--json").out)

    place = found["diagnostics"][0]
    assert (said.code, found["ok"]) == (1, False)
    assert f"{broken_flows}/login_approval.yaml:{place['line']}:{place['column']}" in said.err
    assert "did you mean 'consent'?" in said.err


def test_a_mistake_in_a_template_fails_the_check(run: Run, tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    shutil.copytree(flow_definitions.folder(), flows)
    (flows / "templates" / "sms" / "en" / "approval.request.txt.j2").write_text("{{ requester }}\n{{ lnik }}")

    said = run("flow", "check", str(flows))
    found = json.loads(run("flow", "check", str(flows), "--json").out)

    assert (said.code, said.out) == (1, "")
    assert "approval.request.txt.j2:2: 'lnik' is undefined; correct the template" in said.err
    assert found["ok"] is False
    assert [(flaw["line"], flaw["message"]) for flaw in found["templates"]] == [
        (2, "'lnik' is undefined; correct the template")
    ]


def test_serve_refuses_flows_with_mistakes(run: Run, broken_flows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKHOUSE_FLOWS__DIRECTORY", str(broken_flows))
    said = run("serve", "--port", "0")

    assert (said.code, said.out) == (1, "")
    assert "the flows have mistakes" in said.err
    assert "login_approval.yaml:" in said.err


def test_a_flow_is_drawn(run: Run) -> None:
    assert run("flow", "graph", "login_approval").out.startswith("flowchart")
    assert json.loads(run("flow", "graph", "login_approval", "--json").out)["name"] == "login_approval"


def test_the_version_is_the_distributions(run: Run) -> None:
    assert run("version").out == f"lockhouse {json.loads(run('version', '--json').out)['version']}\n"


def commands(command: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    inner = getattr(command, "commands", {})
    return [path, *(each for name, sub in inner.items() for each in commands(sub, (*path, name)))]


@pytest.mark.parametrize("path", commands(get_command(app)), ids=" ".join)
def test_every_command_and_every_option_explains_itself(run: Run, path: tuple[str, ...]) -> None:
    said = run(*path, "--help")

    assert said.code == 0
    assert "Usage: lockhouse" in said.out
    assert "\x1b[" not in said.out
    command = get_command(app)
    for name in path:
        command = command.commands[name]  # type: ignore[attr-defined] # groups have it, and only groups are on a path
    assert command.help
    assert [parameter.name for parameter in command.params if not getattr(parameter, "help", "")] == []


@pytest.mark.parametrize("part", PARTS, ids=[part.name for part in PARTS])
def test_the_list_of_commands_says_what_each_command_says_of_itself(part: Part) -> None:
    text = " ".join((part.load().help or "").split())

    assert text.startswith(part.summary.rstrip("."))


def test_the_version_is_an_option_too(run: Run) -> None:
    assert run("--version").out == run("version").out


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["client", "add", "--help"]])
def test_what_a_command_does_not_need_is_not_loaded(arguments: list[str]) -> None:
    # Each of these takes a noticeable part of a second: who asks for help or adds a client should not wait for them.
    heavy = {"alembic", "engine.language", "jinja2", "networkx", "psycopg", "starlette", "uvicorn"}
    program = (
        "import sys; from lockhouse.command_line import main; "
        f"code = main({arguments!r}); print('loaded', *(sys.modules.keys() & {heavy!r}), code)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert ended.stdout.splitlines()[-1] == "loaded 0", ended.stderr


def test_completion_knows_commands_and_their_options() -> None:
    def completed(words: str, place: int) -> list[str]:
        environ = {"_LOCKHOUSE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(place)}
        ended = subprocess.run(
            [sys.executable, "-m", "lockhouse"],
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return ended.stdout.split()

    assert completed("lockhouse cl", 1) == ["client"]
    assert completed("lockhouse client ad", 2) == ["add"]

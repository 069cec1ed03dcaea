"""What people get wrong, and what they read then: what was expected, what was found, what to do."""

import io
import logging
import shutil
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

import flow_definitions
from lockhouse.command_line import main
from lockhouse.installation import create_installation
from lockhouse.serve import bind
from tests.fixtures.server import CLIENT_ID, CLIENT_SECRET, PERSON, Lockhouse, running
from tests.lockhouse.homes import copied

Break = Callable[[Path, pytest.MonkeyPatch], None]


def nothing(_home: Path, _patch: pytest.MonkeyPatch) -> None:
    """Leave the installation as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A command, typed after *broken* has done its damage; HOME in its words and in *says* is the installation."""

    words: str
    says: tuple[str, ...]
    code: int = 2
    broken: Break = nothing
    stdin: str = "correct horse battery\n"


def environ(**settings: str) -> Break:
    """Set variables, without their prefix."""

    def act(home: Path, patch: pytest.MonkeyPatch) -> None:
        for name, value in settings.items():
            patch.setenv(f"LOCKHOUSE_{name}", value.replace("HOME", str(home)))

    return act


def toml(text: str) -> Break:
    """Replace the settings file."""

    def act(home: Path, _patch: pytest.MonkeyPatch) -> None:
        (home / "lockhouse.toml").write_text(text)

    return act


def sql(statement: str) -> Break:
    """Do something to the database."""

    def act(home: Path, _patch: pytest.MonkeyPatch) -> None:
        with sqlite3.connect(home / "lockhouse.sqlite") as raw:
            raw.execute(statement)
        raw.close()

    return act


def keys_of_another(home: Path, _patch: pytest.MonkeyPatch) -> None:
    other = home.parent / "other"
    create_installation(other, issuer=None, url=None)
    shutil.copy2(other / "lockhouse.keys", home / "lockhouse.keys")


def keys_lost(home: Path, _patch: pytest.MonkeyPatch) -> None:
    (home / "lockhouse.keys").unlink()


def keys_shown(home: Path, _patch: pytest.MonkeyPatch) -> None:
    (home / "lockhouse.keys").chmod(0o644)


def keys_cut(home: Path, _patch: pytest.MonkeyPatch) -> None:
    (home / "lockhouse.keys").write_text("k1 c2hvcnQ=\n")


def database_lost(home: Path, _patch: pytest.MonkeyPatch) -> None:
    for file in home.glob("lockhouse.sqlite*"):
        file.unlink()


def database_garbage(home: Path, patch: pytest.MonkeyPatch) -> None:
    database_lost(home, patch)
    (home / "lockhouse.sqlite").write_bytes(b"not a database, whatever its name says. " * 100)


def added_before(*words: str) -> Break:
    def act(home: Path, patch: pytest.MonkeyPatch) -> None:
        patch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
        assert main([*words, "--config", str(home / "lockhouse.toml")]) == 0

    return act


def file_in_the_way(home: Path, _patch: pytest.MonkeyPatch) -> None:
    (home.parent / "file").write_text("")


def flows_with(name: str, old: str, new: str) -> Break:
    """Serve copies of the shipped flows, in which one text is another."""

    def act(home: Path, patch: pytest.MonkeyPatch) -> None:
        folder = Path(shutil.copytree(flow_definitions.folder(), home / "flows"))
        file = folder / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        patch.setenv("LOCKHOUSE_FLOWS__DIRECTORY", str(folder))

    return act


def empty_folder(home: Path, _patch: pytest.MonkeyPatch) -> None:
    (home / "empty").mkdir()


TEMPLATE = "templates/email/en/approval.request.txt.j2"
ADD_PERSON = "person add ann --password-stdin --config HOME/lockhouse.toml"
ADD_CLIENT = "client add --id shop --config HOME/lockhouse.toml"
LIST = "client list --config HOME/lockhouse.toml"
SERVE = "serve --port 0 --config HOME/lockhouse.toml"

COMMANDS: dict[str, Typed] = {
    # the command line
    "a command misspelt": Typed(words="clinet list", says=("No such command 'clinet'", "Did you mean 'client'")),
    "an option misspelt": Typed(words="client add --idd shop", says=("No such option: --idd", "--id")),
    "an option left out": Typed(words="client add", says=("Missing option '--id'",)),
    "a password as an argument": Typed(
        words=f"{ADD_PERSON} --password secret", says=("No such option: --password", "--password-stdin")
    ),
    "a port that is no number": Typed(words=f"{SERVE} --port http", says=("--port", "valid integer")),
    "a port over the highest": Typed(words=f"{SERVE} --port 99999", says=("--port", "less than or equal to 65535")),
    # settings
    "a settings file that is not there": Typed(
        words="client list --config HOME/lockhose.toml",
        says=("HOME/lockhose.toml: there is no such settings file", "lockhouse init DIR", "--config"),
    ),
    "the folder instead of the file": Typed(
        words="client list --config HOME", says=("HOME: is a folder", "HOME/lockhouse.toml")
    ),
    "no TOML": Typed(
        words=LIST, broken=toml('issuer = "https://id.example\n'), says=("HOME/lockhouse.toml:1: not TOML",)
    ),
    "a setting misspelt": Typed(
        words=LIST, broken=toml("[mail]\nhots = 'x'\n"), says=("lockhouse.toml:2: mail.hots", "did you mean mail.host?")
    ),
    "a section misspelt": Typed(
        words=LIST, broken=toml("[mial]\nhost = 'x'\n"), says=("lockhouse.toml:1: mial", "did you mean mail")
    ),
    "a number in words": Typed(
        words=LIST,
        broken=toml("[mail]\nport = 'smtp'\n"),
        says=('lockhouse.toml:2: mail.port: expected a whole number, found "smtp"',),
    ),
    "a choice that is none": Typed(
        words=LIST,
        broken=toml("[mail]\nsecurity = 'ssl'\n"),
        says=("mail.security: expected 'starttls', 'tls' or 'none'",),
    ),
    "a variable misspelt": Typed(
        words=LIST, broken=environ(MAIL__HOTS="x"), says=("LOCKHOUSE_MAIL__HOTS", "did you mean LOCKHOUSE_MAIL__HOST?")
    ),
    "an http issuer in production": Typed(
        words=LIST,
        broken=toml('issuer = "http://id.example"\n'),
        says=("issuer: expected an https address", "development"),
    ),
    "an issuer with a slash": Typed(
        words=LIST,
        broken=toml('issuer = "https://id.example/"\n'),
        says=("without a slash at its end", "https://id.example/"),
    ),
    "an issuer without scheme": Typed(
        words="init HOME/new --issuer id.example",
        says=('expected an address such as "https://id.example"', '"id.example"'),
    ),
    "another kind of database": Typed(
        words=LIST,
        broken=environ(DATABASE__URL="mysql://me:canary@db/x"),
        says=("database.url: expected", "postgresql+psycopg://"),
    ),
    "no mail server in production": Typed(
        words=SERVE,
        broken=toml('issuer = "https://id.example"\n[keys]\nfile = "lockhouse.keys"\n'),
        says=("mail.host: expected a mail server, found none", "mail.directory"),
    ),
    # files
    "init where something is": Typed(
        words="init HOME", code=1, says=("HOME/lockhouse.toml: exists already", "choose another folder")
    ),
    "init on a file": Typed(
        words="init HOME/../file", code=1, broken=file_in_the_way, says=("cannot be made a folder", "choose another")
    ),
    "keys lost": Typed(
        words=LIST, broken=keys_lost, says=("HOME/lockhouse.keys: there is no such key file", "keys.file")
    ),
    "keys that others may read": Typed(
        words=LIST, broken=keys_shown, says=("mode 644", "chmod 600 HOME/lockhouse.keys")
    ),
    "keys cut off": Typed(
        words=LIST, broken=keys_cut, says=("lockhouse.keys:1: expected a key's id and 32 bytes", "backup")
    ),
    "keys of another installation": Typed(
        words=SERVE, broken=keys_of_another, says=("belongs to another installation", "keys.file", "backup")
    ),
    "a folder for mails that is a file": Typed(
        words=SERVE,
        broken=environ(MAIL__DIRECTORY="HOME/lockhouse.keys/mail"),
        says=("mail.directory: HOME/lockhouse.keys/mail cannot be written", "correct"),
    ),
    "no folder for flows": Typed(
        words=SERVE,
        broken=environ(FLOWS__DIRECTORY="HOME/flows"),
        says=("flows.directory: expected a folder", "none at HOME/flows"),
    ),
    # the database
    "a database that is not there": Typed(
        words=LIST,
        code=1,
        broken=database_lost,
        says=("HOME/lockhouse.sqlite: there is no such database", "lockhouse db upgrade --config HOME/lockhouse.toml"),
    ),
    "a database in a folder that is not there": Typed(
        words="db upgrade --config HOME/lockhouse.toml",
        code=1,
        broken=environ(DATABASE__URL="sqlite:///HOME/not/there.sqlite"),
        says=("unable to open database file", "that its folder is there"),
    ),
    "a file that is no database": Typed(
        words=LIST, code=1, broken=database_garbage, says=("file is not a database", "see that its address is right")
    ),
    "a database server that does not answer": Typed(
        words=LIST,
        code=1,
        broken=environ(DATABASE__URL="postgresql+psycopg://me:canary@127.0.0.1:1/x"),
        says=("port 1 failed", "that its server runs"),
    ),
    "a database of a newer program": Typed(
        words=LIST,
        code=1,
        broken=sql("update lockhouse_version set version_num = '9999'"),
        says=("at version 9999, this program knows versions up to", "run the newer program"),
    ),
    "a database that was never upgraded": Typed(
        words=LIST, code=1, broken=sql("drop table lockhouse_version"), says=("without tables", "lockhouse db upgrade")
    ),
    # people and clients
    "a mail address without @": Typed(
        words=f"{ADD_PERSON} --email annexample.org",
        says=('e-mail: expected an address such as ann@example.org, found "annexample.org"',),
    ),
    "a telephone number without country": Typed(
        words=f"{ADD_PERSON} --phone 017012345678",
        says=('"017012345678"', "with its country, such as +49", "sms.default_country"),
    ),
    "an address as the user name": Typed(
        words="person add ann@example.org --password-stdin --config HOME/lockhouse.toml",
        says=("user name: looks like an e-mail address",),
    ),
    "no password": Typed(
        words=ADD_PERSON, stdin="\n", says=("expected the password on the first line of standard input, found nothing",)
    ),
    "nobody to ask for a password": Typed(
        words="person add ann --config HOME/lockhouse.toml", says=("expected --password-stdin", "no terminal")
    ),
    "a person twice": Typed(
        words=ADD_PERSON, code=1, broken=added_before("person", "add", "ann", "--password-stdin"), says=("ann",)
    ),
    "a client twice": Typed(
        words=ADD_CLIENT,
        code=1,
        broken=added_before("client", "add", "--id", "shop"),
        says=("shop", "choose another id or remove it"),
    ),
    "a client that is not there": Typed(
        words="client remove shpo --config HOME/lockhouse.toml",
        code=1,
        says=("no client shpo", "lockhouse client list"),
    ),
    "a scope that nobody described": Typed(
        words=f"{ADD_CLIENT} --scope paymnt", says=("found paymnt", "add [scopes.paymnt] to the settings")
    ),
    "a way to learn the outcome that is none": Typed(
        words=f"{ADD_CLIENT} --mode pull", says=("delivery_mode: expected poll",)
    ),
    "a secret too short": Typed(
        words=f"{ADD_CLIENT} --secret hunter2", code=0, says=("warning: this secret has at most about", "leave it out")
    ),
    # flows and templates
    "a flow file that is not there": Typed(
        words="flow check HOME/flwo.yaml", says=("HOME/flwo.yaml: there is no such file",)
    ),
    "a folder without flows": Typed(
        words="flow check HOME/empty",
        code=1,
        broken=empty_folder,
        says=("expected flow definitions (*.yaml), found none",),
    ),
    "an executor misspelt, at start": Typed(
        words=SERVE,
        code=1,
        broken=flows_with("login_approval.yaml", "task: consent", "task: consnet"),
        says=("the flows have mistakes", "login_approval.yaml:", "did you mean 'consent'?"),
    ),
    "a template with an unknown word, at the check": Typed(
        words="flow check HOME/flows",
        code=1,
        broken=flows_with(TEMPLATE, "{{ link }}", "{{ lnik }}"),
        says=(TEMPLATE, "'lnik'"),
    ),
    "a template with an open bracket, at start": Typed(
        words=SERVE,
        code=1,
        broken=flows_with(TEMPLATE, "{{ link }}", "{{ link "),
        says=(TEMPLATE, "correct the template"),
    ),
}


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


# What a program or a person sends to a running server.

BASIC = b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
WRONG = b64encode(f"{CLIENT_ID}:nope".encode()).decode()
CIBA_GRANT = "urn:openid:params:grant-type:ciba"
ASK, TOKEN = "/oauth2/bc-authorize", "/oauth2/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request, and how it is answered."""

    path: str
    status: int
    says: str
    error: str = ""
    method: str = "POST"
    form: dict[str, str] | None = None
    content: str | None = None
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Basic {BASIC}"})


REQUESTS: dict[str, Sent] = {
    "JSON": Sent(
        path=ASK,
        content='{"scope": "openid"}',
        headers={"Authorization": f"Basic {BASIC}", "Content-Type": "application/json"},
        status=400,
        error="invalid_request",
        says="send a form: Content-Type application/x-www-form-urlencoded",
    ),
    "GET": Sent(path=ASK, method="GET", status=405, error="method_not_allowed", says="this address knows POST only"),
    "no authentication": Sent(
        path=ASK,
        form={"scope": "openid"},
        headers={},
        status=401,
        error="invalid_client",
        says="id and secret by HTTP Basic",
    ),
    "a wrong secret": Sent(
        path=ASK,
        form={"scope": "openid"},
        headers={"Authorization": f"Basic {WRONG}"},
        status=401,
        error="invalid_client",
        says="client authentication failed",
    ),
    "no scope": Sent(
        path=ASK, form={"login_hint": PERSON}, status=400, error="invalid_request", says="scope is required"
    ),
    "a scope that is unknown": Sent(
        path=ASK,
        form={"scope": "openid paymnt", "login_hint": PERSON},
        status=400,
        error="invalid_scope",
        says="unknown or not",
    ),
    "no hint": Sent(
        path=ASK, form={"scope": "openid"}, status=400, error="invalid_request", says="exactly one of login_hint"
    ),
    "two hints": Sent(
        path=ASK,
        form={"scope": "openid", "login_hint": PERSON, "id_token_hint": "x"},
        status=400,
        error="invalid_request",
        says="send exactly one of login_hint, login_hint_token and id_token_hint",
    ),
    "nobody": Sent(
        path=ASK,
        form={"scope": "openid", "login_hint": "nobody"},
        status=400,
        error="unknown_user_id",
        says="cannot be asked",
    ),
    "an expiry that is none": Sent(
        path=ASK,
        form={"scope": "openid", "login_hint": PERSON, "requested_expiry": "soon"},
        status=400,
        error="invalid_request",
        says="requested_expiry is a positive number of seconds",
    ),
    "another grant type": Sent(
        path=TOKEN,
        form={"grant_type": "client_credentials"},
        status=400,
        error="unsupported_grant_type",
        says=f"grant_type is {CIBA_GRANT}",
    ),
    "no auth_req_id": Sent(
        path=TOKEN, form={"grant_type": CIBA_GRANT}, status=400, error="invalid_request", says="auth_req_id is required"
    ),
    "a wrong auth_req_id": Sent(
        path=TOKEN,
        form={"grant_type": CIBA_GRANT, "auth_req_id": "x" * 40},
        status=400,
        error="invalid_grant",
        says="this auth_req_id is not valid: start again",
    ),
    "a slash too many": Sent(path=f"{TOKEN}/", form={}, status=404, error="not_found", says="leave out its last slash"),
    "an address that is none": Sent(
        path="/oauth/token", form={}, status=404, error="not_found", says="/.well-known/openid-configuration names ours"
    ),
    "another host": Sent(
        path=TOKEN,
        form={},
        headers={"Host": "127.0.0.1"},
        status=421,
        error="misdirected_request",
        says="it is http://localhost:",
    ),
    "no token": Sent(
        path="/oauth2/userinfo",
        method="GET",
        headers={},
        status=401,
        error="invalid_token",
        says="send the access token as Bearer",
    ),
    "a page that is none": Sent(
        path="/nothing",
        method="GET",
        headers={"Accept": "text/html"},
        status=404,
        says="check it against the link in the message",
    ),
    "a link with one character wrong": Sent(
        path="/a/Zm9vYmFyYmF6cXV4eHh5Zm9vYmFyYmF6cXV4eHh5Zm9",
        method="GET",
        headers={"Accept": "text/html"},
        status=404,
        says="open it again from the message, in full",
    ),
}


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


# What people write into a flow.

FLOW = """\
flow: confirm
version: 1.0.0
language: 1
type: utility
title: Ask somebody to confirm

inputs:
  question: {type: string, max: 80}
outcomes:
  confirmed: {}
  refused: {}
start: ask

nodes:
  ask:
    prompt: {title: Please confirm}
    show: {question: =inputs.question}
    submits: []
    routes: {yes_please: good, no_thanks: bad}
    timeout: {after: 10m, to: bad}
  good: {end: confirmed}
  bad: {end: refused}
"""

FLOWS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "a tab": ("  question:", "\tquestion:", (":8:1", "there is a tab here", "use spaces")),
    "a node misspelt": ("no_thanks: bad", "no_thanks: bda", (":19:", "there is no node 'bda'", "did you mean 'bad'?")),
    "a route left out": (
        ", no_thanks: bad}\n    timeout: {after: 10m, to: bad}",
        "}",
        ("no path leads", "'bad'", "route to it"),
    ),
    "a key misspelt": ("{title: Please", "{titel: Please", ("unknown key 'titel'", "did you mean 'title'?")),
    "an input misspelt": (
        "=inputs.question",
        "=inputs.qestion",
        ("there is no input 'qestion'", "did you mean 'question'?"),
    ),
    "a time in words": ("10m", "10 minutes", ("'10 minutes' is not a duration", "30s, 5m")),
    "a newer language": ("language: 1", "language: 2", ("reads language 1", "write 'language: 1'")),
    "an outcome misspelt": (
        "{end: confirmed}",
        "{end: confirmd}",
        ("no outcome 'confirmd'", "did you mean 'confirmed'?"),
    ),
    "a short version": ("1.0.0", "1.0", ("a version has three numbers", "write 1.0.0")),
}


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

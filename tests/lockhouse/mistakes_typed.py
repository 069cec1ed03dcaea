"""Commands as people mistype them, on installations as people break them, with what they must then read."""

import io
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import flow_definitions
from lockhouse.command_line import main
from lockhouse.installation import create_installation

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
    "a callback elsewhere under our own name": Typed(
        words=LIST,
        broken=toml("[callbacks]\nciba = 'https://elsewhere.example'\n"),
        says=("lockhouse.toml:1: callbacks: expected another name than ciba", "this server's own"),
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
    "a way to learn the outcome that is none": Typed(words=f"{ADD_CLIENT} --mode pull", says=("mode: expected poll",)),
    "a secret too short": Typed(
        words=f"{ADD_CLIENT} --secret hunter2", code=0, says=("warning: this secret has at most about", "leave it out")
    ),
    # flows and templates
    "a flow file that is not there": Typed(
        words="flow check HOME/flwo.yaml", says=("HOME/flwo.yaml: there is no such file",)
    ),
    "a folder without flows": Typed(
        words="flow check HOME/empty",
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

"""A value that must stay secret is put wherever one can be put, and then looked for wherever it must not be."""

import base64
import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.storage import Keyring, Place
from lockhouse.keys import read_keys
from tests.abuse.attacks import Who, attack
from tests.fixtures.books import Books
from tests.fixtures.mail_server import Delivered, MailServer
from tests.fixtures.relying_party import GRANT, Person, RelyingParty, link_in
from tests.fixtures.server import Lockhouse, running

READER: Who = "a reader of the database"
CLIENT: Who = "a malicious client that is registered"
CLIENT_SECRET = "canary_client_secret_7f1c2a9e5b3d8046"
PASSWORD = "canary password 4e8b1d6f2a7c9035"
WRONG_PASSWORD = "canary wrong password 90d3c7b1e5f2846a"
MAIL_PASSWORD = "canary_mail_password_63a9f0c4d7e2b815"
ADDRESS = "canary.address.2c6e9a1f@example.com"
PHONE = "+4915550123987"
USER_CODE = "canary-user-code-8e41d7"
BINDING = "canary binding 5d2f8c1b7e"
USER_CODE = "canary user code 8b3e6d1f5a"
WRONG_CODE = "canary wrong code 2f7c9e4a1b"


@dataclass(frozen=True, kw_only=True)
class Haunted:
    """A deployment through which every canary has flown."""

    lockhouse: Lockhouse
    canaries: dict[str, str]
    refusals: list[str]
    delivered: list[Delivered]


@pytest.fixture(scope="module")
def haunted(tmp_path_factory: pytest.TempPathFactory, mail_server: MailServer) -> Iterator[Haunted]:
    """Run journeys to an approval, a refusal and a lockout, and make every mistake that echoes might follow."""
    folder: Path = tmp_path_factory.mktemp("canaries") / "op"
    settings = {**mail_server.settings, "MAIL__PASSWORD": MAIL_PASSWORD}
    with running(folder, **settings) as lockhouse:
        lockhouse.add_client("haunted", CLIENT_SECRET, "--refresh", "--user-code")
        named = ["--config", str(lockhouse.config), "--email", ADDRESS, "--phone", PHONE, "--password-stdin"]
        lockhouse.run("person", "add", "casper", *named, text=PASSWORD + "\n")
        lockhouse.run("person", "set-user-code", "casper", *named[:2], "--code-stdin", text=USER_CODE + "\n")
        coded = ["--config", str(lockhouse.config), "--code-stdin"]
        lockhouse.run("person", "set-user-code", "casper", *coded, text=USER_CODE + "\n")
        lockhouse.add_client("coded", CLIENT_SECRET, "--user-code")
        party = RelyingParty(lockhouse=lockhouse, client_id="haunted", secret=CLIENT_SECRET)
        canaries = dict(typed_canaries(folder))
        refusals: list[str] = []
        for end in ("approve", "deny", "lockout"):
            journey(party, mail_server, end, canaries, refusals)
        refusals.extend(mistakes(party, canaries))
        party.close()
        yield Haunted(lockhouse=lockhouse, canaries=canaries, refusals=refusals, delivered=mail_server.delivered)


def typed_canaries(folder: Path) -> Iterator[tuple[str, str]]:
    yield "client secret", CLIENT_SECRET
    yield "password", PASSWORD
    yield "wrong password", WRONG_PASSWORD
    yield "mail password", MAIL_PASSWORD
    yield "address", ADDRESS
    yield "phone", PHONE
    yield "binding message", BINDING
    yield "user code secret", USER_CODE
    yield "user code", USER_CODE
    yield "wrong user code", WRONG_CODE
    keys = next(file for file in folder.iterdir() if file.suffix == ".keys")
    yield "master key", next(line for line in keys.read_text().splitlines() if line[:1] != "#").split()[1]


def journey(
    party: RelyingParty, mail_server: MailServer, end: str, canaries: dict[str, str], refusals: list[str]
) -> None:
    before = len(mail_server.delivered)
    scope = "openid email phone offline_access"
    asked = party.ask(login_hint=ADDRESS, binding_message=BINDING, scope=scope, user_code=USER_CODE)
    canaries[f"auth_req_id ({end})"] = asked.auth_req_id
    link = link_in(mail_server.wait_for(before + 1)[before].message)
    canaries[f"link ({end})"] = link.rpartition("/")[2]
    refusals.append(asked.poll().text)
    with Person.at(link) as person:
        for name, value in person.page.forms[0].hidden:
            canaries[f"{name} ({end})"] = value
        person.sign_in(WRONG_PASSWORD)
        refusals.append(person.open(link + "x").html)
        person.open(link)
        if end == "lockout":
            for _ in range(4):
                person.press("submit", password=WRONG_PASSWORD)
        else:
            canaries[f"cookie before ({end})"] = next(iter(person.http.cookies.values()))
            person.press("submit", password=PASSWORD)
            person.press({"approve": "allow", "deny": "deny"}[end])
        canaries[f"cookie ({end})"] = next(iter(person.http.cookies.values()))
    answer = asked.outcome()
    if end == "approve":
        canaries["access token"] = answer["access_token"]
        canaries["id token"] = answer["id_token"]
        canaries["refresh token"] = answer["refresh_token"]
    refusals.append(asked.poll().text)


def mistakes(party: RelyingParty, canaries: dict[str, str]) -> Iterator[str]:
    """Yield what the server answers to requests that carry canaries and must fail."""
    lockhouse = party.lockhouse
    for client_id, secret in (("haunted", CLIENT_SECRET + "x"), (CLIENT_SECRET, CLIENT_SECRET)):
        with RelyingParty(lockhouse=lockhouse, client_id=client_id, secret=secret) as stranger:
            yield stranger.begin().text
    with RelyingParty(lockhouse=lockhouse, client_id="coded", secret=CLIENT_SECRET) as coded:
        yield coded.begin(login_hint=ADDRESS).text
        yield coded.begin(login_hint=ADDRESS, user_code=WRONG_CODE).text
        assert coded.begin(login_hint=ADDRESS, user_code=USER_CODE).status_code == 200
    yield party.begin(login_hint="x" + ADDRESS).text
    yield party.begin(login_hint=PHONE + "0", binding_message=BINDING).text
    yield party.begin(login_hint=ADDRESS, binding_message=f"https://{BINDING}").text
    yield party.begin(login_hint=ADDRESS, user_code=USER_CODE + "x").text
    yield party.post("/oauth2/token", {"grant_type": "refresh_token", "refresh_token": USER_CODE}).text
    yield party.post("/oauth2/token", {"grant_type": GRANT, "auth_req_id": canaries["auth_req_id (deny)"]}).text
    yield party.post("/oauth2/token", {"grant_type": CLIENT_SECRET}).text
    yield party.post("/oauth2/auth/callback", {"assertion": canaries["id token"]}).text
    token = canaries["access token"]
    for headers in ({"Authorization": f"Bearer {token}x"}, {"Authorization": f"Basic {token}"}):
        yield party.http.get(f"{lockhouse.url}/oauth2/userinfo", headers=headers).text
    yield party.http.get(f"{lockhouse.url}/{CLIENT_SECRET}?password={PASSWORD}").text
    yield party.http.get(f"{lockhouse.url}/oauth2/token?auth_req_id={canaries['auth_req_id (deny)']}").text


def spellings(value: str) -> Iterator[bytes]:
    """Yield how *value* would look if somebody had encoded it on the way."""
    plain = value.encode()
    yield plain
    yield urllib.parse.quote(value).encode()
    yield urllib.parse.quote_plus(value).encode()
    yield plain.hex().encode()
    # base64 of a longer text contains one of three spellings of ours, by where it starts.
    for shift in range(3):
        yield base64.b64encode(b"\0" * shift + plain)[4 if shift else 0 : -4]


def found(canaries: dict[str, str], text: bytes) -> list[str]:
    return sorted(name for name, value in canaries.items() if any(one in text for one in spellings(value)))


@attack(
    "a reader of the logs",
    "reads passwords, secrets, tokens, links or addresses from the log",
    "none of them is ever logged, in any spelling",
)
def test_no_canary_is_in_the_log(haunted: Haunted) -> None:
    log = haunted.lockhouse.log.read_bytes()

    assert b"bc-authorize" in log, "the log has nothing: this test would prove nothing"
    assert found(haunted.canaries, log) == []


@attack(CLIENT, "has a refusal say what was sent", "errors echo nothing")
def test_no_canary_is_in_an_answer_that_refuses(haunted: Haunted) -> None:
    # A page's own forms carry the CSRF token of the cookie that asked for it.
    carried = {name: value for name, value in haunted.canaries.items() if not name.startswith("csrf")}

    assert len(haunted.refusals) > 15
    assert [found(carried, text.encode()) for text in haunted.refusals if found(carried, text.encode())] == []


@attack("a mail scanner", "reads the link from the headers of the mail", "the link is in the body alone")
def test_no_canary_is_in_a_header_of_a_mail(haunted: Haunted) -> None:
    # The address must be there; the link is in the body alone.
    secret = {name: value for name, value in haunted.canaries.items() if name != "address"}
    heads = [one.raw.split(b"\r\n\r\n")[0] for one in haunted.delivered]

    assert heads
    assert [found(secret, head) for head in heads if found(secret, head)] == []


@attack("a mail scanner", "finds a secret in the mail", "a mail has the link and the message, and no other secret")
def test_a_mail_carries_the_link_and_the_message_and_no_other_canary(haunted: Haunted) -> None:
    meant = re.compile(r"address|link|binding message")
    secret = {name: value for name, value in haunted.canaries.items() if not meant.match(name)}

    assert [found(secret, one.raw) for one in haunted.delivered if found(secret, one.raw)] == []


@attack(READER, "searches the raw files for secrets, links, addresses and messages", "all of it is hashed or sealed")
def test_no_canary_is_in_a_raw_file_of_the_deployment(haunted: Haunted) -> None:
    files = [file for file in haunted.lockhouse.folder.rglob("*") if file.is_file() and file.suffix != ".keys"]
    raw = {file.name: file.read_bytes() for file in files}

    assert any(text.startswith(b"SQLite format 3") for text in raw.values())
    assert {name: found(haunted.canaries, text) for name, text in raw.items() if found(haunted.canaries, text)} == {}


@attack(READER, "has the master key too, and opens the history", "proofs of who somebody is are not kept at all")
def test_no_canary_is_in_the_history_when_it_is_opened(haunted: Haunted) -> None:
    # What people see and where they are reached may be in it, sealed; what proves who somebody is may not.
    proofs = re.compile(r".*(password|secret|auth_req_id|cookie|token|key|csrf|link).*")
    secret = {name: value for name, value in haunted.canaries.items() if proofs.match(name)}
    keyring: Keyring = read_keys(next(haunted.lockhouse.folder.glob("*.keys")))
    books = Books(haunted.lockhouse)

    entries = [
        keyring.open(Place("engine_history", "entry", row["execution"], row["revision"]), row["entry"])
        for row in books.rows("SELECT * FROM engine_history")
    ]
    books.close()

    assert len(entries) > 10
    assert [found(secret, entry) for entry in entries if found(secret, entry)] == []

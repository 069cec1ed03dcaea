"""Everything put together, on both databases: a request comes in, its mail goes out, and nothing leaks."""

import asyncio
import email
import email.policy
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from types import MappingProxyType

import httpx2
import pytest

from engine import SystemClock
from engine.storage import TableOwner
from lockhouse.configuration import SettingsInvalid, load_configuration
from lockhouse.directory.persons import NewPerson
from lockhouse.installation import OWNERS, AlreadyThere, create_installation, opened
from lockhouse.wiring import Wired, wired
from protocols.oauth2 import CIBA_GRANT, NewClient

pytestmark = pytest.mark.anyio

ISSUER = "http://localhost:8400"
QUICK = {"LOCKHOUSE_PASSWORD__MEMORY_KIB": "8", "LOCKHOUSE_PASSWORD__ROUNDS": "1"}


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server without a socket, and a client of it."""

    parts: Wired
    http: httpx2.AsyncClient
    mails: Path

    async def ask(self, hint: str = "ann") -> httpx2.Response:
        form = {"scope": "openid email", "login_hint": hint, "binding_message": "canary-message"}
        return await self.http.post("/oauth2/bc-authorize", data=form, auth=("shop", "canary-secret"))

    async def mail(self) -> EmailMessage:
        """Wait until the outbox has written the first message."""
        async with asyncio.timeout(20):
            while not (files := list(self.mails.glob("*.eml"))):  # noqa: ASYNC110 - a file tells nobody that it came
                await asyncio.sleep(0.01)
        message = email.message_from_bytes(files[0].read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message


class LaterBy:
    """The machine's clock, ahead by so much."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        return SystemClock().now() + self._ahead


@asynccontextmanager
async def running(
    home: tuple[Path, str],
    environ: Mapping[str, str] = MappingProxyType({}),
    *,
    ahead: timedelta = timedelta(0),
    work: bool = True,
) -> AsyncIterator[Running]:
    folder, url = home
    configuration = load_configuration(
        folder / "lockhouse.toml", environ={**QUICK, "LOCKHOUSE_DATABASE__URL": url, **environ}
    )
    async with opened(configuration, clock=LaterBy(ahead)) as installation, wired(installation, work=work) as parts:
        transport = httpx2.ASGITransport(app=parts.application)
        async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
            yield Running(parts=parts, http=http, mails=folder / "mail")


@pytest.fixture
async def home(tmp_path: Path, new_url: Callable[[], str]) -> tuple[Path, str]:
    folder, url = tmp_path / "home", new_url()
    await asyncio.to_thread(create_installation, folder, issuer=None, url=url)
    configuration = load_configuration(folder / "lockhouse.toml", environ={})
    now = SystemClock().now()
    person = NewPerson.of(subject="s-ann", user_name="ann", name="Canary Ann", email="canary@example.org")
    client = NewClient(client_id="shop", secret="canary-secret")
    async with opened(configuration) as installation, wired(installation) as parts:
        await installation.database.run(partial(parts.persons.add, person=person, now=now))
        await installation.database.run(partial(parts.clients.add, client=client, now=now))
    return folder, url


async def test_a_request_is_answered_and_its_mail_has_a_link_that_opens(home: tuple[Path, str]) -> None:
    async with running(home) as server:
        answer = await server.ask()
        mail = await server.mail()
        body = mail.get_body(("plain",))
        assert body is not None
        link = re.search(rf"{ISSUER}/a/\S+", body.get_content())
        assert link
        page = await server.http.get(link[0])

    assert (answer.status_code, answer.json()["expires_in"]) == (200, 120)
    assert mail["To"] == "Canary Ann <canary@example.org>"
    assert (page.status_code, "canary-message" in page.text) == (200, True)
    assert page.headers["Referrer-Policy"] == "strict-origin"


async def test_settings_reach_the_protocol(home: tuple[Path, str]) -> None:
    environ = {
        "LOCKHOUSE_CIBA__EXPIRES_IN": "77",
        "LOCKHOUSE_CIBA__INTERVAL": "3",
        "LOCKHOUSE_CIBA__LIMITS__PAIR_PENDING": "1",
    }
    async with running(home, environ) as server:
        first, second = await server.ask(), await server.ask()

    assert (first.json()["expires_in"], first.json()["interval"]) == (77, 3)
    assert (second.status_code, second.json()["error"]) == (403, "access_denied")


async def test_a_message_is_dropped_and_its_request_fails_where_the_person_was_disabled_meanwhile(
    home: tuple[Path, str],
) -> None:
    # A mail server that is down keeps the message in the outbox until the person is disabled.
    async with running(home, {"LOCKHOUSE_MAIL__HOST": "127.0.0.1", "LOCKHOUSE_MAIL__PORT": "1"}) as server:
        asked = await server.ask()
        await server.parts.engine.run_due()
        persons, database = server.parts.persons, server.parts.ciba.database
        await database.run(lambda unit: persons.set_status(unit, "s-ann", "disabled"))
    # Nobody else works, so that what is due is done when run_due returns.
    async with running(home, ahead=timedelta(seconds=90), work=False) as server:
        await server.parts.engine.run_due()
        form = {"grant_type": CIBA_GRANT, "auth_req_id": asked.json()["auth_req_id"]}
        polled = await server.http.post("/oauth2/token", data=form, auth=("shop", "canary-secret"))
        again = await server.ask()

    assert list(server.mails.glob("*.eml")) == []
    assert polled.json()["error"] == "expired_token"
    assert again.json()["error"] == "unknown_user_id"


async def test_two_servers_on_one_database_send_a_message_once(home: tuple[Path, str]) -> None:
    async with running(home) as one, running(home) as other:
        await one.ask()
        await asyncio.gather(one.parts.engine.run_due(), other.parts.engine.run_due(), one.mail())

    assert len(list(one.mails.glob("*.eml"))) == 1


async def test_the_raw_database_holds_none_of_the_secrets(home: tuple[Path, str]) -> None:
    async with running(home) as server:
        await server.ask()
        await server.mail()

    if home[1].startswith("sqlite"):
        file = Path(home[1].removeprefix("sqlite:///"))
        raw = b"".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*"))
        assert b"canary" not in raw.lower()


async def test_a_database_of_another_installation_is_refused(home: tuple[Path, str], tmp_path: Path) -> None:
    other = tmp_path / "other"
    with pytest.raises(AlreadyThere):
        await asyncio.to_thread(create_installation, other, issuer=None, url=home[1])

    assert list(other.iterdir()) == []


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"LOCKHOUSE_MAIL__SENDER": "a@b, c@d"}, "mail.sender: "),
        (
            {"LOCKHOUSE_MAIL__HOST": "mail.example", "LOCKHOUSE_MAIL__SECURITY": "none", "LOCKHOUSE_MAIL__USER": "u"},
            "mail: a password may not cross the network in clear",
        ),
        (
            {"LOCKHOUSE_ISSUER": "https://id.example", "LOCKHOUSE_DEVELOPMENT": "false"},
            "mail.host: expected a mail server, found none",
        ),
    ],
)
async def test_settings_that_do_not_go_together_are_refused_at_start(
    home: tuple[Path, str], environ: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsInvalid, match=re.escape(message)):
        async with running(home, environ):
            pass


def test_every_column_of_every_package_says_how_it_is_kept() -> None:
    kinds = {"clear", "hashed", "keyed_hash", "argon2id", "sealed"}
    columns = [column for owner in OWNERS for table in owner.metadata.tables.values() for column in table.c]

    assert [str(column) for column in columns if column.info.get("kept") not in kinds] == []


def test_no_two_packages_share_a_table_and_each_has_its_prefix() -> None:
    names = [(owner.name, name) for owner in OWNERS for name in owner.metadata.tables]

    assert len({name for _, name in names}) == len(names)
    # A grant's package is named oauth2_GRANT, its tables GRANT_…
    strangers = [(owner, name) for owner, name in names if not name.startswith(f"{owner.removeprefix('oauth2_')}_")]
    assert strangers == []


async def test_readiness_is_red_when_the_engine_has_stopped(home: tuple[Path, str]) -> None:
    async with running(home) as server:
        ready = await server.http.get("/readyz")
        await server.parts.engine.close()
        stopped = await server.http.get("/readyz")

    assert ready.status_code == 200
    assert (stopped.status_code, stopped.json()["failing"]) == (503, ["engine"])

"""A whole server without a socket for tests of bc-authorize: real people, real tables, every statement noted."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast

import httpx2
from sqlalchemy.sql import Executable

from engine import SystemClock
from engine.storage import Database, Unit
from lockhouse.configuration import load_configuration
from lockhouse.directory.passwords import Passwords
from lockhouse.directory.persons import NewPerson, Persons
from lockhouse.installation import Installation, create_installation, opened
from lockhouse.wiring import wired
from protocols.oauth2 import Clients, NewClient
from protocols.oauth2_ciba.guard import block
from tests.lockhouse.homes import copied

T = TypeVar("T")
ENVIRON = {
    "LOCKHOUSE_PASSWORD__MEMORY_KIB": "8",
    "LOCKHOUSE_PASSWORD__ROUNDS": "1",
    "LOCKHOUSE_CIBA__LIMITS__PAIR_PER_MINUTE": "500",
    "LOCKHOUSE_CIBA__LIMITS__PERSON_PER_MINUTE": "500",
}
CODE = "1234"
# What is done beside, by tasks that were there before, is nobody's request.
_ASKING: ContextVar[bool] = ContextVar("asking", default=False)


class Ahead:
    """The machine's clock, which a test turns forward."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        return SystemClock().now() + self._ahead

    def forward(self, seconds: int) -> None:
        self._ahead += timedelta(seconds=seconds)


class RecordedUnit:
    """A unit that notes its statements."""

    def __init__(self, unit: Unit, statements: list[str]) -> None:
        self._unit, self._statements = unit, statements

    def execute(self, statement: Executable, params: Any = None) -> Any:
        """Run *statement* and note which it is: each is made once and holds no value."""
        self._statements.append(f"{type(statement).__name__} {id(statement)}")
        return self._unit.execute(statement, params)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)


class RecordingDatabase(Database):
    """A database that notes what each unit asks of it."""

    def __init__(self, inner: Database) -> None:
        super().__init__(inner._backend)
        self.units: list[list[str]] = []

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """Run *fn* and note its statements."""
        statements: list[str] = []
        if _ASKING.get():
            self.units.append(statements)
        return await super().run(lambda unit: fn(cast("Unit", RecordedUnit(unit, statements))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A server without a socket, whose statements are noted; its engine delivers nothing unless it works."""

    http: httpx2.AsyncClient
    database: RecordingDatabase
    clock: Ahead
    mails: Path

    async def ask(self, hint: str, *, client: str = "shop", **form: str) -> httpx2.Response:
        """Send a backchannel request."""
        sent = {"scope": "openid", "login_hint": hint, "binding_message": "Order 17", **form}
        return await self.http.post("/oauth2/bc-authorize", data=sent, auth=(client, "secret"))

    async def poll(self, auth_req_id: str) -> httpx2.Response:
        """Send a token request."""
        form = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": auth_req_id}
        return await self.http.post("/oauth2/token", data=form, auth=("shop", "secret"))

    async def asked_with(self, hint: str, **form: str) -> list[list[str]]:
        """Ask, and return what was asked of the database, unit by unit."""
        self.database.units.clear()
        asking = _ASKING.set(True)
        await self.ask(hint, **form)
        _ASKING.reset(asking)
        return list(self.database.units)


def prepare(installation: Installation, hashes: Passwords) -> Callable[[Unit], None]:
    """Return what registers clients and everybody whom they may ask for; only ``fay`` has a user code."""
    persons, clients = Persons(keyring=installation.keyring), Clients(keyring=installation.keyring)
    now = installation.clock.now()
    addresses = {"ann": "ann@example.org", "dis": "dis@example.org", "bea": "bea@example.org", "cut": None}
    family = {"fay": "family@example.org", "fred": "family@example.org"}

    def fill(unit: Unit) -> None:
        for client, takes in {"shop": True, "bank": True, "plain": False}.items():
            clients.add(unit, NewClient(client_id=client, secret="secret", takes_user_code=takes), now=now)
        for name, address in {**addresses, **family}.items():
            person = NewPerson.of(subject=f"subject-of-{name}", user_name=name, email=address)
            persons.add(unit, person, now=now)
        persons.set_status(unit, "subject-of-dis", "disabled")
        persons.set_user_code(unit, "subject-of-fay", hashes.hash(CODE))
        block(unit, "shop", "subject-of-bea", reason="not_me", now=now)

    return fill


@asynccontextmanager
async def desk(
    folder: Path, environ: Mapping[str, str] = MappingProxyType({}), *, work: bool = False, url: str | None = None
) -> AsyncIterator[Desk]:
    """Yield a server whose engine delivers nothing unless it works; *url* names a database that is empty."""
    home = folder / "home"
    if url is None:
        await asyncio.to_thread(copied, home)
    else:
        await asyncio.to_thread(create_installation, home, issuer=None, url=url)
    configuration = load_configuration(home / "lockhouse.toml", environ={**ENVIRON, **environ})
    clock = Ahead()
    async with opened(configuration, clock=clock) as installation:
        hashes = Passwords(memory_kib=8, rounds=1, lanes=1)
        await installation.database.run(prepare(installation, hashes))
        hashes.close()
        database = RecordingDatabase(installation.database)
        async with wired(replace(installation, database=database), work=work) as parts:
            transport = httpx2.ASGITransport(app=parts.application)
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8400") as http:
                yield Desk(http=http, database=database, clock=clock, mails=home / "mail")

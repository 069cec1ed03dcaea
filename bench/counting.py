"""Counts what one HTTP request asks of the database: units (transactions), statements, and rows written."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar, cast

import httpx2
from sqlalchemy.sql import Executable
from sqlalchemy.sql.dml import UpdateBase

from bench.people import client_secret, person_address
from bench.target import answering
from engine.storage import Database, Unit
from lockhouse.installation import Installation

T = TypeVar("T")
GRANT = "urn:openid:params:grant-type:ciba"


@dataclass(slots=True)
class Work:
    """What was asked of the database."""

    units: int = 0
    reads: int = 0
    statements: int = 0
    rows: int = 0


class CountedUnit:
    """A unit that counts its statements and the rows that they changed."""

    def __init__(self, unit: Unit, work: Work) -> None:
        self._unit, self._work = unit, work

    def execute(self, statement: Executable, params: Any = None) -> Any:
        """Run *statement* and count it."""
        result = self._unit.execute(statement, params)
        self._work.statements += 1
        if isinstance(statement, UpdateBase):
            self._work.rows += result.rowcount
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)


class CountingDatabase(Database):
    """A database whose work is counted while somebody asks for it."""

    def __init__(self, inner: Database) -> None:
        super().__init__(inner._backend)  # noqa: SLF001 - the same backend, seen from outside
        self.work = Work()

    @contextmanager
    def counted(self) -> Iterator[Work]:
        """Yield a count that starts at nothing and is complete at the end of the block."""
        self.work = Work()
        yield self.work
        self.work = Work()

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """Run *fn* and count it as a unit."""
        return await super().run(self._counting(fn, "units"))

    async def read(self, fn: Callable[[Unit], T]) -> T:
        """Run *fn* and count it as a read: a snapshot, which waits for nobody and commits nothing."""
        return await super().read(self._counting(fn, "reads"))

    def _counting(self, fn: Callable[[Unit], T], kind: str) -> Callable[[Unit], T]:
        work = self.work
        setattr(work, kind, getattr(work, kind) + 1)
        return lambda unit: fn(cast("Unit", CountedUnit(unit, work)))


async def count_work(installation: Installation) -> dict[str, dict[str, int]]:
    """Return the work of each endpoint, on an installation whose people are registered: one client, two persons."""
    database = CountingDatabase(installation.database)
    async with _client(replace(installation, database=database)) as http:
        await http.begin(0)  # keys, plans and whatever else only the first request pays
        counted: dict[str, Work] = {}
        with database.counted() as counted["bc-authorize, person never asked before"]:
            await http.begin(1)
        with database.counted() as counted["bc-authorize"]:
            asked = await http.begin(1)
        with database.counted() as counted["pending poll"]:
            assert (await http.poll(asked)).json()["error"] == "authorization_pending"
        await http.approve(asked)
        with database.counted() as counted["redeeming poll"]:
            assert "id_token" in (await http.poll(asked)).json()
    return {name: asdict(work) for name, work in counted.items()}


class _Caller:
    """Client 0, over the application itself."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http, self._auth = http, ("client0", client_secret(0))

    async def begin(self, person: int) -> str:
        form = {"scope": "openid", "login_hint": person_address(person), "binding_message": "Order 17"}
        answer = await self._http.post("/oauth2/bc-authorize", data=form, auth=self._auth)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["auth_req_id"])

    async def poll(self, auth_req_id: str) -> httpx2.Response:
        form = {"grant_type": GRANT, "auth_req_id": auth_req_id}
        return await self._http.post("/oauth2/token", data=form, auth=self._auth)

    async def approve(self, auth_req_id: str) -> None:
        answer = await self._http.post("/bench/approve", data={"auth_req_id": auth_req_id})
        assert answer.json()["accepted"], answer.text


@asynccontextmanager
async def _client(installation: Installation) -> AsyncIterator[_Caller]:
    issuer = installation.configuration.settings.issuer
    async with answering(installation, work=False) as application:
        transport = httpx2.ASGITransport(app=application)
        async with httpx2.AsyncClient(transport=transport, base_url=issuer) as http:
            yield _Caller(http)

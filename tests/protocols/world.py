"""A whole protocol layer for tests: real records, endpoints, database; people, time and flows that a test controls."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import httpx2
from starlette.applications import Starlette

from engine import Ended
from engine.storage import Database, Keyring, Unit
from lockhouse.answers import plain_answer
from lockhouse.terminators import CertificateHeaders
from protocols.oauth2 import (
    AssertionKey,
    Clients,
    KeyMaterial,
    NewClient,
    Opened,
    RemoteKeys,
    SigningKeys,
    generate_keys,
    load_assertion_key,
)
from protocols.oauth2_ciba import CallbackAnswer, Ciba, CibaRecords, CibaSettings
from protocols.oauth2_ciba.composition import Flows
from protocols.oauth2_ciba.endpoints import protocol_routes
from protocols.oauth2_ciba.requests import Request, by_auth_req_id
from protocols.oauth2_ciba.user_codes import UserCodes
from tests.protocols.surroundings import FlowBook, Hand, KeyShelf, People

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
ISSUER = "https://op.example"
GRANT = "urn:openid:params:grant-type:ciba"
SHOP, BANK, PUSHY = "shop", "bank", "other_grant"
SECRETS = {SHOP: "shop-secret-" + "s" * 40, BANK: "bank-secret-" + "b" * 40, PUSHY: "pushy-secret-" + "p" * 40}
KEYRING = Keyring({"k1": bytes(range(32))}, "k1")


@dataclass(kw_only=True)
class World:
    """Everything that a test of the protocol needs, by its name."""

    database: Database
    http: httpx2.AsyncClient
    clock: Hand
    people: People
    flows: FlowBook
    records: CibaRecords
    ciba: Ciba
    assertion_key: AssertionKey
    signing_keys: SigningKeys
    settings: CibaSettings
    shelf: "KeyShelf"
    names: dict[str, str] = field(default_factory=dict)

    @property
    def first_flow(self) -> str:
        """Return the flow that a request begins with."""
        return {"two_flows": "notification_dispatch", "one_flow": "ciba_journey"}[self.settings.composition]

    def real(self, execution: str) -> str:
        """Return the execution that a test calls by this name."""
        return self.names.get(execution, execution)

    async def post(self, path: str, form: Mapping[str, Any], *, client: str = SHOP, **headers: str) -> httpx2.Response:
        """Post *form* as *client*, by Basic."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(path, data=dict(form), auth=(client, SECRETS[client]), headers=sent)

    async def ask(self, *, client: str = SHOP, key: str | None = None, **changes: str | None) -> httpx2.Response:
        """Send a backchannel request: a good one, but for *changes*; None leaves a parameter out."""
        form = {"scope": "openid profile", "login_hint": "ann", "binding_message": "Order 17", **changes}
        headers = {"Idempotency_Key": key} if key else {}
        return await self.post(
            "/oauth2/bc-authorize", {n: v for n, v in form.items() if v is not None}, client=client, **headers
        )

    async def asked(self, *, client: str = SHOP, key: str | None = None, **changes: str | None) -> str:
        """Send a good request and return its auth_req_id."""
        answer = await self.ask(client=client, key=key, **changes)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["auth_req_id"])

    async def poll(self, auth_req_id: str, *, client: str = SHOP, key: str | None = None) -> httpx2.Response:
        """Send a token request."""
        headers = {"Idempotency_Key": key} if key else {}
        return await self.post(
            "/oauth2/token", {"grant_type": GRANT, "auth_req_id": auth_req_id}, client=client, **headers
        )

    async def row(self, auth_req_id: str) -> Request:
        """Return the record."""
        found = await self.database.run(lambda unit: by_auth_req_id(unit, auth_req_id))
        assert found is not None
        return found

    async def link(self, auth_req_id: str) -> str:
        """Return the token in the link that the person was sent."""
        row = await self.row(auth_req_id)
        return str(self.flows.started[row.flow_execution_id].inputs["link"]).rsplit("/", 1)[1]

    async def open(self, auth_req_id: str, execution: str) -> Any:
        """Open a login attempt from the link. Where it joins a journey, *execution* is that one's name from now on."""
        link, now = await self.link(auth_req_id), self.clock.now()
        opened = await self.database.run(
            lambda unit: self.ciba.open_attempt(unit, link=link, execution=execution, now=now)
        )
        if isinstance(opened, Opened) and opened.execution is not None:
            self.names[execution] = opened.execution
        return opened

    async def claim(self, auth_req_id: str, execution: str) -> bool:
        """Let an attempt claim the request."""
        row, now, mine = await self.row(auth_req_id), self.clock.now(), self.real(execution)
        return await self.database.run(
            lambda unit: self.records.claim(
                unit, execution=mine, correlation=row.request_id, subject=row.user_id, now=now
            )
        )

    async def claimed(self, auth_req_id: str) -> str:
        """Open an attempt, let it claim, and return its execution."""
        execution = f"login-{auth_req_id[:12]}"
        assert isinstance(await self.open(auth_req_id, execution), Opened)
        assert await self.claim(auth_req_id, execution)
        return execution

    async def claims(self, auth_req_id: str, **changes: Any) -> dict[str, Any]:
        """Return what an assertion for the claimed request says, but for *changes*."""
        row, iat = await self.row(auth_req_id), int(self.clock.now().timestamp())
        return {
            "iss": ISSUER,
            "aud": "ciba",
            "sub": row.user_id,
            "jti": f"jti-{row.request_id}",
            "iat": iat,
            "exp": iat + 60,
            "execution": row.login_execution_id or "nobody",
            "flow_digest": row.flow_digest,
            "correlation": row.request_id,
            "granted": list(row.scopes),
            "methods": ["pwd"],
            "auth_time": iat,
            **changes,
        }

    async def receive(self, assertion: str) -> CallbackAnswer:
        """Post an assertion to the local callback."""
        now = self.clock.now()
        return await self.database.run(lambda unit: self.records.receive(unit, "ciba", assertion, now))

    async def approved(self, *, client: str = SHOP, **changes: str | None) -> str:
        """Send a request, have it approved, and return its auth_req_id."""
        auth_req_id = await self.asked(client=client, **changes)
        await self.approve(auth_req_id)
        return auth_req_id

    async def approve(self, auth_req_id: str) -> None:
        """Approve the way a login flow does."""
        await self.claimed(auth_req_id)
        answer = await self.receive(self.assertion_key.sign(await self.claims(auth_req_id)))
        assert answer.accepted, answer

    async def end(self, name: str, auth_req_id: str, execution: str, outcome: str, **fields: Any) -> None:
        """End an execution, as the engine tells it; what is a flow of its own may be a journey here."""
        row, execution = await self.row(auth_req_id), self.real(execution)
        if execution in self.flows.started and self.flows.started[execution].flow == "ciba_journey":
            name = "ciba.journey"
        over = Ended(
            execution=execution,
            flow=name,
            outcome=outcome,
            fields=fields,
            correlation=row.request_id,
            at=self.clock.now(),
        )
        await self.database.run(lambda unit: self.records.ends()[name](unit, over))

    @asynccontextmanager
    async def beside(self, database: Database) -> AsyncIterator["World"]:
        """Yield a second process on the same rows: its own handle on the database and its own endpoints."""
        keys = SigningKeys(database=database, keyring=KEYRING)
        async with self._with(flows=self.flows, database=database, signing_keys=keys, flow_digest=digest_of) as world:
            yield world

    @asynccontextmanager
    async def on(self, engine: Flows, *, flow_digest: Callable[[str], str]) -> AsyncIterator["World"]:
        """Yield this world with its flows run by *engine*."""
        database, keys = self.database, self.signing_keys
        async with self._with(flows=engine, database=database, signing_keys=keys, flow_digest=flow_digest) as world:
            yield world

    @asynccontextmanager
    async def _with(
        self, *, flows: Flows, database: Database, signing_keys: SigningKeys, flow_digest: Callable[[str], str]
    ) -> AsyncIterator["World"]:
        ciba = Ciba(
            records=self.records,
            engine=flows,
            database=database,
            clock=self.clock,
            signing_keys=signing_keys,
            remote_keys=RemoteKeys(self.shelf),
            flow_digest=flow_digest,
        )
        async with _client(ciba) as http:
            yield replace(self, database=database, ciba=ciba, http=http, signing_keys=signing_keys)

    async def sweep(self) -> int:
        """Do all that is due; return how many rows were touched."""
        touched, now = 0, self.clock.now()
        while more := await self.database.run(lambda unit: self.records.sweep(unit, now)):
            touched += more
        return touched


@asynccontextmanager
async def make_world(
    database: Database,
    material: KeyMaterial,
    settings: CibaSettings | None = None,
    *,
    user_codes: UserCodes | None = None,
) -> AsyncIterator[World]:
    """Yield a protocol layer over *database* with two clients and the person behind ``ann``, ``ann@example.org``."""
    clock, flows, clients = Hand(NOON), FlowBook(), Clients(keyring=KEYRING)
    settings = settings or CibaSettings(issuer=ISSUER)
    people = People(**{"ann": "sub-ann", "ann@example.org": "sub-ann", "bob": "sub-bob"})
    people.hints["twins"] = ("sub-ann", "sub-bob")

    def prepare(unit: Unit) -> None:
        generate_keys(unit, material=material, keyring=KEYRING, now=NOON)
        clients.add(unit, NewClient(client_id=SHOP, secret=SECRETS[SHOP], name="The Shop"), now=NOON)
        clients.add(unit, NewClient(client_id=BANK, secret=SECRETS[BANK]), now=NOON)
        clients.add(unit, NewClient(client_id=PUSHY, secret=SECRETS[PUSHY], grant_types=()), now=NOON)

    await database.run(prepare)
    key = await database.read(lambda unit: load_assertion_key(unit, keyring=KEYRING))
    signing_keys, shelf = SigningKeys(database=database, keyring=KEYRING), KeyShelf()
    records = CibaRecords(
        keyring=KEYRING,
        accounts=people,
        clients=clients,
        assertion_key=key,
        signing_keys=signing_keys,
        settings=settings,
        user_codes=user_codes,
    )
    flows.records = records
    ciba = Ciba(
        records=records,
        engine=flows,
        database=database,
        clock=clock,
        signing_keys=signing_keys,
        remote_keys=RemoteKeys(shelf),
        flow_digest=digest_of,
    )
    async with _client(ciba) as http:
        yield World(
            database=database,
            http=http,
            clock=clock,
            people=people,
            flows=flows,
            records=records,
            ciba=ciba,
            assertion_key=key,
            signing_keys=signing_keys,
            settings=settings,
            shelf=shelf,
        )


def digest_of(flow: str) -> str:
    """Return a digest for a flow that there is only in a test."""
    return f"digest of {flow}"


def _client(ciba: Ciba) -> httpx2.AsyncClient:
    # Certificates come as they come in production: from the terminator that is connected.
    terminators = (ip_network("127.0.0.1"),)
    app = CertificateHeaders(
        Starlette(routes=protocol_routes(ciba)),
        terminators=terminators,
        header="x-ssl-client-cert",
        respond=plain_answer,
    )
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(transport=transport, base_url=ISSUER)


def as_error(answer: httpx2.Response) -> tuple[int, str]:
    """Return status and error of an answer, once it was seen to be shaped as the specifications demand."""
    body = answer.json()
    assert set(body) <= {"error", "error_description", "error_uri"}
    assert all(32 <= ord(c) < 127 and c not in '"\\' for c in body.get("error_description", ""))
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, str(body["error"])

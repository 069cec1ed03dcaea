"""A server with the code grant, flows and time that a test controls, and a browser that comes and goes."""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.storage import Database, TableOwner, Unit
from protocols.oauth2 import OAUTH2_TABLES, KeyMaterial, NewClient, OAuthError
from protocols.oauth2_ciba import CIBA_TABLES
from protocols.oauth2_ciba.endpoints import protocol_routes
from protocols.oauth2_code import CODE_GRANT, CODE_TABLES, Authorize, CodeGrant
from protocols.oauth2_code.endpoints import CodeEndpoints
from tests.protocols.sign_in_world import SignInWorld, door_of, sign_ins_of, tokens_of
from tests.protocols.world import ISSUER, KEYRING, NOON, World, make_world

T = TypeVar("T")
APP, OTHER = "app", "other_app"
SECRETS = {APP: "app-secret-" + "a" * 40, OTHER: "other-secret-" + "o" * 40}
BACK = "https://app.example/back?x=1"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass(kw_only=True)
class CodeWorld(SignInWorld):
    """The world of the protocols with the code grant in it."""

    async def authorize(self, **changes: str | None) -> httpx2.Response:
        """Send a browser with a good request, but for *changes*; None leaves a parameter out."""
        asked = {
            "response_type": "code",
            "client_id": APP,
            "redirect_uri": BACK,
            "scope": "openid profile",
            "state": "st+ate",
            "nonce": "n-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return await self.http.get("/oauth2/authorize", params={n: v for n, v in asked.items() if v is not None})

    async def link(self, **changes: str | None) -> str:
        """Send a good request and return the token of the page that the browser is led to."""
        answer = await self.authorize(**changes)
        assert answer.status_code == 303, answer.text
        address = answer.headers["location"]
        assert address.startswith(f"{ISSUER}/a/"), address
        return str(address.rsplit("/", 1)[1])

    async def code(self, **changes: str | None) -> str:
        """Go the whole way, and return the code that the client is brought."""
        link = await self.link(**changes)
        await self.approved(link)
        address = await self.leave(link)
        assert address is not None
        return members_of(address)["code"]

    async def redeem(
        self,
        given: str,
        changes: Mapping[str, str | None] = MappingProxyType({}),
        *,
        client: str = APP,
        proof: str | None = None,
    ) -> httpx2.Response:
        """Send a token request, but for *changes*, with *proof* in its DPoP header."""
        form = {
            "grant_type": CODE_GRANT,
            "code": given,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
            **changes,
        }
        sent = {name: value for name, value in form.items() if value is not None}
        headers = {} if proof is None else {"DPoP": proof}
        return await self.http.post("/oauth2/token", data=sent, auth=(client, SECRETS[client]), headers=headers)


def members_of(address: str) -> dict[str, str]:
    """Return what the client reads in the address that its person comes back to."""
    assert address.startswith("https://app.example/back?x=1&"), address
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items() if name != "x"}


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token of ours."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (OAUTH2_TABLES, CIBA_TABLES, CODE_TABLES)


@pytest.fixture
async def code(database: Database, key_material: KeyMaterial) -> AsyncIterator[CodeWorld]:
    """The code grant on both databases."""
    async with make_code_world(database, key_material) as made:
        yield made


@pytest.fixture
async def small_code(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[CodeWorld]:
    """The code grant on SQLite, for what does not depend on the database."""
    async with make_code_world(sqlite_database, key_material) as made:
        yield made


@asynccontextmanager
async def make_code_world(
    database: Database, key_material: KeyMaterial, *, pkce: bool = True
) -> AsyncIterator[CodeWorld]:
    async with make_world(database, key_material) as world:
        await world.database.run(lambda unit: _add_clients(unit, world))
        sign_ins = sign_ins_of(world)
        authorize = Authorize(
            sign_ins=sign_ins,
            clients=world.records.clients,
            database=world.database,
            clock=world.clock,
            signing_keys=world.signing_keys,
            pkce=pkce,
        )
        door = door_of(world, sign_ins, authorize)
        app = Starlette(routes=_routes(world, authorize))
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
            yield CodeWorld(world=replace(world, http=http), http=http, sign_ins=sign_ins, door=door)


def _routes(world: World, authorize: Authorize) -> list[Any]:
    grant = CodeGrant(database=world.database, keyring=KEYRING, clients=world.records.clients, tokens=tokens_of(world))
    endpoints = CodeEndpoints(
        authorize=authorize,
        clients=world.records.clients,
        proofs=world.ciba.proofs,
        senders=world.ciba.senders,
        database=world.database,
        clock=world.clock,
        refuse=_refuse,
    )
    return [*protocol_routes(world.ciba, grants={CODE_GRANT: grant}), *endpoints.routes()]


def _refuse(request: Request, error: OAuthError) -> Response:
    return JSONResponse(error.body(), status_code=error.status)


def _add_clients(unit: Unit, world: World) -> None:
    for client_id, secret in SECRETS.items():
        client = NewClient(
            client_id=client_id,
            secret=secret,
            name="The App",
            grant_types=(CODE_GRANT, "refresh_token"),
            redirect_uris=(BACK,),
            scopes=("openid", "profile", "email", "offline_access"),
        )
        world.records.clients.add(unit, client, now=NOON)

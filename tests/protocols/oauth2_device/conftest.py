"""A server with the device grant, flows and time that a test controls, and a device that polls."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from engine.storage import Database, TableOwner, Unit
from protocols.oauth2 import OAUTH2_TABLES, KeyMaterial, NewClient
from protocols.oauth2.client_registration import DEVICE_GRANT
from protocols.oauth2_ciba import CIBA_TABLES
from protocols.oauth2_ciba.endpoints import protocol_routes
from protocols.oauth2_device import DEVICE_TABLES, DeviceGrant, DeviceInitiation, TypedCodes
from protocols.oauth2_device.endpoints import DeviceEndpoints
from protocols.oauth2_device.typed_codes import Typed
from tests.protocols.sign_in_world import SignInWorld, door_of, sign_ins_of, tokens_of
from tests.protocols.world import ISSUER, KEYRING, NOON, World, make_world

TV, OTHER = "tv", "other_tv"
SECRETS = {TV: "tv-secret-" + "t" * 40, OTHER: "other-secret-" + "o" * 40}
LINK = "L" * 43


class NoWayBack:
    """Keeps every browser where it is."""

    def leave(self, unit: Unit, *, link: str, execution: str, token: str, now: datetime) -> str | None:
        return None


@dataclass(kw_only=True)
class DeviceWorld(SignInWorld):
    """The world of the protocols with the device grant in it."""

    codes: TypedCodes

    async def begin(self, **changes: str | None) -> httpx2.Response:
        """Ask for a code to show, but for *changes*."""
        form = {"scope": "openid profile", **changes}
        sent = {name: value for name, value in form.items() if value is not None}
        return await self.http.post("/oauth2/device_authorization", data=sent, auth=(TV, SECRETS[TV]))

    async def begun(self, **changes: str | None) -> dict[str, Any]:
        """Ask for a code and return the answer."""
        answer = await self.begin(**changes)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def type(self, text: str, link: str = LINK) -> Typed:
        """Type a code."""
        now = self.world.clock.now()
        return await self.world.database.run(lambda unit: self.codes.take(unit, text, link=link, now=now))

    async def poll(
        self, device_code: str, *, client: str = TV, proof: str | None = None, **more: str
    ) -> httpx2.Response:
        """Send a token request, with *proof* in its DPoP header."""
        form = {"grant_type": DEVICE_GRANT, "device_code": device_code, **more}
        headers = {} if proof is None else {"DPoP": proof}
        return await self.http.post("/oauth2/token", data=form, auth=(client, SECRETS[client]), headers=headers)

    async def error(self, device_code: str, **more: str) -> str:
        """Send a token request, and return the error that it is answered with."""
        answer = await self.poll(device_code, **more)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error"])


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (OAUTH2_TABLES, CIBA_TABLES, DEVICE_TABLES)


@pytest.fixture
async def device(database: Database, key_material: KeyMaterial) -> AsyncIterator[DeviceWorld]:
    """The device grant on both databases."""
    async with make_device_world(database, key_material) as made:
        yield made


@pytest.fixture
async def small_device(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[DeviceWorld]:
    """The device grant on SQLite, for what does not depend on the database."""
    async with make_device_world(sqlite_database, key_material) as made:
        yield made


@asynccontextmanager
async def make_device_world(database: Database, key_material: KeyMaterial) -> AsyncIterator[DeviceWorld]:
    async with make_world(database, key_material) as world:
        await world.database.run(lambda unit: _add_clients(unit, world))
        sign_ins = sign_ins_of(world)
        initiation = DeviceInitiation(sign_ins=sign_ins, clients=world.records.clients)
        endpoints = DeviceEndpoints(
            initiation=initiation, proofs=world.ciba.proofs, database=world.database, clock=world.clock
        )
        routes = [*protocol_routes(world.ciba, grants={DEVICE_GRANT: _grant(world)}), *endpoints.routes()]
        transport = httpx2.ASGITransport(app=Starlette(routes=routes))
        async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
            yield DeviceWorld(
                world=replace(world, http=http),
                http=http,
                sign_ins=sign_ins,
                door=door_of(world, sign_ins, NoWayBack()),
                codes=TypedCodes(keyring=KEYRING, most=5),
            )


def _grant(world: World) -> DeviceGrant:
    return DeviceGrant(database=world.database, clients=world.records.clients, tokens=tokens_of(world))


def _add_clients(unit: Unit, world: World) -> None:
    for client_id, secret in SECRETS.items():
        client = NewClient(client_id=client_id, secret=secret, name="The TV", grant_types=(DEVICE_GRANT,))
        world.records.clients.add(unit, client, now=NOON)

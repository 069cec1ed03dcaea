"""A world in which clients register themselves, by one initial access token that has uses enough."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from engine.storage import Database
from protocols.oauth2 import InitialTokens, KeyMaterial, RegistrationRules
from protocols.oauth2_ciba import CibaSettings
from tests.protocols.signers import KEYS, jwks
from tests.protocols.world import ISSUER, NOON, World, make_world

TOKEN = "lhi_" + "t" * 43
SCOPES = ("openid", "profile", "offline_access")
REGISTER = "/oauth2/register"
# The least that a client says of itself, and one that proves itself by keys.
POLL: Mapping[str, Any] = {"backchannel_token_delivery_mode": "poll"}
KEYED: Mapping[str, Any] = {
    **POLL,
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks_uri": "https://shop.example/jwks",
}
SETTINGS = CibaSettings(issuer=ISSUER, registration=RegistrationRules(mode="token", most=5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """Somebody who registers clients over HTTP."""

    world: World

    async def send(self, metadata: Any, *, token: str | None = TOKEN, **headers: str) -> httpx2.Response:
        """Send *metadata* to be registered."""
        authorization = {} if token is None else {"authorization": f"Bearer {token}"}
        return await self.world.http.post(REGISTER, json=metadata, headers={**authorization, **headers})

    async def registered(self, **metadata: Any) -> dict[str, Any]:
        """Register a client and return the answer."""
        answer = await self.send({**POLL, **metadata})
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def manage(
        self, method: str, told: Mapping[str, Any], metadata: Any = None, *, access: str | None = None
    ) -> httpx2.Response:
        """Show, replace or remove what was *told* at registration."""
        bearer = {"authorization": f"Bearer {access or told['registration_access_token']}"}
        uri = told["registration_client_uri"]
        if metadata is None:
            return await self.world.http.request(method, uri, headers=bearer)
        return await self.world.http.request(method, uri, headers=bearer, json=metadata)

    def replacement(self, told: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        """Return what would leave all as it is, but for *changes*; None leaves a member out."""
        ours = {"registration_access_token", "registration_client_uri", "client_secret_expires_at"}
        kept = {name: value for name, value in told.items() if name not in ours | {"client_id_issued_at"}}
        return {name: value for name, value in {**kept, **changes}.items() if value is not None}


def inline_keys() -> Any:
    """Return a key set as metadata carries it."""
    return httpx2.Response(200, text=jwks(KEYS["ES256"])).json()


async def opened(database: Database, material: KeyMaterial, settings: CibaSettings) -> AsyncIterator[Registrar]:
    """Yield somebody who registers clients in a deployment with *settings*."""
    async with make_world(database, material, settings) as world:
        await world.database.run(
            lambda unit: InitialTokens().add(unit, name="partners", token=TOKEN, scopes=SCOPES, now=NOON, uses=None)
        )
        yield Registrar(world=world)


@pytest.fixture
async def registrar(database: Database, key_material: KeyMaterial) -> AsyncIterator[Registrar]:
    async for made in opened(database, key_material, SETTINGS):
        yield made


@pytest.fixture
async def small_registrar(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[Registrar]:
    """On SQLite, for what does not depend on the database."""
    async for made in opened(sqlite_database, key_material, SETTINGS):
        yield made


@pytest.fixture
async def strict_registrar(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[Registrar]:
    """In a deployment of the profile fapi-ciba, with an ID token algorithm that it allows."""
    async for made in opened(sqlite_database, key_material, replace(SETTINGS, profile="fapi-ciba")):
        yield made


LIFE = timedelta(days=7)

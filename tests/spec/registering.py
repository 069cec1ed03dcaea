"""Somebody who registers clients over HTTP, with an initial access token that has uses enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.protocols.world import World
from tests.spec.parties import KEY, key_set

INITIAL_TOKEN = "lhi_" + "t" * 43
SECTOR = "https://group.example/sector.json"
POLL: Mapping[str, Any] = {"backchannel_token_delivery_mode": "poll"}
KEYED: Mapping[str, Any] = {
    **POLL,
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks_uri": "https://shop.example/jwks",
}
PAIRWISE: Mapping[str, Any] = {**KEYED, "subject_type": "pairwise"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """Who sends metadata, and manages what was registered with it."""

    world: World

    def keys(self) -> str:
        """Return a key set as JSON."""
        return key_set(KEY)

    async def send(self, metadata: Mapping[str, Any]) -> httpx2.Response:
        """Send *metadata* to be registered."""
        headers = {"Authorization": f"Bearer {INITIAL_TOKEN}"}
        return await self.world.http.post("/oauth2/register", json=dict(metadata), headers=headers)

    async def registered(self, **metadata: Any) -> dict[str, Any]:
        """Register a client and return the answer."""
        answer = await self.send({**POLL, **metadata})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def manage(
        self, method: str, told: Mapping[str, Any], metadata: Any = None, *, access: str | None = None
    ) -> httpx2.Response:
        """Show, replace or remove what was *told* at registration."""
        headers = {"Authorization": f"Bearer {access or told['registration_access_token']}"}
        uri = told["registration_client_uri"]
        body = {} if metadata is None else {"json": metadata}
        return await self.world.http.request(method, uri, headers=headers, **body)

    async def sector_of(self, told: Mapping[str, Any]) -> str | None:
        """Return the sector that the client's pairwise subjects belong to."""
        clients, client_id = self.world.records.clients, told["client_id"]
        client = await self.world.database.run(lambda unit: clients.find(unit, client_id))
        assert client is not None
        return client.sector

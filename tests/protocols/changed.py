"""Clients of the world that are registered differently from what they were."""

from typing import Any

import httpx2
import jwt
from sqlalchemy import update

from protocols.oauth2.tables import CLIENTS
from tests.protocols.world import SHOP, World

# What a client is registered with that refreshes.
REFRESHING = {
    "grant_types": '["refresh_token", "urn:openid:params:grant-type:ciba"]',
    "scopes": '["openid", "profile", "offline_access"]',
}


async def change(world: World, client: str = SHOP, **columns: Any) -> None:
    """Write *columns* of a client's row, as its next registration would."""
    statement = update(CLIENTS).where(CLIENTS.c.client_id == client).values(**columns)
    assert await world.database.run(lambda unit: unit.execute(statement).rowcount) == 1


async def given(world: World, *, client: str = SHOP, **asked: str | None) -> dict[str, Any]:
    """Return the token response for a new request that was approved."""
    answer = await world.poll(await world.approved(client=client, **asked), client=client)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def userinfo(world: World, token: str) -> httpx2.Response:
    """Ask with *token* who the person is."""
    return await world.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})


async def introspection(world: World, token: str, *, client: str = SHOP) -> dict[str, Any]:
    """Ask what *token* is worth."""
    return dict((await world.post("/oauth2/introspect", {"token": token}, client=client)).json())


def claims_in(token: str) -> dict[str, Any]:
    """Return what a signed token says, without asking whether it is right."""
    return dict(jwt.decode(token, options={"verify_signature": False}))

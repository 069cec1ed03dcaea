"""The guard takes what our server gives: signed tokens and opaque ones, free and bound, as they stand and fall."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from lockhouse.client import AsyncCibaClient, ClientSecretBasic
from lockhouse.resource import ApiGuard, IntrospectedTokens, SignedTokens
from protocols.oauth2.client_certificates import CERTIFICATE, ClientCertificate
from tests.lockhouse.resource.kit import API, calling, proof_for, starlette_api
from tests.protocols.changed import change
from tests.protocols.provers import OTHER_KEY, certificate, connected_with, fresh, prove
from tests.protocols.world import BANK, ISSUER, SECRETS, World

pytestmark = pytest.mark.anyio

FORMS = pytest.mark.parametrize("form", ["signed", "opaque"])


@dataclass(frozen=True)
class Api:
    """An API in a world, as a client sees it."""

    http: httpx2.AsyncClient

    async def status(self, token: str, scheme: str = "Bearer", **headers: str) -> int:
        """Return the status of a call with *token*."""
        sent = {"Authorization": f"{scheme} {token}", **headers}
        return (await self.http.get("/pay", headers=sent)).status_code


@asynccontextmanager
async def opened(world: World, form: str, shown: ClientCertificate | None = None) -> AsyncIterator[Api]:
    """Yield an API that reads tokens of this *form*, or asks about them, to a client that shows it a certificate."""
    network = world.http._transport
    async with AsyncCibaClient(ISSUER, ClientSecretBasic(BANK, SECRETS[BANK]), transport=network) as bank:
        reading = SignedTokens(ISSUER, audience=API, transport=network)
        tokens = reading if form == "signed" else IntrospectedTokens(bank, ISSUER, audience=API)
        app = starlette_api(ApiGuard(tokens, address=API, clock=world.clock), "profile")

        async def connected(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, CERTIFICATE: shown}, receive, send)

        async with calling(connected) as http:
            yield Api(http)


async def registered(world: World, form: str, **columns: Any) -> World:
    """Register the API, and its client as one that gets tokens of this *form*."""
    await change(world, BANK, resource=API)
    await change(world, token_format="opaque" if form == "opaque" else None, **columns)
    return world


@FORMS
async def test_a_token_opens_what_it_is_for(small_world: World, form: str) -> None:
    world = await registered(small_world, form)
    token = (await world.poll(await world.approved(resource=API))).json()["access_token"]
    elsewhere = (await world.poll(await world.approved())).json()["access_token"]
    narrow = (await world.poll(await world.approved(resource=API, scope="openid"))).json()["access_token"]
    assert ("." in token) is (form == "signed")

    async with opened(world, form) as api:
        assert await api.status(token) == 200
        assert await api.status(token, "DPoP", DPoP=proof_for(token)) == 401
        assert await api.status(elsewhere) == 401
        assert await api.status(narrow) == 403
        world.clock.forward(631)
        assert await api.status(token) == 401


@FORMS
async def test_a_token_bound_to_a_key_opens_with_its_key(small_world: World, form: str) -> None:
    world = await registered(small_world, form)
    told = (await prove(world, await world.approved(resource=API), fresh(world))).json()
    token = told["access_token"]
    assert told["token_type"] == "DPoP"

    async with opened(world, form) as api:
        assert await api.status(token, "DPoP", DPoP=proof_for(token)) == 200
        assert await api.status(token, "DPoP", DPoP=proof_for(token, key=OTHER_KEY)) == 401
        assert await api.status(token) == 401


@FORMS
async def test_a_token_bound_to_a_certificate_opens_over_its_connection(small_world: World, form: str) -> None:
    world, shop = await registered(small_world, form, certificate_bound=1), certificate("the shop")
    auth_req_id = await world.approved(resource=API)
    async with connected_with(world, shop) as connected:
        token = (await connected.poll(auth_req_id)).json()["access_token"]

    for shown, status in ((shop, 200), (certificate("a thief"), 401), (None, 401)):
        async with opened(world, form, shown) as api:
            assert await api.status(token) == status


async def test_a_token_that_was_revoked_is_refused_once_it_is_asked_about(small_world: World) -> None:
    world = await registered(small_world, "opaque")
    token = (await world.poll(await world.approved(resource=API))).json()["access_token"]
    async with opened(world, "opaque") as api:
        assert await api.status(token) == 200
        await world.post("/oauth2/revoke", {"token": token})
        assert await api.status(token) == 200, "an answer is believed for ten seconds"
        world.clock.forward(10)
        assert await api.status(token) == 401

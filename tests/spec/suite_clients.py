"""The clients that the conformance suite plays in its FAPI-CIBA plan: two, in each way to prove themselves."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from engine.storage import Database
from protocols.oauth2 import CIBA_GRANT, REFRESH_GRANT, KeyMaterial, NewKey, make_key
from protocols.oauth2.mutual_tls import MutualTls
from protocols.oauth2_ciba import CibaSettings
from tests.fixtures.authority import Holder, self_signed
from tests.protocols.changed import change
from tests.protocols.world import ISSUER, NOON, World, as_error, make_world
from tests.spec.parties import OFFLINE, Signer, add

AUTHS = ("private_key_jwt", "mtls")
ENDPOINT = "https://suite.example/test/a/us/ciba-notification-endpoint"
# RSA for the first: the suite signs with RS256 by the same key to see that refused.
KEYS = {1: make_key("PS256"), 2: make_key("ES256")}
MATERIAL = KeyMaterial(tokens=make_key("ES256"), assertions=make_key("EdDSA"))
CERTIFICATES = {number: self_signed(f"suite-{number}", now=NOON) for number in KEYS}
_METHODS = {"private_key_jwt": "private_key_jwt", "mtls": "self_signed_tls_client_auth"}


@dataclass(frozen=True, kw_only=True)
class SuiteClient(Signer):
    """One client of the plan; ``auth`` is the variant's client_auth_type."""

    auth: str

    def proof(self, **changes: Any) -> dict[str, str]:
        """Return the form parameters that prove this client: with mTLS its id alone, beside its certificate."""
        return {"client_id": self.client_id} if self.auth == "mtls" else super().proof(**changes)

    async def asked(self, **claims: Any) -> httpx2.Response:
        """Send the backchannel request of every module, but for *claims*."""
        return await self.ask_signed(self.request_object(**{"binding_message": "1234", **claims}))

    async def auth_req_id(self, **claims: Any) -> str:
        """Send a request that is taken, and return what it is called."""
        answer = await self.asked(**claims)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["auth_req_id"])

    async def tokens(self, **claims: Any) -> dict[str, Any]:
        """Return the token response for a request that the person allowed."""
        auth_req_id = await self.auth_req_id(**claims)
        await self.world.approve(auth_req_id)
        answer = await self.poll(auth_req_id)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def token(self, form: Mapping[str, str], **proof: str) -> httpx2.Response:
        """Send a token request whose proof is changed by *proof*."""
        sent = {**self.proof(), **form, **proof}
        return await self.world.http.post("/oauth2/token", data=sent, headers=dict(self.connection))

    async def resource(self, token: str, *, method: str = "GET", **headers: str) -> httpx2.Response:
        """Call the resource of the plan over this client's connection."""
        sent = {"Authorization": f"Bearer {token}", **self.connection, **headers}
        return await self.world.http.request(method, "/oauth2/userinfo", headers=sent)


@dataclass(frozen=True, kw_only=True)
class SuitePair:
    """The plan's two clients, in one variant of how they prove themselves."""

    first: SuiteClient
    second: SuiteClient

    @property
    def world(self) -> World:
        """Where they are registered."""
        return self.first.world

    async def pinged(self) -> None:
        """Have both learn the outcome by ping from now on."""
        for client in (self.first, self.second):
            await change(self.world, client.client_id, delivery_mode="ping", notification_endpoint=ENDPOINT)


@asynccontextmanager
async def suite_pairs(database: Database) -> AsyncIterator[dict[str, SuitePair]]:
    """Yield both clients in each variant, registered in one deployment of the profile."""
    settings = CibaSettings(issuer=ISSUER, profile="fapi-ciba", mutual_tls=MutualTls(accepted=True))
    async with make_world(database, MATERIAL, settings) as world:
        world.signing_keys.algorithms = (MATERIAL.tokens.algorithm,)
        pairs = {}
        for auth in AUTHS:
            first, second = [await _registered(world, auth, number) for number in KEYS]
            pairs[auth] = SuitePair(first=first, second=second)
        yield pairs


async def _registered(world: World, auth: str, number: int) -> SuiteClient:
    client_id, key, holder = f"{auth}-{number}", KEYS[number], CERTIFICATES[number]
    await add(
        world,
        client_id,
        secret=None,
        auth_method=_METHODS[auth],
        jwks=json.dumps({"keys": _keys(key, holder)}),
        request_alg=key.algorithm,
        certificate_bound=True,
        profile="fapi-ciba",
        scopes=tuple(OFFLINE.split()),
        grant_types=(CIBA_GRANT, REFRESH_GRANT),
    )
    return SuiteClient(world=world, key=key, client_id=client_id, connection=holder.headers, auth=auth)


def _keys(key: NewKey, holder: Holder) -> list[Mapping[str, Any]]:
    # Without alg: which algorithm counts is what the client registered, and what the profile allows.
    return [{**key.public_jwk, "kid": key.kid, "use": "sig"}, {**holder.jwk, "kid": "tls"}]


def told(answer: httpx2.Response) -> tuple[int, str]:
    """Return status and error, 200 and nothing where it was taken."""
    return (200, "") if answer.status_code == 200 else as_error(answer)

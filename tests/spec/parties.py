"""Who takes part in the tests of the specification: clients with secrets and keys, and what they read of tokens."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import jwt
from cryptography.hazmat.primitives import serialization

from protocols.oauth2 import CIBA_GRANT, REFRESH_GRANT, NewClient, NewKey, make_key
from protocols.oauth2.client_assertions import ASSERTION_TYPE
from tests.protocols.world import GRANT, ISSUER, NOON, SHOP, World

SIGNER, TILL = "signer", "till"
SECRET = "the-secret-of-a-client-of-these-tests-4711"
KEY, OTHER_KEY = make_key("ES256"), make_key("ES256")
OFFLINE = "openid profile offline_access"
_NUMBERS = itertools.count(1)


def key_set(*keys: NewKey) -> str:
    """Return the public halves as a JWKS."""
    return json.dumps({"keys": [{**key.public_jwk, "kid": key.kid, "use": "sig"} for key in keys]})


def private(key: NewKey) -> Any:
    """Return the half that signs."""
    return serialization.load_der_private_key(key.private_key, password=None)


async def add(world: World, client_id: str, **settings: Any) -> None:
    """Register a client; it has a secret unless *settings* say how else it proves itself."""
    secret = None if settings.get("auth_method") == "private_key_jwt" else SECRET
    client = NewClient(client_id=client_id, **{"secret": secret, **settings})
    await world.database.run(lambda unit: world.records.clients.add(unit, client, now=NOON))


async def add_signer(world: World, *keys: NewKey, **settings: Any) -> "Signer":
    """Register a client with keys (one of ES256 unless others are given) and return it."""
    known = {} if "jwks_uri" in settings else {"jwks": key_set(*(keys or (KEY,)))}
    await add(world, SIGNER, auth_method="private_key_jwt", **known, **settings)
    return Signer(world=world, key=keys[0] if keys else KEY)


async def add_till(world: World, **settings: Any) -> None:
    """Register a client that gets refresh tokens."""
    wanted = {"scopes": tuple(OFFLINE.split()), "grant_types": (CIBA_GRANT, REFRESH_GRANT)}
    await add(world, TILL, **{**wanted, **settings})


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A client that signs: assertions and request objects, good ones but for what a test changes.

    ``connection`` is what the terminator says of its connections.
    """

    world: World
    key: NewKey
    client_id: str = SIGNER
    headers: Mapping[str, Any] = field(default_factory=dict)
    connection: Mapping[str, str] = field(default_factory=dict)

    def signed(self, claims: Mapping[str, Any], **headers: Any) -> str:
        """Return *claims* signed by this client's key; a claim that is ``...`` is left out."""
        kept = {name: value for name, value in claims.items() if value is not ...}
        named = {"kid": self.key.kid, **self.headers, **headers}
        named = {name: value for name, value in named.items() if value is not ...}
        return jwt.encode(kept, private(self.key), algorithm=self.key.algorithm, headers=named)

    def assertion(self, **changes: Any) -> str:
        """Return a client assertion."""
        at = int(self.world.clock.now().timestamp())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": ISSUER, "iat": at, "exp": at + 60}
        return self.signed({**claims, "jti": f"assertion-{next(_NUMBERS)}", **changes})

    def proof(self, **changes: Any) -> dict[str, str]:
        """Return the form parameters that prove this client."""
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion(**changes)}

    def request_object(self, *, headers: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """Return a signed authentication request (CIBA Core section 7.1.1)."""
        at = int(self.world.clock.now().timestamp())
        claims = {"iss": self.client_id, "aud": ISSUER, "iat": at, "nbf": at, "exp": at + 300}
        asked = {"jti": f"request-{next(_NUMBERS)}", "scope": "openid", "login_hint": "ann"}
        return self.signed({**claims, **asked, **changes}, **(headers or {}))

    async def ask(self, **form: str) -> httpx2.Response:
        """Send a backchannel request, with parameters in the form."""
        sent = {"scope": "openid", "login_hint": "ann", **form}
        return await self._post("/oauth2/bc-authorize", sent)

    async def ask_signed(self, request: str, **form: str) -> httpx2.Response:
        """Send a signed backchannel request."""
        return await self._post("/oauth2/bc-authorize", {"request": request, **form})

    async def poll(self, auth_req_id: str) -> httpx2.Response:
        """Send a token request."""
        return await self._post("/oauth2/token", {"grant_type": GRANT, "auth_req_id": auth_req_id})

    async def _post(self, path: str, form: Mapping[str, str]) -> httpx2.Response:
        return await self.world.http.post(path, data={**self.proof(), **form}, headers=dict(self.connection))


async def ask_as(world: World, client_id: str, **form: str) -> httpx2.Response:
    """Send a backchannel request of a client that `add` registered."""
    sent = {"scope": "openid", "login_hint": "ann", **form}
    return await world.http.post("/oauth2/bc-authorize", data=sent, auth=(client_id, SECRET))


async def token_as(world: World, client_id: str, **form: str) -> httpx2.Response:
    """Send a token request of a client that `add` registered."""
    return await world.http.post("/oauth2/token", data=form, auth=(client_id, SECRET))


async def approved_tokens(world: World, **changes: Any) -> dict[str, Any]:
    """Return the token response for a request of the shop that was approved."""
    answer = await world.poll(await world.approved(**changes), client=SHOP)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def tokens_as(world: World, client_id: str, **form: str) -> dict[str, Any]:
    """Return the token response for an approved request of a client that `add` registered."""
    asked = await ask_as(world, client_id, **form)
    assert asked.status_code == 200, asked.text
    auth_req_id = str(asked.json()["auth_req_id"])
    await world.approve(auth_req_id)
    answer = await token_as(world, client_id, grant_type=GRANT, auth_req_id=auth_req_id)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def claims_of(token: str) -> dict[str, Any]:
    """Return what *token* says, its signature not looked at."""
    return dict(jwt.decode(token, options={"verify_signature": False}))


def header_of(token: str) -> dict[str, Any]:
    """Return what *token* says of its signature."""
    return dict(jwt.get_unverified_header(token))


def seconds(span: timedelta) -> int:
    """Return *span* in whole seconds."""
    return int(span.total_seconds())

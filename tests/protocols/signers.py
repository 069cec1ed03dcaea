"""Clients of tests that sign: their keys, their assertions, their registration."""

import json
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import jwt
from cryptography.hazmat.primitives import serialization

from protocols.oauth2 import NewClient, NewKey, make_key
from protocols.oauth2.client_assertions import ASSERTION_TYPE
from tests.protocols.world import ISSUER, NOON, World

CLIENT, URL = "signer", "https://client.example/jwks"
SECRET = "0123456789abcdef" * 3
KEYS = {name: make_key(name) for name in ("RS256", "PS256", "ES256", "EdDSA")}
STRANGER = make_key("ES256")


def jwks(*keys: NewKey) -> str:
    return json.dumps({"keys": [{**key.public_jwk, "kid": key.kid, "use": "sig"} for key in keys]})


def private(key: NewKey) -> Any:
    return serialization.load_der_private_key(key.private_key, password=None)


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A client that signs; each assertion has a jti of its own unless a test says otherwise."""

    key: NewKey | str
    headers: dict[str, Any]

    @classmethod
    def with_key(cls, key: NewKey, **headers: Any) -> "Signer":
        return cls(key=key, headers={"kid": key.kid, **headers})

    def sign(self, **changes: Any) -> str:
        at = int(NOON.timestamp())
        claims = {"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": at + 60, "iat": at, "jti": f"j{next(NUMBERS)}"}
        claims |= changes
        kept = {name: value for name, value in claims.items() if value is not ...}
        if isinstance(self.key, str):
            return jwt.encode(kept, self.key, algorithm="HS256", headers=self.headers)
        return jwt.encode(kept, private(self.key), algorithm=self.key.algorithm, headers=self.headers)


NUMBERS = iter(range(10**9))


async def register(world: World, **changes: Any) -> None:
    client = replace(NewClient(client_id=CLIENT, auth_method="private_key_jwt"), **changes)
    await world.database.run(lambda unit: world.records.clients.add(unit, client, now=NOON))


def form_of(token: str, **changes: str) -> dict[str, str]:
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": token, **changes}


async def ask(world: World, token: str, **changes: str) -> httpx2.Response:
    form = {"scope": "openid", "login_hint": "ann", **form_of(token, **changes)}
    return await world.http.post("/oauth2/bc-authorize", data=form)

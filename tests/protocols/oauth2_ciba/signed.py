"""A client of tests that signs its requests and hints, and proves itself by a secret all the same."""

from collections.abc import Mapping
from typing import Any

import httpx2
import jwt

from protocols.oauth2 import NewKey
from tests.protocols.signers import CLIENT, KEYS, NUMBERS, SECRET, jwks, private, register
from tests.protocols.world import ISSUER, World

KEY = KEYS["ES256"]


async def registered(world: World, **changes: Any) -> None:
    """Register the client with the key KEY."""
    given = {"jwks": None if "jwks_uri" in changes else jwks(KEY), **changes}
    await register(world, auth_method=None, secret=SECRET, **given)


def object_of(world: World, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good request object but for *changes*; ``...`` leaves a claim out."""
    at = int(world.clock.now().timestamp())
    times = {"iat": at, "nbf": at, "exp": at + 300, "jti": f"r{next(NUMBERS)}"}
    claims = {"iss": CLIENT, "aud": ISSUER, **times, "scope": "openid", "login_hint": "ann", **changes}
    return {name: value for name, value in claims.items() if value is not ...}


def signed(claims: Mapping[str, Any], key: NewKey = KEY, **headers: Any) -> str:
    """Return *claims* signed."""
    return jwt.encode(dict(claims), private(key), algorithm=key.algorithm, headers={"kid": key.kid, **headers})


async def send(world: World, request: str | None = None, *, key: str | None = None, **form: str) -> httpx2.Response:
    """Send a request object, and *form* beside it."""
    sent = form if request is None else {"request": request, **form}
    headers = {"Idempotency-Key": key} if key else {}
    return await world.http.post("/oauth2/bc-authorize", data=sent, auth=(CLIENT, SECRET), headers=headers)


async def send_claims(world: World, **changes: Any) -> httpx2.Response:
    """Send a good request object but for *changes*."""
    return await send(world, signed(object_of(world, **changes)))

"""Senders of tests that prove possession: keys with their proofs (RFC 9449), and connections with a certificate."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx2
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from protocols.oauth2 import NewKey, make_key
from protocols.oauth2.client_certificates import CERTIFICATE, ClientCertificate
from protocols.oauth2_ciba.endpoints import protocol_routes
from tests.protocols.world import GRANT, ISSUER, NOON, SHOP, World

KEY, OTHER_KEY = make_key("ES256"), make_key("ES256")
TOKEN_URL, ASK_URL = f"{ISSUER}/oauth2/token", f"{ISSUER}/oauth2/bc-authorize"
NUMBERS = iter(range(10**9))


def proof(key: NewKey = KEY, *, header: dict[str, Any] | None = None, now: datetime = NOON, **changes: Any) -> str:
    """Return a good proof for the token endpoint but for *changes*; an ellipsis leaves a claim out."""
    claims = {"jti": f"j{next(NUMBERS)}", "htm": "POST", "htu": TOKEN_URL, "iat": int(now.timestamp()), **changes}
    kept = {name: value for name, value in claims.items() if value is not ...}
    private: Any = serialization.load_der_private_key(key.private_key, password=None)
    headers = {"typ": "dpop+jwt", "jwk": dict(key.public_jwk), **(header or {})}
    return jwt.encode(kept, private, algorithm=key.algorithm, headers=headers)


def private_jwk(key: NewKey) -> dict[str, str]:
    """Return the whole key as a proof must never have it in its header."""
    private = serialization.load_der_private_key(key.private_key, password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    secret = private.private_numbers().private_value.to_bytes(32, "big")
    return {**key.public_jwk, "d": base64.urlsafe_b64encode(secret).rstrip(b"=").decode()}


def hash_of(token: str) -> str:
    """Return what a proof beside *token* says of it (``ath``)."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def fresh(world: World, key: NewKey = KEY, **changes: Any) -> str:
    """Return a proof of this moment with the nonce of this moment, but for *changes*."""
    now = world.clock.now()
    nonce = world.ciba.senders.next_nonce(now)
    return proof(key, now=now, **({} if nonce is None else {"nonce": nonce}) | changes)


async def prove(world: World, auth_req_id: str, shown: str, *, client: str = SHOP, **headers: str) -> httpx2.Response:
    """Send a token request with the proof *shown*."""
    form = {"grant_type": GRANT, "auth_req_id": auth_req_id}
    return await world.post("/oauth2/token", form, client=client, DPoP=shown, **headers)


def certificate(name: str) -> ClientCertificate:
    """Return a certificate as a terminator passes one on: for those who only compare it."""
    return ClientCertificate(der=f"the certificate of {name}".encode())


@asynccontextmanager
async def connected_with(world: World, shown: ClientCertificate) -> AsyncIterator[World]:
    """Yield *world* as it is seen from a connection with this certificate."""
    app = Starlette(routes=protocol_routes(world.ciba))

    async def certified(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, CERTIFICATE: shown}, receive, send)

    transport = httpx2.ASGITransport(app=certified)
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
        yield replace(world, http=http)

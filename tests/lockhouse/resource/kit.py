"""An issuer made of two documents, tokens that it signs, and APIs under guard: no server of ours is needed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx2
import jwt
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from lockhouse.resource import AccessToken, ApiGuard, Requirement
from protocols.oauth2 import NewKey, make_key
from tests.protocols.provers import hash_of
from tests.protocols.provers import proof as any_proof
from tests.protocols.signers import private
from tests.protocols.world import NOON

ISSUER, API = "https://op.example", "https://api.example"
SIGNER, STRANGER = make_key("ES256"), make_key("ES256")
AT = int(NOON.timestamp())
GOOD: Mapping[str, Any] = {
    "iss": ISSUER,
    "sub": "sub-ann",
    "aud": API,
    "client_id": "till",
    "scope": "openid payment",
    "jti": "t1",
    "iat": AT - 10,
    "exp": AT + 60,
}


def sign(key: NewKey = SIGNER, *, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """Return a good token but for *changes*; an ellipsis leaves a claim out."""
    kept = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    headers = {"typ": "at+jwt", "kid": key.kid, **(header or {})}
    return jwt.encode(kept, private(key), algorithm=key.algorithm, headers=headers)


def proof_for(token: str, **changes: Any) -> str:
    """Return a good proof for a GET of the API with *token*, but for *changes*."""
    return any_proof(**{"htm": "GET", "htu": f"{API}/pay", "ath": hash_of(token), **changes})


@dataclass
class Issuer(httpx2.AsyncBaseTransport):
    """The documents of the issuer, by path; ``seen`` has the paths that were asked for."""

    documents: dict[str, Any] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.documents["/.well-known/openid-configuration"] = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}
        self.publish(SIGNER)

    def publish(self, *keys: NewKey) -> None:
        """Publish *keys* in place of those of before."""
        self.documents["/keys"] = {"keys": [{**key.public_jwk, "kid": key.kid, "use": "sig"} for key in keys]}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request.url.path)
        found = self.documents.get(request.url.path)
        if isinstance(found, Exception):
            raise found
        if found is None:
            return httpx2.Response(404)
        return httpx2.Response(200, content=found if isinstance(found, bytes) else json.dumps(found).encode())


def starlette_api(guard: ApiGuard, scope: str = "payment") -> ASGIApp:
    """Return an API whose endpoint asks the guard itself."""

    async def pay(request: Request) -> JSONResponse:
        token = await guard.check(request, scope)
        return JSONResponse({"by": token.subject})

    return Starlette(routes=[Route("/pay", pay, methods=["GET", "POST"])])


def fastapi_api(guard: ApiGuard) -> ASGIApp:
    """Return an API that names what it requires."""
    app = FastAPI()
    requirement: Requirement = guard.requiring("payment")

    @app.api_route("/pay", methods=["GET", "POST"])
    async def pay(token: Annotated[AccessToken, Depends(requirement)]) -> dict[str, str]:
        return {"by": token.subject}

    return app


APIS: Mapping[str, Callable[[ApiGuard], ASGIApp]] = {"starlette": starlette_api, "fastapi": fastapi_api}


def calling(app: ASGIApp) -> httpx2.AsyncClient:
    """Return a client of the API."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=API)

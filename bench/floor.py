"""The floor: a bare Starlette route under the very server that runs Lockhouse, and the least that a form costs."""

import base64
import hmac
import json
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.serving import serve_here

_KEY = bytes(32)


async def hello(_request: Request) -> Response:
    """Answer, and nothing else."""
    return Response(b"hello", media_type="text/plain")


async def form(request: Request) -> Response:
    """Read a form, decode Basic, take one HMAC, answer JSON: what any bc-authorize has to do."""
    fields = dict(parse_qsl((await request.body()).decode()))
    _, _, encoded = request.headers["authorization"].partition(" ")
    client, _, secret = base64.b64decode(encoded).decode().partition(":")
    proof = hmac.digest(_KEY, secret.encode(), "sha256").hex()
    body = json.dumps({"client": client, "hint": fields["login_hint"], "proof": proof}).encode()
    return Response(body, media_type="application/json")


if __name__ == "__main__":
    routes = [Route("/hello", hello), Route("/form", form, methods=["POST"])]
    serve_here(Starlette(routes=routes))

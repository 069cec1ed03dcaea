"""The route for pings and pushes in a Starlette or FastAPI application. It alone of this package needs starlette."""

import json
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lockhouse.client.asynchronous import AsyncCibaClient
from lockhouse.client.synchronous import CibaClient

__all__ = ["notification_route"]

# A push carries three tokens: far less than this.
_LONGEST: Final = 64 * 1024


def notification_route(path: str, client: AsyncCibaClient | CibaClient) -> Route:
    """Return the route at *path* that *client* is registered with as backchannel_client_notification_endpoint.

    It checks the bearer token in constant time and wakes the call that waits; 204 is the answer to what it took, 401
    to a wrong token, 400 to anything else (CIBA Core sections 10.2, 10.3).
    """

    async def receive(request: Request) -> Response:
        told = await _read(request)
        if told is None:
            return Response(status_code=400)
        authorization = request.headers.get("authorization")
        if isinstance(client, AsyncCibaClient):
            status = await client.receive(authorization, told)
        else:
            status = await run_in_threadpool(client.receive, authorization, told)
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
        return Response(status_code=status, headers=headers)

    return Route(path, receive, methods=["POST"])


async def _read(request: Request) -> dict[str, Any] | None:
    """Return the JSON object that was sent, None where it is none, or too long."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST:
            return None
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None

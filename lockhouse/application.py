"""Puts routes and what surrounds them into one ASGI application. It builds nothing that the routes need."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lockhouse.answers import no_such_address, plain_answer, wrong_method
from lockhouse.edge import BodyLimit, FailureGuard, HeadAsGet, HostGuard, RequestLog, SecurityHeaders
from lockhouse.mtls_settings import MtlsSection
from lockhouse.terminators import CertificateHeaders

__all__ = ["build_application", "health_routes", "security_headers"]

_log = logging.getLogger(__name__)

MOST_BODY_BYTES = 262_144
# Asked by machines that know an address and no name; /metrics has a token of its own.
_HEALTH_PATHS = ("/healthz", "/readyz", "/metrics")
_READY_WITHIN = 2.0

Check = Callable[[], Awaitable[None]]


def build_application(
    *,
    issuer: str,
    routes: Sequence[BaseRoute],
    ready: Mapping[str, Check],
    busy: tuple[type[Exception], ...] = (),
    certificates: MtlsSection | None = None,
) -> Starlette:
    """Return the application: *routes*, the health routes, and the edge around them.

    *ready* names what `/readyz` asks. Errors of the kinds *busy* become 503 instead of 500. *certificates* says whose
    word on client certificates counts, and at which other host clients show theirs; without it nobody's. It has no
    lifespan: what the routes need is opened before the application is built, so that a server that cannot work never
    binds to it.
    """
    mtls = certificates or MtlsSection()
    application = Starlette(
        routes=[*health_routes(ready), *routes],
        middleware=[
            Middleware(RequestLog),
            Middleware(SecurityHeaders, headers=security_headers(issuer)),
            Middleware(CertificateHeaders, terminators=mtls.networks, header=mtls.header, respond=plain_answer),
            Middleware(
                HostGuard,
                issuer=issuer,
                open_paths=_HEALTH_PATHS,
                respond=plain_answer,
                clients_at=mtls.address,
            ),
            Middleware(HeadAsGet),
            Middleware(FailureGuard, respond=plain_answer, busy=busy),
            Middleware(BodyLimit, most=MOST_BODY_BYTES, respond=plain_answer),
        ],
        exception_handlers={404: no_such_address, 405: wrong_method},
    )
    # A redirect built from Host is an open door; an address with a slash too many is simply not there.
    application.router.redirect_slashes = False
    return application


def security_headers(issuer: str) -> Mapping[str, str]:
    """Return the headers of every answer that sets none of its own."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        # no-referrer would make browsers send "Origin: null" with our own forms.
        "Referrer-Policy": "strict-origin",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "X-Frame-Options": "DENY",
    }
    if urlsplit(issuer).scheme == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def health_routes(ready: Mapping[str, Check]) -> list[BaseRoute]:
    """Return `/healthz` (the process lives) and `/readyz` (it can do its work)."""

    async def healthz(_request: Request) -> Response:
        """Say that the process lives."""
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    async def readyz(_request: Request) -> Response:
        """Say whether the server can do its work, or what keeps it from that (503)."""
        failing = [name for name, check in ready.items() if not await _passes(name, check)]
        status = {"status": "not ready", "failing": failing} if failing else {"status": "ready"}
        return JSONResponse(status, status_code=503 if failing else 200, headers={"Cache-Control": "no-store"})

    return [Route("/healthz", healthz, methods=["GET"]), Route("/readyz", readyz, methods=["GET"])]


async def _passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(_READY_WITHIN):
            await check()
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not ready
        _log.warning("not_ready", extra={"check": name}, exc_info=True)
        return False
    return True

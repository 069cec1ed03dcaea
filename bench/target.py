"""Lockhouse itself, put together as `lockhouse serve` does it, with one route more: approval without a browser.

    python -m bench.target FOLDER URL CLIENTS PERSONS [--deliver] [--ping ENDPOINT]

Messages stay in the outbox unless ``--deliver`` is given: the peer delivers nothing either.
"""

import argparse
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bench.people import register
from bench.serving import serve_made
from engine.storage import Unit, to_micros
from lockhouse.configuration import load_configuration
from lockhouse.installation import Installation, create_installation, opened
from lockhouse.logs import configure_logs
from lockhouse.serve import following_port
from lockhouse.wiring import Wired, wired
from protocols.oauth2 import AssertionKey, load_assertion_key
from protocols.oauth2_ciba.requests import by_auth_req_id
from protocols.oauth2_ciba.tables import ATTEMPTS

_FOREVER = "36000"
# What differs from the defaults. We log a line for each request at "info"; the peer logs none.
SETTINGS = {
    "LOCKHOUSE_DEVELOPMENT": "true",
    "LOCKHOUSE_LOG__LEVEL": "warning",
    "LOCKHOUSE_CIBA__EXPIRES_IN": _FOREVER,
    "LOCKHOUSE_CIBA__MAX_EXPIRES_IN": _FOREVER,
}
_NEW_ATTEMPT = insert(ATTEMPTS)


class Approval:
    """Approves the way that the login flow does, at the callback: an attempt, its claim, a signed assertion."""

    def __init__(self, installation: Installation, parts: Wired, key: AssertionKey) -> None:
        self._installation, self._parts, self._key = installation, parts, key
        self._digest = parts.flows.latest("login_approval").digest

    async def answer(self, request: Request) -> Response:
        """Approve the request whose auth_req_id is in the body."""
        auth_req_id = (await request.body()).decode().removeprefix("auth_req_id=")
        execution = secrets.token_urlsafe(18)
        database, now = self._installation.database, self._installation.clock.now()
        records = self._parts.records

        def open_attempt(unit: Unit) -> Any:
            found = by_auth_req_id(unit, auth_req_id)
            assert found is not None
            row = {"execution": execution, "request_id": found.request_id, "flow_digest": self._digest}
            unit.execute(_NEW_ATTEMPT, {**row, "opened_at": to_micros(now)})
            return found

        found = await database.run(open_attempt)

        def claim(unit: Unit) -> bool:
            return records.claim(
                unit, execution=execution, correlation=found.request_id, subject=found.user_id, now=now
            )

        assert await database.run(claim)
        seconds = int(now.timestamp())
        claims = {
            "iss": self._parts.ciba.settings.issuer,
            "aud": "ciba",
            "sub": found.user_id,
            "jti": secrets.token_urlsafe(24),
            "iat": seconds,
            "exp": seconds + 60,
            "execution": execution,
            "flow_digest": self._digest,
            "correlation": found.request_id,
            "granted": list(found.scopes),
            "methods": ["pwd"],
            "auth_time": seconds,
        }
        assertion = self._key.sign(claims)
        told = await database.run(lambda unit: records.receive(unit, "ciba", assertion, now))
        # A clock that all processes of this machine share: it says how long others take to hear of the commit.
        return JSONResponse({"accepted": told.accepted, "reason": told.reason, "at": time.monotonic()})


@asynccontextmanager
async def answering(installation: Installation, *, work: bool) -> AsyncIterator[ASGIApp]:
    """Yield the application with its route for approvals."""
    async with wired(installation, work=work) as parts:
        key = await installation.database.read(lambda unit: load_assertion_key(unit, keyring=installation.keyring))
        approve = Approval(installation, parts, key).answer
        parts.application.router.routes.append(Route("/bench/approve", approve, methods=["POST"]))
        yield parts.application


def main() -> None:
    """Make an installation in FOLDER, register everybody, and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("url")
    parser.add_argument("clients", type=int)
    parser.add_argument("persons", type=int)
    parser.add_argument("--deliver", action="store_true")
    parser.add_argument("--ping", metavar="ENDPOINT", help="where client 0 is told")
    asked = parser.parse_args()
    os.environ.update(SETTINGS)
    created = create_installation(asked.folder, issuer="http://127.0.0.1:1", url=asked.url or None)
    assert created.file is not None
    configuration = load_configuration(created.file)
    configure_logs(form="json", level=configuration.settings.log.level)

    @asynccontextmanager
    async def make(port: int) -> AsyncIterator[ASGIApp]:
        ours = replace(configuration, settings=following_port(configuration.settings, port))
        async with opened(ours) as installation:
            await register(installation, clients=asked.clients, persons=asked.persons, endpoint=asked.ping)
            async with answering(installation, work=asked.deliver) as application:
                yield application

    serve_made(make)


if __name__ == "__main__":
    main()

"""The HTTP side of the authorization server: forms in, JSON out, and one place where errors become answers.

Every answer of an OAuth endpoint carries ``Cache-Control: no-store``, errors too (RFC 6749 section 5.1).
"""

import asyncio
import functools
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine import Clock
from engine.http import preferred_wait
from engine.storage import Database, OutcomeUnknown, Overloaded, StorageUnavailable, Unit
from protocols.oauth2.access_tokens import Shown, read_token
from protocols.oauth2.client_authentication import Presented, authenticate
from protocols.oauth2.client_certificates import certificate_of
from protocols.oauth2.client_proofs import ClientProofs
from protocols.oauth2.clients import Clients
from protocols.oauth2.confirmations import Sender
from protocols.oauth2.dpop import NONCE_HEADER
from protocols.oauth2.errors import OAuthError
from protocols.oauth2.forms import Form, check_head, parse_form, read_body
from protocols.oauth2.key_schedule import JWKS_CACHE
from protocols.oauth2.metadata import Offers, metadata
from protocols.oauth2.sender_proofs import SenderProofs
from protocols.oauth2.signing_keys import SigningKeys
from protocols.oauth2.token_requests import Grant, Hold, TokenRequest
from protocols.oauth2.token_state import introspect, revoke_token
from protocols.oauth2.tokens import TokenPolicy
from protocols.oauth2.userinfo import Guard

log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
# One JWKS cache time: a new key is published at least this long before it signs (requirement 152).
_PUBLIC = {"Cache-Control": f"public, max-age={int(JWKS_CACHE.total_seconds())}"}
_RETRY_AFTER = "2"
_DPOP = "dpop"


def json_response(
    body: Mapping[str, Any] | bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return *body* as JSON that nobody may store."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(content, status, headers={**_NO_STORE, **(headers or {})}, media_type="application/json")


def answering(handler: Handler) -> Handler:
    """Return *handler* with OAuth errors and an absent database turned into answers. Others are the application's."""

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except OAuthError as error:
            facts = {"endpoint": request.scope["path"], "error": error.error, "hint": error.hint}
            log.info("oauth_error", extra=facts)
            return json_response(error.body(), status=error.status, headers=error.headers)
        except (StorageUnavailable, Overloaded, OutcomeUnknown) as error:
            log.warning("oauth_unavailable", extra={"endpoint": request.scope["path"], "cause": error.code})
            body = {"error": "temporarily_unavailable", "error_description": "try again"}
            return json_response(body, status=503, headers={"Retry-After": _RETRY_AFTER})

    return answer


def naming_nonces(handler: Handler, senders: SenderProofs, clock: Clock) -> Handler:
    """Return *handler* with the nonce for the next proof named in each answer to a proof (RFC 9449 section 8.2)."""

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        response = await handler(request)
        if _DPOP in request.headers and (nonce := senders.next_nonce(clock.now())) is not None:
            response.headers[NONCE_HEADER] = nonce
        return response

    return answer


async def read_form(request: Request) -> Form:
    """Return the request's form, after media type, size, encoding and repeats were judged, in this order."""
    check_head(request.headers.get("content-type"), request.headers.get("content-length"))
    form = parse_form(await read_body(request.stream()))
    form.refuse_repeats()
    return form


async def read_proof(request: Request, form: Form, proofs: ClientProofs, now: datetime) -> Presented:
    """Return what the request proves its client by."""
    authorization, certificate = request.headers.getlist("authorization"), certificate_of(request)
    return await proofs.read(form, authorization, path=request.url.path, now=now, certificate=certificate)


def read_sender(request: Request, shown: Presented, senders: SenderProofs, now: datetime) -> Sender:
    """Return what the request shows of its sender's keys: judged as far as that goes without its client."""
    certificate = None if shown.certificate is None else shown.certificate.thumbprint
    proofs = request.headers.getlist(_DPOP)
    return senders.read(proofs, certificate, method=request.method, path=request.url.path, now=now)


class OAuthEndpoints:
    """Token, what may be asked of tokens, keys and metadata."""

    def __init__(
        self,
        *,
        policy: TokenPolicy,
        offers: Offers,
        grants: Mapping[str, Grant],
        database: Database,
        clients: Clients,
        proofs: ClientProofs,
        senders: SenderProofs,
        guard: Guard,
        signing_keys: SigningKeys,
        clock: Clock,
    ) -> None:
        self._policy, self._grants, self._clock = policy, grants, clock
        self._database, self._clients, self._guard = database, clients, guard
        self._signing_keys, self._proofs, self._senders = signing_keys, proofs, senders
        self._metadata = json.dumps(metadata(offers)).encode()

    def routes(self) -> list[Route]:
        """Return the routes, each with the methods that it has; others are answered 405 by the router."""
        return [
            Route("/oauth2/token", naming_nonces(answering(self.token), self._senders, self._clock), methods=["POST"]),
            Route("/oauth2/introspect", answering(self.introspect), methods=["POST"]),
            Route("/oauth2/revoke", answering(self.revoke), methods=["POST"]),
            Route("/oauth2/jwks", answering(self.jwks), methods=["GET"]),
            Route("/.well-known/openid-configuration", self.discovery, methods=["GET"]),
            Route("/.well-known/oauth-authorization-server", self.discovery, methods=["GET"]),
        ]

    async def token(self, request: Request) -> Response:
        """Hand a token request to its grant (RFC 6749 section 3.2); ``Prefer: wait=N`` lets the answer be held back."""
        now = self._clock.now()
        form = await read_form(request)
        shown = await read_proof(request, form, self._proofs, now)
        grant = self._grants.get(form.get("grant_type") or "")
        if grant is None:
            await self._database.run(lambda unit: authenticate(unit, self._clients, shown))
            form.require("grant_type")
            known = " or ".join(sorted(self._grants))
            raise OAuthError("unsupported_grant_type", f"grant_type is {known} here")
        keys = tuple(request.headers.getlist("idempotency-key"))
        sender = read_sender(request, shown, self._senders, now)
        asked = TokenRequest(form=form, shown=shown, sender=sender, keys=keys, now=now)
        seconds = preferred_wait(request.headers.getlist("prefer"))
        if not seconds:
            return json_response(await grant.answer(asked))
        return await _hold_back(request, grant, asked, seconds)

    async def introspect(self, request: Request) -> Response:
        """Tell a client about its own token, or an API about one that is meant for it (RFC 7662 section 2)."""
        shown, token, now = await self._asked_about(request)
        guard, issuer = self._guard, self._policy.issuer

        def look(unit: Unit) -> Mapping[str, Any]:
            asker = authenticate(unit, self._clients, shown)
            return introspect(unit, token, asker=asker, guard=guard, issuer=issuer, now=now)

        return json_response(await self._database.run(look))

    async def revoke(self, request: Request) -> Response:
        """Take a token back for the client that it was given to (RFC 7009 section 2)."""
        shown, token, now = await self._asked_about(request)

        def take_back(unit: Unit) -> None:
            revoke_token(unit, token, asker=authenticate(unit, self._clients, shown), now=now)

        await self._database.run(take_back)
        return json_response(b"")

    async def _asked_about(self, request: Request) -> tuple[Presented, Shown | None, datetime]:
        """Return who asks, the token that they ask about (None: one that did not verify), and when."""
        now = self._clock.now()
        form = await read_form(request)
        shown = await read_proof(request, form, self._proofs, now)
        token, register = form.require("token"), await self._signing_keys.register(now)
        try:
            return shown, read_token(token, register, issuer=self._policy.issuer, now=now), now
        except OAuthError:
            return shown, None, now

    async def jwks(self, request: Request) -> Response:
        """Publish the keys that tokens are verified with, for caches to keep."""
        register = await self._signing_keys.register(self._clock.now())
        return _cacheable(request, json.dumps({"keys": register.published}).encode())

    async def discovery(self, request: Request) -> Response:
        """Publish the metadata (OpenID Connect Discovery section 4, RFC 8414 section 3)."""
        return _cacheable(request, self._metadata)


async def _hold_back(request: Request, grant: Grant, asked: TokenRequest, seconds: int) -> Response:
    """Answer a client that is ready to wait, and notice when it goes. The body is read: what comes is the end."""
    leaving = asyncio.ensure_future(_left(request))
    hold = Hold(seconds=seconds, leaving=leaving)
    try:
        answer = await grant.answer(replace(asked, hold=hold))
        return json_response(answer, headers=_preference(hold))
    except OAuthError as error:
        error.headers = {**error.headers, **_preference(hold)}
        raise
    finally:
        leaving.cancel()


def _preference(hold: Hold) -> Mapping[str, str]:
    return {"Preference-Applied": f"wait={hold.seconds}"} if hold.applied else {}


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _cacheable(request: Request, content: bytes) -> Response:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {**_PUBLIC, "ETag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="application/json")

"""The HTTP side of the code grant: the page that a browser is sent to, and the endpoint that requests are pushed to."""

import secrets
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engine import Clock
from engine.storage import Database, Unit
from protocols.oauth2 import ClientProofs, Clients, Form, OAuthError, authenticate, parse_form, require_grant
from protocols.oauth2.endpoints import answering, json_response, naming_nonces, read_form, read_proof, read_sender
from protocols.oauth2.sender_proofs import SenderProofs, used_proof
from protocols.oauth2_code.authorize import Authorize
from protocols.oauth2_code.parameters import CODE_GRANT
from protocols.oauth2_code.pushed import PUSHED_LIFE, REQUEST_URI

__all__ = ["CodeEndpoints"]


class CodeEndpoints:
    """``/oauth2/authorize`` and ``/oauth2/par``. *refuse* draws the page for what cannot go back to its client."""

    def __init__(
        self,
        *,
        authorize: Authorize,
        clients: Clients,
        proofs: ClientProofs,
        senders: SenderProofs,
        database: Database,
        clock: Clock,
        refuse: Callable[[Request, OAuthError], Response],
    ) -> None:
        self._authorize, self._clients, self._proofs, self._senders = authorize, clients, proofs, senders
        self._database, self._clock, self._refuse = database, clock, refuse

    def routes(self) -> list[Route]:
        """Return the routes (OpenID Connect Core section 3.1.2.1, RFC 9126 section 2)."""
        push = naming_nonces(answering(self.push), self._senders, self._clock)
        return [
            Route("/oauth2/authorize", self.authorize, methods=["GET", "POST"]),
            Route("/oauth2/par", push, methods=["POST"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """Send a browser to our page, or back to its client with an error."""
        try:
            address = await self._authorize.begin(await _form_of(request))
        except OAuthError as error:
            return self._refuse(request, error)
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return RedirectResponse(address, status_code=303, headers=headers)

    async def push(self, request: Request) -> Response:
        """Keep a request for the browser that will bring its name."""
        now, name = self._clock.now(), REQUEST_URI + secrets.token_urlsafe(32)
        form = await read_form(request)
        shown = await read_proof(request, form, self._proofs, now)
        sender = read_sender(request, shown, self._senders, now)

        def act(unit: Unit) -> None:
            client = authenticate(unit, self._clients, shown)
            require_grant(client, CODE_GRANT)
            proof = used_proof(unit, sender)
            jkt = None if proof is None else proof.jkt
            self._authorize.push(unit, form, client, name=name, jkt=jkt, now=now)

        await self._database.run(act)
        told = {"request_uri": name, "expires_in": int(PUSHED_LIFE.total_seconds())}
        return json_response(told, status=201)


async def _form_of(request: Request) -> Form:
    """Return the parameters of a browser's request; repeats are judged where it is known whom to tell."""
    if request.method == "POST":
        return await read_form(request)
    return parse_form(request.url.query.encode())

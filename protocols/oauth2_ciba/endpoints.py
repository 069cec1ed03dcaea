"""The HTTP side of CIBA, and the routes of the whole protocol layer."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.storage import Unit
from protocols.oauth2 import ClientPolicy, Grant, Registration
from protocols.oauth2.assertions import OTHER_CLAIMS
from protocols.oauth2.endpoints import (
    OAuthEndpoints,
    answering,
    json_response,
    naming_nonces,
    read_form,
    read_proof,
    read_sender,
)
from protocols.oauth2.metadata import Offers
from protocols.oauth2.registration_endpoints import RegistrationEndpoints
from protocols.oauth2.userinfo_endpoint import UserinfoEndpoint
from protocols.oauth2_ciba.cancellation import remove_client
from protocols.oauth2_ciba.layer import Ciba
from protocols.oauth2_ciba.user_codes import NoUserCodes


def protocol_routes(ciba: Ciba, *, grants: Mapping[str, Grant] = MappingProxyType({})) -> list[Route]:
    """Return every route of the protocol layer: metadata, keys, token, userinfo, and CIBA's own.

    *grants* are those of other layers, for the token endpoint that all share.
    """
    records, settings, every = ciba.records, ciba.settings, {**ciba.grants(), **grants}
    common = OAuthEndpoints(
        policy=settings.token_policy(),
        offers=_offers(ciba, every),
        grants=every,
        database=ciba.database,
        clients=records.clients,
        proofs=ciba.proofs,
        senders=ciba.senders,
        guard=records.token_guard,
        signing_keys=ciba.signing_keys,
        clock=ciba.clock,
    )
    told = UserinfoEndpoint(
        policy=settings.token_policy(),
        database=ciba.database,
        senders=ciba.senders,
        accounts=records.accounts,
        guard=records.token_guard,
        signing_keys=ciba.signing_keys,
        clock=ciba.clock,
    )
    routes = [*common.routes(), *told.routes(), *CibaEndpoints(ciba).routes()]
    return [*routes, *_registration_routes(ciba, every)]


def _offers(ciba: Ciba, grants: Mapping[str, Grant]) -> Offers:
    settings = ciba.settings
    return Offers(
        issuer=settings.issuer,
        scopes=tuple(settings.scopes),
        acr_values=tuple(settings.acr.values()),
        algorithms=ciba.signing_keys.algorithms,
        profile=settings.profile,
        grant_types=tuple(sorted(grants)),
        registers=settings.registration.mode != "off",
        user_codes=not isinstance(ciba.records.user_codes, NoUserCodes),
        signed_requests=True,
        mutual_tls=settings.mutual_tls,
    )


def _registration_routes(ciba: Ciba, grants: Mapping[str, Grant]) -> list[Route]:
    """Return the routes by which clients register themselves, where the settings let them."""
    records, settings = ciba.records, ciba.settings
    if settings.registration.mode == "off":
        return []

    def remove(unit: Unit, client_id: str, now: datetime) -> bool:
        return remove_client(unit, client_id, clients=records.clients, now=now, keep_final=settings.keep_final)

    policy = ClientPolicy(
        profile=settings.profile,
        scopes=tuple(settings.scopes),
        algorithms=ciba.signing_keys.algorithms,
        grant_types=tuple(sorted(grants)),
        mutual_tls=settings.mutual_tls,
    )
    registration = Registration(
        rules=settings.registration, policy=policy, clients=records.clients, remove=remove, issuer=settings.issuer
    )
    endpoints = RegistrationEndpoints(
        registration=registration, database=ciba.database, fetcher=ciba.remote_keys, clock=ciba.clock
    )
    return endpoints.routes()


class CibaEndpoints:
    """bc-authorize, its cancel and status, and the callback for assertions."""

    def __init__(self, ciba: Ciba) -> None:
        self._ciba = ciba

    def routes(self) -> list[Route]:
        """Return the routes, each POST only (CIBA Core section 7)."""
        authorize = naming_nonces(answering(self.authorize), self._ciba.senders, self._ciba.clock)
        return [
            Route("/oauth2/bc-authorize", authorize, methods=["POST"]),
            Route("/oauth2/bc-authorize/cancel", answering(self.cancel), methods=["POST"]),
            Route("/oauth2/bc-authorize/status", answering(self.status), methods=["POST"]),
            Route("/oauth2/auth/callback", answering(self.callback), methods=["POST"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """Take a backchannel authentication request (CIBA Core section 7)."""
        form, now = await read_form(request), self._ciba.clock.now()
        shown = await read_proof(request, form, self._ciba.proofs, now)
        sender = read_sender(request, shown, self._ciba.senders, now)
        # What is wrong with a key is judged after client authentication.
        keys = tuple(request.headers.getlist("idempotency-key"))
        return json_response((await self._ciba.authorize(form, shown, sender, keys)).body())

    async def cancel(self, request: Request) -> Response:
        """Let a client take its request back."""
        form = await read_form(request)
        shown = await read_proof(request, form, self._ciba.proofs, self._ciba.clock.now())
        return json_response(await self._ciba.cancel(form, shown))

    async def status(self, request: Request) -> Response:
        """Tell a client how its request stands."""
        form = await read_form(request)
        shown = await read_proof(request, form, self._ciba.proofs, self._ciba.clock.now())
        return json_response(await self._ciba.status(form, shown))

    async def callback(self, request: Request) -> Response:
        """Receive an assertion from an executor in another process. It proves itself; there is no other credential."""
        form = await read_form(request)
        answer = await self._ciba.receive(form.require("assertion"))
        body = {"accepted": answer.accepted, "reason": answer.reason}
        return json_response(body, status=_callback_status(answer.accepted, answer.reason))


def _callback_status(accepted: bool, reason: str) -> int:
    if accepted:
        return 200
    return 409 if reason == OTHER_CLAIMS or reason.startswith("status:") else 400

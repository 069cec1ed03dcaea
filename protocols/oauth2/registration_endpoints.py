"""The HTTP side of registration: JSON in, JSON out (RFC 7591 section 3, RFC 7592 section 2)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine import Clock
from engine.storage import Database
from protocols.oauth2.endpoints import answering, json_response
from protocols.oauth2.errors import OAuthError
from protocols.oauth2.forms import read_body
from protocols.oauth2.metadata_members import read_object, take_member
from protocols.oauth2.registration import Minted, Registration
from protocols.oauth2.remote_keys import KeyFetcher
from protocols.oauth2.sector_documents import check_sector
from protocols.oauth2.userinfo import bearer_token

__all__ = ["RegistrationEndpoints"]

_JSON = "application/json"


class RegistrationEndpoints:
    """Where clients register themselves, and manage what they registered."""

    def __init__(self, *, registration: Registration, database: Database, fetcher: KeyFetcher, clock: Clock) -> None:
        self._registration, self._database = registration, database
        self._fetcher, self._clock = fetcher, clock

    def routes(self) -> list[Route]:
        """Return the two routes."""
        return [
            Route("/oauth2/register", answering(self.register), methods=["POST"]),
            Route("/oauth2/register/{client_id}", answering(self.manage), methods=["GET", "PUT", "DELETE"]),
        ]

    async def register(self, request: Request) -> Response:
        """Register a client; who may is asked before a word of its metadata is read."""
        now, token = self._clock.now(), _optional_token(request)
        _check_media(request)
        scopes = await self._database.read(lambda unit: self._registration.may_register(unit, token, now))
        metadata = read_object(await read_body(request.stream()))
        client = self._registration.describe(metadata, scopes)
        await check_sector(client, self._fetcher)
        minted = Minted.fresh()
        told = await self._database.run(
            lambda unit: self._registration.register(unit, client, token, minted=minted, now=now)
        )
        return json_response(told, status=201)

    async def manage(self, request: Request) -> Response:
        """Show, replace or remove what a client registered, for whoever has its registration access token."""
        client_id, access = str(request.path_params["client_id"]), _token(request)
        if request.method == "PUT":
            return await self._replace(request, client_id, access)
        if request.method == "DELETE":
            now = self._clock.now()
            await self._database.run(lambda unit: self._registration.remove(unit, client_id, access, now))
            return Response(status_code=204, headers={"Cache-Control": "no-store"})
        return json_response(await self._database.read(lambda unit: self._registration.read(unit, client_id, access)))

    async def _replace(self, request: Request, client_id: str, access: str) -> Response:
        _check_media(request)
        kept = await self._database.read(lambda unit: self._registration.managed(unit, client_id, access))
        metadata = read_object(await read_body(request.stream()))
        self._registration.check_replacement(metadata, client_id)
        sent_secret = take_member(metadata, "client_secret", "text")
        # What it may have was its operator's to say when it registered: it never gives itself more.
        client = self._registration.describe(metadata, kept.settings.scopes, kept)
        await check_sector(client, self._fetcher)
        minted = Minted.fresh()
        told = await self._database.run(
            lambda unit: self._registration.replace(unit, client, access, sent_secret=sent_secret, minted=minted)
        )
        return json_response(told)


def _check_media(request: Request) -> None:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != _JSON:
        raise OAuthError("invalid_client_metadata", f"send the metadata as Content-Type {_JSON}")


def _token(request: Request) -> str:
    return bearer_token(request.headers.getlist("authorization"))


def _optional_token(request: Request) -> str | None:
    return _token(request) if "authorization" in request.headers else None

"""``grant_type=urn:ietf:params:oauth:grant-type:device_code``: a poll, and tokens once somebody has approved."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from engine.storage import Database, Unit
from protocols.oauth2 import (
    Client,
    Clients,
    OAuthError,
    TokenRequest,
    authenticate,
    authorizations,
    require_grant,
)
from protocols.oauth2.authorization_tokens import AuthorizationTokens
from protocols.oauth2.authorizations import Authorization, Status
from protocols.oauth2.client_registration import DEVICE_GRANT
from protocols.oauth2.confirmations import Confirmation
from protocols.oauth2.pace import Verdict, judge
from protocols.oauth2.sender_proofs import confirm
from protocols.oauth2_device.requests import DeviceRequest, by_device_code, set_pace

__all__ = ["DeviceGrant"]

_ANSWERS: Mapping[Status, tuple[str, str]] = MappingProxyType(
    {
        Status.PENDING: ("authorization_pending", "nobody has decided yet"),
        Status.DENIED: ("access_denied", "the request was refused"),
        Status.FAILED: ("expired_token", "the request could not be completed, start again"),
        Status.EXPIRED: ("expired_token", "the request has expired, start again"),
        Status.REDEEMED: ("invalid_grant", "this device_code is not valid: start again"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Approved:
    """A request that may become tokens."""

    client: Client
    found: Authorization
    confirmation: Confirmation | None


class DeviceGrant:
    """Answers a device's token requests (RFC 8628 sections 3.4 and 3.5)."""

    def __init__(self, *, database: Database, clients: Clients, tokens: AuthorizationTokens) -> None:
        self._database, self._clients, self._tokens = database, clients, tokens

    async def answer(self, asked: TokenRequest) -> bytes:
        """Return the token response; raise OAuthError for every other answer."""
        judged = await self._database.run(lambda unit: self._poll(unit, asked))
        if isinstance(judged, OAuthError):
            raise judged
        given = await self._tokens.give(judged.found, judged.client, asked, confirmation=judged.confirmation)
        if isinstance(given, Status):
            raise OAuthError(*_ANSWERS[given])
        return json.dumps(given.members).encode()

    def _poll(self, unit: Unit, asked: TokenRequest) -> _Approved | OAuthError:
        """Authenticate, find and judge. What changes the pace is returned, not raised, so that it is stored."""
        client = authenticate(unit, self._clients, asked.shown)
        require_grant(client, DEVICE_GRANT)
        request = by_device_code(unit, asked.form.require("device_code"))
        found = None if request is None else authorizations.authorization_by_id(unit, request.request_id)
        if request is None or found is None or found.client_id != client.client_id:
            raise OAuthError(*_ANSWERS[Status.REDEEMED])
        confirmation = confirm(unit, client, asked.sender)
        status = found.status_at(asked.now)
        if status is Status.APPROVED:
            return _Approved(client=client, found=found, confirmation=confirmation)
        if status is Status.PENDING:
            return self._waiting(unit, request, asked.now)
        return OAuthError(*_ANSWERS[status])

    def _waiting(self, unit: Unit, request: DeviceRequest, now: datetime) -> OAuthError:
        pace, verdict = judge(request.pace, now)
        if pace != request.pace:
            set_pace(unit, request.request_id, pace)
        match verdict:
            case Verdict.ANSWER:
                return OAuthError(*_ANSWERS[Status.PENDING])
            case Verdict.SLOW_DOWN:
                return OAuthError("slow_down", f"wait {pace.interval.seconds} seconds between requests")
            case Verdict.STOP:
                return OAuthError("invalid_request", "too many requests came too early: stop and wait")

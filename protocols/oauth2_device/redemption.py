"""``grant_type=urn:ietf:params:oauth:grant-type:device_code``: a poll, and tokens once somebody has approved."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from engine.storage import Database, Unit
from protocols.oauth2 import (
    Client,
    Clients,
    Guard,
    OAuthError,
    SigningKeys,
    TokenPolicy,
    TokenRequest,
    authenticate,
    authorizations,
    require_grant,
    store_grant,
)
from protocols.oauth2.authorizations import Authorization, Status
from protocols.oauth2.client_registration import DEVICE_GRANT
from protocols.oauth2.minting import Mint, Minted, RandomNames, SigningPair
from protocols.oauth2.pace import Verdict, judge
from protocols.oauth2.resources import RESOURCE, narrowed_resources
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


class DeviceGrant:
    """Answers a device's token requests (RFC 8628 sections 3.4 and 3.5)."""

    def __init__(
        self,
        *,
        database: Database,
        clients: Clients,
        guard: Guard,
        signing_keys: SigningKeys,
        policy: TokenPolicy,
        mint: Mint,
        acr_of: Callable[[tuple[str, ...]], str | None],
    ) -> None:
        self._database, self._clients, self._guard = database, clients, guard
        self._signing_keys, self._policy, self._mint, self._acr_of = signing_keys, policy, mint, acr_of

    async def answer(self, asked: TokenRequest) -> bytes:
        """Return the token response; raise OAuthError for every other answer."""
        judged = await self._database.run(lambda unit: self._poll(unit, asked))
        if isinstance(judged, OAuthError):
            raise judged
        minted = await self._prepare(judged, asked)
        over = await self._database.run(lambda unit: self._commit(unit, judged, minted, asked.now))
        if over is not None:
            raise OAuthError(*_ANSWERS[over])
        return json.dumps(minted.members).encode()

    def _poll(self, unit: Unit, asked: TokenRequest) -> _Approved | OAuthError:
        """Authenticate, find and judge. What changes the pace is returned, not raised, so that it is stored."""
        client = authenticate(unit, self._clients, asked.shown)
        require_grant(client, DEVICE_GRANT)
        request = by_device_code(unit, asked.form.require("device_code"))
        found = None if request is None else authorizations.authorization_by_id(unit, request.request_id)
        if request is None or found is None or found.client_id != client.client_id:
            raise OAuthError(*_ANSWERS[Status.REDEEMED])
        status = found.status_at(asked.now)
        if status is Status.APPROVED:
            return _Approved(client=client, found=found)
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

    async def _prepare(self, approved: _Approved, asked: TokenRequest) -> Minted:
        found, client = approved.found, approved.client
        return self._mint.make(
            found.approval(acr=self._acr_of(found.methods)),
            client,
            keys=await SigningPair.of(self._signing_keys, client, asked.now),
            names=RandomNames.fresh(),
            now=asked.now,
            resources=narrowed_resources(
                asked.form.every(RESOURCE), granted=found.resources, default=self._policy.audience
            ),
        )

    def _commit(self, unit: Unit, approved: _Approved, minted: Minted, now: datetime) -> Status | None:
        """Ask the guard, use the authorization up, and store the grant: together, or return what stands against it."""
        found = approved.found
        if not self._guard.allows(unit, subject=found.user_id, client_id=found.client_id):
            authorizations.close(unit, found.request_id, Status.DENIED, leaving=Status.APPROVED)
            return Status.DENIED
        if not authorizations.use(unit, found.request_id, grant_id=minted.grant.grant_id):
            return Status.REDEEMED
        store_grant(unit, minted.grant, now=now)
        return None

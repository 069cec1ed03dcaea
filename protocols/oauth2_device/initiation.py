"""A device asks for a code to show (RFC 8628 sections 3.1 and 3.2)."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.storage import Unit
from protocols.oauth2 import Clients, Form, OAuthError, Presented, authenticate, authorizations, parse_scope
from protocols.oauth2.authorizations import NewAuthorization
from protocols.oauth2.client_registration import DEVICE_GRANT
from protocols.oauth2.resources import RESOURCE, parse_resources
from protocols.oauth2.sign_ins import SignIns
from protocols.oauth2_device.requests import NewDeviceRequest, insert_request, request_id_of
from protocols.oauth2_device.user_codes import fresh_user_code, shown_user_code

__all__ = ["DeviceInitiation", "DeviceNames"]

FLOW = "device_approval"
INTERVAL = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceNames:
    """The random names of one request, made before its unit; of several user codes the first that is free is used."""

    request_id: str
    link: str = field(repr=False)
    device_code: str = field(repr=False)
    user_codes: tuple[str, ...] = field(repr=False)

    @classmethod
    def fresh(cls) -> "DeviceNames":
        """Return new names."""
        return cls(
            request_id=f"{time.time_ns() // 1_000_000:012x}" + secrets.token_urlsafe(18),
            link=secrets.token_urlsafe(32),
            device_code=secrets.token_urlsafe(32),
            user_codes=tuple(fresh_user_code() for _ in range(4)),
        )


class DeviceInitiation:
    """Takes device authorization requests. ``interval`` is how long a device waits between two polls."""

    def __init__(self, *, sign_ins: SignIns, clients: Clients, interval: timedelta = INTERVAL) -> None:
        self._sign_ins, self._clients, self._interval = sign_ins, clients, interval

    def take(self, unit: Unit, form: Form, shown: Presented, names: DeviceNames, *, now: datetime) -> dict[str, Any]:
        """Judge and store the request; return the answer for the device (section 3.2)."""
        client = authenticate(unit, self._clients, shown)
        if DEVICE_GRANT not in client.grant_types:
            raise OAuthError("unauthorized_client", "this client may not use the device grant")
        settings, keyring = self._sign_ins.settings, self._sign_ins.keyring
        scopes = parse_scope(form.get("scope"), known=settings.scopes, allowed=client.scopes)
        resources = parse_resources(form.every(RESOURCE))
        user_code = next(
            (code for code in names.user_codes if request_id_of(unit, code, keyring=keyring) is None), None
        )
        if user_code is None:
            raise OAuthError("temporarily_unavailable", "try again", headers={"Retry-After": "1"})
        expires_at = now + settings.life
        authorization = NewAuthorization(
            request_id=names.request_id,
            link=names.link,
            client_id=client.client_id,
            flow=FLOW,
            scopes=scopes,
            resources=resources,
            expires_at=expires_at,
            message=shown_user_code(user_code),
        )
        authorizations.insert_authorization(unit, authorization, keyring=keyring, now=now)
        request = NewDeviceRequest(
            request_id=names.request_id,
            device_code=names.device_code,
            user_code=user_code,
            interval=self._interval,
            expires_at=expires_at,
        )
        insert_request(unit, request, keyring=keyring)
        page = f"{settings.issuer}/device"
        return {
            "device_code": names.device_code,
            "user_code": shown_user_code(user_code),
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={shown_user_code(user_code)}",
            "expires_in": int(settings.life.total_seconds()),
            "interval": int(self._interval.total_seconds()),
        }

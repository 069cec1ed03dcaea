"""Carries what executors and channels send by HTTP; and fetches what clients publish.

Implements `AssertionCourier`, `HttpGateway`, `KeyFetcher` and `NotificationGateway`.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from engine import Refused, Transient
from executors.assertion_post import HttpAnswer
from executors.channels.sms import SmsRequest
from lockhouse.outgoing import Answer, Outgoing, OutgoingFailed, OutgoingRefused
from protocols.oauth2 import KeysNotThere

__all__ = ["OutgoingCourier", "OutgoingGateway", "OutgoingKeys", "OutgoingNotifications"]

_HEADERS = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}


class OutgoingCourier:
    """Posts forms by the guarded client, and says which failures are worth another try."""

    def __init__(self, *, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def post(self, url: str, form: Mapping[str, str]) -> HttpAnswer:
        """Post *form*; Transient where no answer came, Refused where this address may never be called."""
        try:
            answer = await self._outgoing.send("POST", url, headers=_HEADERS, body=urlencode(form).encode())
        except OutgoingRefused as error:
            raise Refused("callback_forbidden", str(error)) from error
        except OutgoingFailed as error:
            raise Transient("callback_unreachable", str(error)) from error
        return HttpAnswer(status=answer.status, body=answer.body)


class OutgoingGateway:
    """Calls the gateway for text messages by the guarded client."""

    def __init__(self, *, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def call(self, request: SmsRequest) -> Answer:
        """Return the answer; Transient where none came, Refused where this address may never be called."""
        try:
            return await self._outgoing.send(request.method, request.url, headers=request.headers, body=request.body)
        except OutgoingRefused as error:
            raise Refused("sms_gateway_forbidden", str(error)) from error
        except OutgoingFailed as error:
            raise Transient("sms_gateway_away", str(error)) from error


class OutgoingKeys:
    """Fetches the key sets of clients by the guarded client."""

    def __init__(self, *, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def fetch(self, url: str) -> bytes:
        """Return the body of a 200; KeysNotThere says why there is none."""
        try:
            answer = await self._outgoing.send("GET", url, headers={"accept": "application/json"})
        except (OutgoingRefused, OutgoingFailed) as error:
            raise KeysNotThere(str(error)) from error
        if answer.status != 200:
            raise KeysNotThere(f"expected 200, found {answer.status}")
        return answer.body


class OutgoingNotifications:
    """Calls the notification endpoints of clients by the guarded client."""

    def __init__(self, *, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def post(self, url: str, *, token: str, body: bytes) -> int:
        """Return the answer's status; Transient where none came, Refused where this address may never be called."""
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        try:
            answer = await self._outgoing.send("POST", url, headers=headers, body=body)
        except OutgoingRefused as error:
            raise Refused("endpoint_forbidden", str(error)) from error
        except OutgoingFailed as error:
            raise Transient("endpoint_away", str(error)) from error
        return answer.status

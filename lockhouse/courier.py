"""Carries what executors and channels send by HTTP; implements `AssertionCourier` and `HttpGateway`."""

from collections.abc import Mapping
from urllib.parse import urlencode

from engine import Refused, Transient
from executors.assertion_post import HttpAnswer
from executors.channels.sms import SmsRequest
from lockhouse.outgoing import Answer, Outgoing, OutgoingFailed, OutgoingRefused

__all__ = ["OutgoingCourier", "OutgoingGateway"]

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

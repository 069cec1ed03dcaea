"""The HTTP side of the device grant: where a device asks for a code."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine import Clock
from engine.storage import Database
from protocols.oauth2 import ClientProofs
from protocols.oauth2.endpoints import answering, json_response, read_form, read_proof
from protocols.oauth2_device.initiation import DeviceInitiation, DeviceNames

__all__ = ["DeviceEndpoints"]


class DeviceEndpoints:
    """``/oauth2/device_authorization``."""

    def __init__(self, *, initiation: DeviceInitiation, proofs: ClientProofs, database: Database, clock: Clock) -> None:
        self._initiation, self._proofs = initiation, proofs
        self._database, self._clock = database, clock

    def routes(self) -> list[Route]:
        """Return the routes (RFC 8628 section 3.1)."""
        return [Route("/oauth2/device_authorization", answering(self.authorize), methods=["POST"])]

    async def authorize(self, request: Request) -> Response:
        """Give a device a code to show, and one to poll with."""
        now, names = self._clock.now(), DeviceNames.fresh()
        form = await read_form(request)
        shown = await read_proof(request, form, self._proofs, now)
        told = await self._database.run(lambda unit: self._initiation.take(unit, form, shown, names, now=now))
        return json_response(told)

"""Puts the device grant together: from what the server is made of to its route, its grant and its page for codes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.routing import BaseRoute

from engine.storage import Keyring, Unit
from lockhouse.code_flow import authorization_tokens
from lockhouse.installation import Installation
from protocols.oauth2 import Grant
from protocols.oauth2.client_registration import DEVICE_GRANT
from protocols.oauth2.sign_ins import SignIns
from protocols.oauth2_ciba import Ciba
from protocols.oauth2_device import DeviceGrant, DeviceInitiation, TypedCodes, forget_requests
from protocols.oauth2_device.endpoints import DeviceEndpoints

__all__ = ["DeviceCodes", "DeviceFlow", "device_flow"]


class DeviceCodes:
    """What the gate's page for codes asks."""

    def __init__(self, *, keyring: Keyring) -> None:
        self._typed = TypedCodes(keyring=keyring)

    def lead(self, unit: Unit, text: str, *, link: str, now: datetime) -> str:
        """Have *link* lead to the request of the code; return ``found``, ``wrong`` or ``too_many``."""
        return self._typed.take(unit, text, link=link, now=now).name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFlow:
    """What the application serves of it."""

    codes: DeviceCodes
    grants: Mapping[str, Grant]
    routes: Sequence[BaseRoute]
    sweep: Callable[[], Awaitable[int]]


def device_flow(installation: Installation, *, ciba: Ciba, sign_ins: SignIns) -> DeviceFlow:
    """Return the device grant beside *ciba*, with which it shares clients, keys and the form of tokens."""
    database, clock, records, settings = installation.database, installation.clock, ciba.records, ciba.settings
    grant = DeviceGrant(database=database, clients=records.clients, tokens=authorization_tokens(ciba))
    endpoints = DeviceEndpoints(
        initiation=DeviceInitiation(sign_ins=sign_ins, clients=records.clients, interval=settings.interval),
        proofs=ciba.proofs,
        database=database,
        clock=clock,
    )
    keep = sign_ins.settings.keep

    async def sweep() -> int:
        now = clock.now()
        return await database.run(lambda unit: forget_requests(unit, before=now - keep))

    return DeviceFlow(
        codes=DeviceCodes(keyring=records.keyring),
        grants={DEVICE_GRANT: grant},
        routes=endpoints.routes(),
        sweep=sweep,
    )

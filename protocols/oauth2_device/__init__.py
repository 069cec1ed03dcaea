"""The device grant (RFC 8628): thin, on the flow ``device_approval``.

The HTTP side is ``protocols.oauth2_device.endpoints``; the page for codes is the gate's.
"""

from protocols.oauth2_device.initiation import DeviceInitiation
from protocols.oauth2_device.redemption import DeviceGrant
from protocols.oauth2_device.requests import forget_requests
from protocols.oauth2_device.tables import DEVICE_TABLES
from protocols.oauth2_device.typed_codes import TypedCodes

__all__ = ["DEVICE_TABLES", "DeviceGrant", "DeviceInitiation", "TypedCodes", "forget_requests"]

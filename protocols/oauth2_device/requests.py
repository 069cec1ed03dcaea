"""What the device grant keeps beside an authorization."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from engine.storage import Keyring, Unit, from_micros, to_micros
from protocols.oauth2 import hash_of
from protocols.oauth2.pace import Pace
from protocols.oauth2_device.tables import REQUESTS

__all__ = [
    "DeviceRequest",
    "NewDeviceRequest",
    "by_device_code",
    "forget_requests",
    "insert_request",
    "request_id_of",
    "set_pace",
]

_R = REQUESTS.c
_INSERT = insert(REQUESTS)
_BY_DEVICE_CODE = select(REQUESTS).where(_R.device_code_hash == bindparam("hashed")).with_for_update()
_BY_USER_CODE = select(_R.request_id).where(_R.user_code_hash == bindparam("hashed"))
# The only statement of a poll: it names the polling columns and no others.
_SET_PACE = (
    update(REQUESTS)
    .where(_R.request_id == bindparam("which"))
    .values(
        poll_interval=bindparam("new_interval"),
        last_poll_at=bindparam("new_last"),
        raised_at=bindparam("new_raised"),
        early_polls=bindparam("new_early"),
    )
)
_OLD = select(_R.request_id).where(_R.expires_at <= bindparam("before")).limit(200)
_FORGET = delete(REQUESTS).where(_R.request_id.in_(_OLD))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeviceRequest:
    """A request about to be stored."""

    request_id: str
    device_code: str = field(repr=False)
    user_code: str = field(repr=False)
    interval: timedelta
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest:
    """A request as a poll finds it."""

    request_id: str
    pace: Pace


def insert_request(unit: Unit, new: NewDeviceRequest, *, keyring: Keyring) -> None:
    """Store *new*."""
    row = {
        "request_id": new.request_id,
        "device_code_hash": hash_of(new.device_code),
        "user_code_hash": _keyed(keyring, new.user_code),
        "expires_at": to_micros(new.expires_at),
        "poll_interval": int(new.interval.total_seconds()),
        "early_polls": 0,
    }
    unit.execute(_INSERT, row)


def by_device_code(unit: Unit, device_code: str) -> DeviceRequest | None:
    """Return the request of *device_code*, locked until the unit ends."""
    row: Any = unit.execute(_BY_DEVICE_CODE, {"hashed": hash_of(device_code)}).first()
    if row is None:
        return None
    pace = Pace(
        interval=timedelta(seconds=row.poll_interval),
        last_at=from_micros(row.last_poll_at),
        raised_at=from_micros(row.raised_at),
        early=row.early_polls,
    )
    return DeviceRequest(request_id=row.request_id, pace=pace)


def request_id_of(unit: Unit, user_code: str, *, keyring: Keyring) -> str | None:
    """Return the request that *user_code* was shown for."""
    found: str | None = unit.execute(_BY_USER_CODE, {"hashed": _keyed(keyring, user_code)}).scalar()
    return found


def set_pace(unit: Unit, request_id: str, pace: Pace) -> None:
    """Store how the device polls."""
    unit.execute(
        _SET_PACE,
        {
            "which": request_id,
            "new_interval": int(pace.interval.total_seconds()),
            "new_last": to_micros(pace.last_at),
            "new_raised": to_micros(pace.raised_at),
            "new_early": pace.early,
        },
    )


def forget_requests(unit: Unit, *, before: datetime) -> int:
    """Delete what ran out before *before*, at most 200 of them; return how many."""
    return unit.execute(_FORGET, {"before": to_micros(before)}).rowcount


def _keyed(keyring: Keyring, user_code: str) -> bytes:
    return keyring.mac("oauth2_device.user_code", user_code)

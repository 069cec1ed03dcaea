"""The record of a backchannel request: how it is stored and found. Its ``status`` is written by ``moves`` alone."""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from engine.storage import Keyring, Place, Unit, from_micros, to_micros
from protocols.oauth2.confirmations import Confirmation, stored_confirmation
from protocols.oauth2.pace import Pace
from protocols.oauth2_ciba.states import PUSH, State
from protocols.oauth2_ciba.tables import REQUESTS

_R = REQUESTS.c
_GRACE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it stood when it was read."""

    request_id: str
    client_id: str
    user_id: str
    delivery_mode: str
    scopes: tuple[str, ...]
    status: State
    reason: str | None
    created_at: datetime
    expires_at: datetime
    redeem_by: datetime
    pace: Pace
    flow_execution_id: str
    login_execution_id: str | None
    flow_digest: str | None
    acr_values: str | None
    resources: tuple[str, ...]
    hint_unverified: bool
    decoy: bool
    granted: tuple[str, ...]
    methods: tuple[str, ...]
    auth_time: datetime | None
    redeemed_at: datetime | None
    grant_id: str | None
    confirmation: Confirmation | None
    binding_message: bytes | None = field(repr=False)
    answer: bytes | None = field(repr=False)
    answer_key: bytes | None = field(repr=False)
    sealed_auth_req_id: bytes | None = field(repr=False)
    sealed_notification_token: bytes | None = field(repr=False)

    @property
    def pending(self) -> bool:
        """Whether it waits for a decision, as far as its row knows."""
        return self.status is State.PENDING

    def state_at(self, now: datetime) -> State:
        """Return the state that counts at *now*: what has run out is expired, whether or not the sweep has come by."""
        if self.status is State.PENDING and now >= self.expires_at:
            return State.EXPIRED
        if self.status is State.APPROVED and self.delivery_mode != PUSH and now >= self.redeem_by:
            return State.EXPIRED
        return self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """The random names of one request, made before its unit. What the client and the person hold is never stored."""

    request_id: str
    auth_req_id: str = field(repr=False)
    link: str = field(repr=False)
    execution: str

    @classmethod
    def fresh(cls) -> "Ids":
        """Return new names: 32 random bytes for what is held outside.

        Those that are keys of rows begin with the time, so that rows of one moment are neighbours in every index: a
        batch of requests then changes a few pages and not one for each.
        """
        prefix = f"{time.time_ns() // 1_000_000:012x}"
        # One call of the system for all four: at each, this thread may have to wait for the one that writes.
        noise = secrets.token_bytes(100)
        return cls(
            request_id=prefix + _token(noise[:18]),
            auth_req_id=_token(noise[18:50]),
            link=_token(noise[50:82]),
            execution=prefix + _token(noise[82:]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A request about to be stored, pending."""

    ids: Ids
    client_id: str
    user_id: str
    delivery_mode: str
    scopes: tuple[str, ...]
    acr_values: str | None
    binding_message: str | None
    interval: timedelta
    expires_in: timedelta
    # the version of the journey that the request runs on; None where a login attempt brings its own
    flow_digest: str | None = None
    resources: tuple[str, ...] = ()
    # of ping and push clients; the auth_req_id is kept, sealed, with it
    notification_token: str | None = field(default=None, repr=False)
    hint_unverified: bool = False
    decoy: bool = False
    # what the tokens of a push client are bound to; others show it when they come for them
    confirmation: Confirmation | None = None


def _token(noise: bytes) -> str:
    return base64.urlsafe_b64encode(noise).rstrip(b"=").decode()


def digest(token: str) -> bytes:
    """Return what is stored of a random token that somebody else holds."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def redeem_by(expires_at: datetime, interval: timedelta) -> datetime:
    """Return until when an approval can be collected: an approval in the last moment still can."""
    return expires_at + min(2 * interval, _GRACE)


_INSERT = insert(REQUESTS)
_BY_AUTH_REQ_ID = select(REQUESTS).where(_R.auth_req_id_hash == bindparam("hashed")).with_for_update()
_BY_LINK = select(REQUESTS).where(_R.link_hash == bindparam("hashed"))
_BY_LINK_LOCKED = _BY_LINK.with_for_update()
_BY_ID = select(REQUESTS).where(_R.request_id == bindparam("which"))
_BY_ID_LOCKED = _BY_ID.with_for_update()
# The only statement of a poll: it names the polling columns and no others.
_SET_PACE = (
    update(REQUESTS)
    .where(_R.request_id == bindparam("which"), _R.status == State.PENDING.value)
    .values(
        poll_interval=bindparam("new_interval"),
        last_poll_at=bindparam("new_last"),
        raised_at=bindparam("new_raised"),
        early_polls=bindparam("new_early"),
    )
)


def insert_request(unit: Unit, new: NewRequest, *, keyring: Keyring, now: datetime) -> None:
    """Store *new* as pending."""
    expires_at = now + new.expires_in
    message, row = new.binding_message, new.ids.request_id
    unit.execute(
        _INSERT,
        {
            "request_id": row,
            "auth_req_id_hash": digest(new.ids.auth_req_id),
            "link_hash": digest(new.ids.link),
            "client_id": new.client_id,
            "user_id": new.user_id,
            "delivery_mode": new.delivery_mode,
            "scope": " ".join(new.scopes),
            "acr_values": new.acr_values,
            "binding_message": None if message is None else keyring.seal(message_place(row), message.encode()),
            "binding_message_hash": None if message is None else keyring.mac("ciba.binding_message", row, message),
            "auth_req_id": _sealed(keyring, new, "auth_req_id", new.ids.auth_req_id),
            "notification_token": _sealed(keyring, new, "notification_token", new.notification_token),
            "resources": json.dumps(new.resources),
            "hint_unverified": int(new.hint_unverified),
            "decoy": int(new.decoy),
            "confirmation": None if new.confirmation is None else new.confirmation.as_stored(),
            "flow_execution_id": new.ids.execution,
            "flow_digest": new.flow_digest,
            "status": State.PENDING.value,
            "created_at": to_micros(now),
            "expires_at": to_micros(expires_at),
            "redeem_by": to_micros(redeem_by(expires_at, new.interval)),
            "due_at": to_micros(expires_at),
            "poll_interval": int(new.interval.total_seconds()),
            "early_polls": 0,
        },
    )


def by_auth_req_id(unit: Unit, auth_req_id: str) -> Request | None:
    """Return the request of this auth_req_id, locked until the unit ends."""
    return _request(unit.execute(_BY_AUTH_REQ_ID, {"hashed": digest(auth_req_id)}).first())


def by_link(unit: Unit, link: str, *, lock: bool = False) -> Request | None:
    """Return the request that this link belongs to."""
    return _request(unit.execute(_BY_LINK_LOCKED if lock else _BY_LINK, {"hashed": digest(link)}).first())


def by_id(unit: Unit, request_id: str, *, lock: bool = False) -> Request | None:
    """Return the request of this id."""
    return _request(unit.execute(_BY_ID_LOCKED if lock else _BY_ID, {"which": request_id}).first())


def set_pace(unit: Unit, request_id: str, pace: Pace) -> None:
    """Store how the client polls; a request that is no longer pending stays as it is."""
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


def read_message(keyring: Keyring, request: Request) -> str | None:
    """Return the binding message exactly as it was sent."""
    if request.binding_message is None:
        return None
    return keyring.open(message_place(request.request_id), request.binding_message).decode()


def notification_token_of(keyring: Keyring, request: Request) -> str | None:
    """Return the bearer token that the client wants to be told with; it is erased at a final state."""
    return _opened(keyring, request.request_id, "notification_token", request.sealed_notification_token)


def auth_req_id_of(keyring: Keyring, request: Request) -> str | None:
    """Return the auth_req_id of a ping or push client's request; it is erased at a final state."""
    return _opened(keyring, request.request_id, "auth_req_id", request.sealed_auth_req_id)


def _sealed(keyring: Keyring, new: NewRequest, column: str, text: str | None) -> bytes | None:
    if text is None or new.notification_token is None:
        return None
    return keyring.seal(Place(REQUESTS.name, column, new.ids.request_id), text.encode())


def _opened(keyring: Keyring, request_id: str, column: str, sealed: bytes | None) -> str | None:
    return None if sealed is None else keyring.open(Place(REQUESTS.name, column, request_id), sealed).decode()


def message_place(request_id: str) -> Place:
    """Return where the binding message of a request is sealed for."""
    return Place(REQUESTS.name, "binding_message", request_id)


def _request(row: Any) -> Request | None:
    return None if row is None else request_of_row(row)


def request_of_row(row: Any) -> Request:
    """Return the request in a whole *row* of the table."""
    return Request(
        request_id=row.request_id,
        client_id=row.client_id,
        user_id=row.user_id,
        delivery_mode=row.delivery_mode,
        scopes=tuple(row.scope.split(" ")),
        status=State(row.status),
        reason=row.reason,
        created_at=from_micros(row.created_at),
        expires_at=from_micros(row.expires_at),
        redeem_by=from_micros(row.redeem_by),
        pace=_pace(row),
        flow_execution_id=row.flow_execution_id,
        login_execution_id=row.login_execution_id,
        flow_digest=row.flow_digest,
        acr_values=row.acr_values,
        resources=_names(row.resources),
        hint_unverified=bool(row.hint_unverified),
        decoy=bool(row.decoy),
        granted=_names(row.granted),
        methods=_names(row.methods),
        auth_time=from_micros(row.auth_time),
        redeemed_at=from_micros(row.redeemed_at),
        grant_id=row.grant_id,
        confirmation=stored_confirmation(row.confirmation),
        binding_message=row.binding_message,
        answer=row.answer,
        answer_key=row.answer_key,
        sealed_auth_req_id=row.auth_req_id,
        sealed_notification_token=row.notification_token,
    )


def _pace(row: Any) -> Pace:
    return Pace(
        interval=timedelta(seconds=row.poll_interval),
        last_at=from_micros(row.last_poll_at),
        raised_at=from_micros(row.raised_at),
        early=row.early_polls,
    )


def _names(text: str | None) -> tuple[str, ...]:
    return () if text is None else tuple(json.loads(text))

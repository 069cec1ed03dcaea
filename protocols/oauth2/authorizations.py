"""What somebody is asked in their own browser: the record that the code grant and the device grant share.

Each change is one conditional UPDATE that names the status it leaves, so no writer can undo what another one did.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, bindparam, delete, insert, or_, select, update

from engine.storage import Keyring, Place, Unit, from_micros, to_micros
from protocols.oauth2.hashing import hash_of
from protocols.oauth2.tables import AUTHORIZATIONS
from protocols.oauth2.tokens import Approval

__all__ = [
    "Authorization",
    "NewAuthorization",
    "Status",
    "approve",
    "authorization_by_execution",
    "authorization_by_id",
    "authorization_by_link",
    "claim",
    "close",
    "forget_authorizations",
    "insert_authorization",
    "put_link",
    "read_login_hint",
    "read_message",
    "reserve",
    "use",
]

_A = AUTHORIZATIONS.c


class Status(StrEnum):
    """Where an authorization stands. All but the first two are final."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    FAILED = "failed"
    EXPIRED = "expired"
    REDEEMED = "redeemed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """One record as it stood when it was read. ``user_id`` is empty until somebody has proved who they are."""

    request_id: str
    client_id: str
    flow: str
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    status: Status
    created_at: datetime
    expires_at: datetime
    user_id: str
    execution: str | None
    flow_digest: str | None
    granted: tuple[str, ...]
    methods: tuple[str, ...]
    auth_time: datetime | None
    assertion: bytes | None
    grant_id: str | None
    expected_user: str | None
    login_hint: bytes | None = field(repr=False)
    message: bytes | None = field(repr=False)

    def approval(self, *, acr: str | None) -> Approval:
        """Return what was approved, as tokens tell of it."""
        return Approval(
            user_id=self.user_id,
            client_id=self.client_id,
            scopes=self.granted,
            auth_time=self.auth_time or self.created_at,
            methods=self.methods,
            acr=acr,
            resources=self.resources,
        )

    @property
    def login_execution_id(self) -> str | None:
        """The execution in which somebody has proved who they are."""
        return self.execution if self.user_id else None

    @property
    def pending(self) -> bool:
        """Whether it waits for a decision, as far as its row knows."""
        return self.status is Status.PENDING

    def status_at(self, now: datetime) -> Status:
        """Return the status that counts at *now*, whether or not the sweep has come by."""
        return Status.EXPIRED if self.pending and now >= self.expires_at else self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAuthorization:
    """An authorization about to be stored, pending. ``link`` is the token that its page is found by.

    ``flow`` is what the person goes through, ``message`` is what the person compares with what they see elsewhere.
    """

    request_id: str
    link: str
    client_id: str
    flow: str
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    expires_at: datetime
    login_hint: str | None = field(default=None, repr=False)
    expected_user: str | None = None
    message: str | None = field(default=None, repr=False)


_WHICH, _NOW = _A.authorization_id == bindparam("which"), bindparam("at_now", type_=BigInteger)
_OPEN = (_WHICH, _A.status == Status.PENDING.value, _A.expires_at > _NOW)
_INSERT = insert(AUTHORIZATIONS)
_BY_LINK = select(AUTHORIZATIONS).where(_A.link_hash == bindparam("hashed"))
_BY_ID = select(AUTHORIZATIONS).where(_WHICH)
_BY_EXECUTION = select(AUTHORIZATIONS).where(_A.execution == bindparam("mine"))
_BY_LINK_LOCKED, _BY_ID_LOCKED = _BY_LINK.with_for_update(), _BY_ID.with_for_update()
_BY_EXECUTION_LOCKED = _BY_EXECUTION.with_for_update()
_PUT_LINK = update(AUTHORIZATIONS).where(*_OPEN, _A.user_id.is_(None)).values(link_hash=bindparam("new_link"))
_RESERVE = (
    update(AUTHORIZATIONS)
    .where(*_OPEN, _A.user_id.is_(None))
    .values(execution=bindparam("new_execution"), flow_digest=bindparam("new_digest"))
)
_CLAIM = (
    update(AUTHORIZATIONS)
    .where(
        *_OPEN,
        _A.execution == bindparam("mine"),
        or_(_A.user_id.is_(None), _A.user_id == bindparam("person")),
        or_(_A.expected_user.is_(None), _A.expected_user == bindparam("person")),
    )
    .values(user_id=bindparam("person"))
)
_APPROVE = (
    update(AUTHORIZATIONS)
    .where(*_OPEN)
    .values(
        status=Status.APPROVED.value,
        granted=bindparam("new_granted"),
        methods=bindparam("new_methods"),
        auth_time=bindparam("new_auth_time"),
        assertion=bindparam("new_assertion"),
    )
)
_CLOSE = update(AUTHORIZATIONS).where(_WHICH, _A.status == bindparam("leaving")).values(status=bindparam("new_status"))
_USE = (
    update(AUTHORIZATIONS)
    .where(_WHICH, _A.status == Status.APPROVED.value)
    .values(status=Status.REDEEMED.value, grant_id=bindparam("new_grant"))
)
_OLD = select(_A.authorization_id).where(_A.expires_at <= bindparam("before")).limit(200)
_FORGET = delete(AUTHORIZATIONS).where(_A.authorization_id.in_(_OLD))


def insert_authorization(unit: Unit, new: NewAuthorization, *, keyring: Keyring, now: datetime) -> None:
    """Store *new* as pending."""
    unit.execute(
        _INSERT,
        {
            "authorization_id": new.request_id,
            "link_hash": hash_of(new.link),
            "client_id": new.client_id,
            "flow": new.flow,
            "scope": " ".join(new.scopes),
            "resources": json.dumps(new.resources),
            "status": Status.PENDING.value,
            "created_at": to_micros(now),
            "expires_at": to_micros(new.expires_at),
            "login_hint": _seal(keyring, new.request_id, "login_hint", new.login_hint),
            "message": _seal(keyring, new.request_id, "message", new.message),
            "expected_user": new.expected_user,
        },
    )


def authorization_by_link(unit: Unit, link: str, *, lock: bool = False) -> Authorization | None:
    """Return the authorization whose page *link* leads to."""
    return _read(unit.execute(_BY_LINK_LOCKED if lock else _BY_LINK, {"hashed": hash_of(link)}).first())


def authorization_by_id(unit: Unit, request_id: str, *, lock: bool = False) -> Authorization | None:
    """Return the authorization of this id."""
    return _read(unit.execute(_BY_ID_LOCKED if lock else _BY_ID, {"which": request_id}).first())


def authorization_by_execution(unit: Unit, execution: str) -> Authorization | None:
    """Return the authorization that *execution* is the attempt at, locked until the unit ends."""
    return _read(unit.execute(_BY_EXECUTION_LOCKED, {"mine": execution}).first())


def put_link(unit: Unit, request_id: str, link: str, *, now: datetime) -> bool:
    """Have *link* lead to it from now on, and no other; False where somebody is at it already, or it is over."""
    params = {"which": request_id, "at_now": to_micros(now), "new_link": hash_of(link)}
    return unit.execute(_PUT_LINK, params).rowcount == 1


def reserve(unit: Unit, request_id: str, *, execution: str, flow_digest: str, now: datetime) -> bool:
    """Make *execution* the one attempt at it; False where somebody has proved who they are already, or it is over."""
    params = {"which": request_id, "at_now": to_micros(now), "new_execution": execution, "new_digest": flow_digest}
    return unit.execute(_RESERVE, params).rowcount == 1


def claim(unit: Unit, *, execution: str, correlation: str, subject: str, now: datetime) -> bool:
    """Note that *subject* has proved who they are in *execution*; False where that is not its attempt any more."""
    params = {"which": correlation, "at_now": to_micros(now), "mine": execution, "person": subject}
    return unit.execute(_CLAIM, params).rowcount == 1


def approve(
    unit: Unit,
    request_id: str,
    *,
    granted: tuple[str, ...],
    methods: tuple[str, ...],
    auth_time: float,
    assertion: bytes,
    now: datetime,
) -> bool:
    """Move it from pending to approved; return whether it moved. *auth_time* is in seconds."""
    params = {
        "which": request_id,
        "at_now": to_micros(now),
        "new_granted": json.dumps(granted),
        "new_methods": json.dumps(methods),
        "new_auth_time": int(auth_time * 1_000_000),
        "new_assertion": assertion,
    }
    return unit.execute(_APPROVE, params).rowcount == 1


def close(unit: Unit, request_id: str, to: Status, *, leaving: Status = Status.PENDING) -> bool:
    """Move it from *leaving* to a final status; return whether it moved."""
    params = {"which": request_id, "leaving": leaving.value, "new_status": to.value}
    return unit.execute(_CLOSE, params).rowcount == 1


def use(unit: Unit, request_id: str, *, grant_id: str) -> bool:
    """Move it from approved to redeemed, for *grant_id*; return whether it moved: of two, one does."""
    return unit.execute(_USE, {"which": request_id, "new_grant": grant_id}).rowcount == 1


def forget_authorizations(unit: Unit, *, before: datetime) -> int:
    """Delete what ran out before *before*, at most 200 of them; return how many."""
    return unit.execute(_FORGET, {"before": to_micros(before)}).rowcount


def read_login_hint(keyring: Keyring, found: Authorization) -> str | None:
    """Return the name that the client thinks somebody will sign in with."""
    return _open(keyring, found.request_id, "login_hint", found.login_hint)


def read_message(keyring: Keyring, found: Authorization) -> str | None:
    """Return what the person compares with what they see elsewhere."""
    return _open(keyring, found.request_id, "message", found.message)


def _seal(keyring: Keyring, request_id: str, column: str, text: str | None) -> bytes | None:
    return None if text is None else keyring.seal(Place(AUTHORIZATIONS.name, column, request_id), text.encode())


def _open(keyring: Keyring, request_id: str, column: str, sealed: bytes | None) -> str | None:
    return None if sealed is None else keyring.open(Place(AUTHORIZATIONS.name, column, request_id), sealed).decode()


def _read(row: Any) -> Authorization | None:
    if row is None:
        return None
    return Authorization(
        request_id=row.authorization_id,
        client_id=row.client_id,
        flow=row.flow,
        scopes=tuple(row.scope.split(" ")),
        resources=tuple(json.loads(row.resources)),
        status=Status(row.status),
        created_at=from_micros(row.created_at),
        expires_at=from_micros(row.expires_at),
        user_id=row.user_id or "",
        execution=row.execution,
        flow_digest=row.flow_digest,
        granted=tuple(json.loads(row.granted or "[]")),
        methods=tuple(json.loads(row.methods or "[]")),
        auth_time=from_micros(row.auth_time),
        assertion=row.assertion,
        grant_id=row.grant_id,
        expected_user=row.expected_user,
        login_hint=row.login_hint,
        message=row.message,
    )

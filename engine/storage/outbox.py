"""Outgoing messages: stored with what caused them, sent later by any process, never lost in silence.

A row is ``queued`` until it is ``delivered``, ``undeliverable`` (the recipient's side said no), ``withdrawn``, or
``dead`` (given up; a person can see it and send it again) or ``dropped``. What is done with keeps no payload, a dead
one does. Who sends holds a lease; its epoch fences whoever sent before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select, update

from engine.storage.claiming import claim, is_free, lease_end
from engine.storage.forgetting import older
from engine.storage.sealing import Keyring, Place
from engine.storage.statements import insert_or_ignore
from engine.storage.tables import outbox as table
from engine.storage.times import database_now, from_micros, span_micros, to_micros
from engine.storage.unit import Unit

Final = Literal["delivered", "undeliverable", "dead"]
OUTBOX_STATUSES = ("queued", "delivered", "undeliverable", "withdrawn", "dead", "dropped")

_IS_QUEUED: ColumnElement[bool] = literal_column("status = 'queued'")
_IS_DEAD: ColumnElement[bool] = literal_column("status = 'dead'")
_INSERT = insert_or_ignore(table)
_LOCK = select(table).where(table.c.id == bindparam("id")).with_for_update()
_CLAIM = claim(
    table,
    _IS_QUEUED,
    table.c.due_at <= bindparam("now"),
    is_free(table),
    order=table.c.due_at,
    also={"attempts": table.c.attempts + 1},
)
_HELD = (table.c.id == bindparam("b_id"), table.c.lease_epoch == bindparam("b_epoch"), _IS_QUEUED)
_RENEW = update(table).where(*_HELD, table.c.lease_until > database_now()).values(lease_until=lease_end())
_DONE: dict[str, Any] = {"done_at": bindparam("now"), "lease_until": None}
_FINISH = (
    update(table).where(*_HELD).values(status=bindparam("final"), last_error=bindparam("error"), payload=None, **_DONE)
)
_BURY = update(table).where(*_HELD).values(status="dead", last_error=bindparam("error"), **_DONE)
_RESCHEDULE = (
    update(table).where(*_HELD).values(due_at=bindparam("new_due_at"), last_error=bindparam("error"), lease_until=None)
)
_WITHDRAW = (
    update(table)
    .where(table.c.task_key == bindparam("b_task_key"), _IS_QUEUED)
    .values(status="withdrawn", payload=None, **_DONE)
)
_DEAD = select(table).where(_IS_DEAD).order_by(table.c.done_at).limit(bindparam("limit"))
_FIND = select(table).where(table.c.id == bindparam("id"))
_NEWEST = (
    select(table)
    .where(table.c.status.in_(bindparam("statuses", expanding=True)))
    .order_by(table.c.created_at.desc(), table.c.id)
    .limit(bindparam("limit"))
)
_RETRY = (
    update(table)
    .where(table.c.id == bindparam("b_id"), _IS_DEAD)
    .values(status="queued", due_at=bindparam("now"), attempts=0, done_at=None, give_up_at=None)
)
_DROP = update(table).where(table.c.id == bindparam("b_id"), _IS_DEAD).values(status="dropped", payload=None, **_DONE)
_NEXT = select(func.min(table.c.due_at)).where(_IS_QUEUED)
_FORGET = older(table, table.c.done_at, table.c.done_at.is_not(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """One row, as it was read. ``sealed`` is opened by ``Outbox.open_payload``; None once the message is done with."""

    id: str
    task_key: str
    execution: str
    sender: str
    status: str
    sealed: bytes | None = field(repr=False)
    delivered: str | None
    undeliverable: str | None
    give_up_at: datetime | None
    due_at: datetime
    lease_epoch: int
    attempts: int
    last_error: str | None
    created_at: datetime
    done_at: datetime | None


class Outbox:
    """What may be done to the rows, with the keys that their payloads are sealed under."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def enqueue(
        self,
        unit: Unit,
        *,
        id: str,  # noqa: A002 - the column's name
        task_key: str,
        execution: str,
        sender: str,
        payload: bytes,
        now: datetime,
        delivered: str | None = None,
        undeliverable: str | None = None,
        give_up_at: datetime | None = None,
    ) -> bool:
        """Queue a message that is due *now*; return False where *id* is known: it was queued before."""
        row = {
            "id": id,
            "task_key": task_key,
            "execution": execution,
            "sender": sender,
            "status": "queued",
            "payload": self._keyring.seal(_place(id), payload),
            "delivered": delivered,
            "undeliverable": undeliverable,
            "give_up_at": to_micros(give_up_at),
            "due_at": to_micros(now),
            "lease_until": None,
            "lease_epoch": 0,
            "attempts": 0,
            "last_error": None,
            "created_at": to_micros(now),
            "done_at": None,
        }
        return unit.execute(_INSERT, row).first() is not None

    def claim_due(self, unit: Unit, *, now: datetime, limit: int, lease: timedelta) -> tuple[OutgoingMessage, ...]:
        """Lease up to *limit* messages that are due and that nobody holds; each claim counts as an attempt."""
        params = {"now": to_micros(now), "limit": limit, "lease": span_micros(lease)}
        return tuple(map(_message, unit.execute(_CLAIM, params)))

    def lock(self, unit: Unit, id: str) -> OutgoingMessage | None:  # noqa: A002 - the column's name
        """Return the row, locked until the unit ends. Lock the execution first."""
        row = unit.execute(_LOCK, {"id": id}).first()
        return None if row is None else _message(row)

    def open_payload(self, message: OutgoingMessage) -> bytes:
        """Return what is to be sent; raise SealBroken where it cannot be opened or is no longer there."""
        return self._keyring.open(_place(message.id), message.sealed or b"")

    def renew(self, unit: Unit, message: OutgoingMessage, *, lease: timedelta) -> bool:
        """Make the lease last from now, if it has not ended or been taken and the message not been withdrawn."""
        return unit.execute(_RENEW, {**_held(message), "lease": span_micros(lease)}).rowcount == 1

    def finish(
        self, unit: Unit, message: OutgoingMessage, *, status: Final, now: datetime, error: str | None = None
    ) -> bool:
        """Record how sending ended, unless the message was withdrawn, finished or claimed by another since.

        *error* is a code, never a server's text. A ``dead`` message keeps its payload, so that it can be sent again.
        """
        params = {**_held(message), "now": to_micros(now), "error": error}
        if status == "dead":
            return unit.execute(_BURY, params).rowcount == 1
        return unit.execute(_FINISH, {**params, "final": status}).rowcount == 1

    def reschedule(self, unit: Unit, message: OutgoingMessage, *, due_at: datetime, error: str) -> bool:
        """Have the message tried again at *due_at* (see ``backoff``), under the same conditions as ``finish``."""
        params = {**_held(message), "new_due_at": to_micros(due_at), "error": error}
        return unit.execute(_RESCHEDULE, params).rowcount == 1

    def withdraw(self, unit: Unit, *, task_key: str, now: datetime) -> int:
        """Stop every message of the task *task_key* that is not done; one that is being sent is not tried again."""
        return unit.execute(_WITHDRAW, {"b_task_key": task_key, "now": to_micros(now)}).rowcount

    def dead(self, unit: Unit, *, limit: int) -> tuple[OutgoingMessage, ...]:
        """Return messages that were given up, oldest first."""
        return tuple(map(_message, unit.execute(_DEAD, {"limit": limit})))

    def newest(
        self, unit: Unit, *, limit: int, statuses: Sequence[str] = OUTBOX_STATUSES
    ) -> tuple[OutgoingMessage, ...]:
        """Return messages that stand in one of *statuses*, newest first."""
        return tuple(map(_message, unit.execute(_NEWEST, {"statuses": list(statuses), "limit": limit})))

    def find(self, unit: Unit, id: str) -> OutgoingMessage | None:  # noqa: A002 - the column's name
        """Return one message for reading."""
        row = unit.execute(_FIND, {"id": id}).first()
        return None if row is None else _message(row)

    def retry(self, unit: Unit, id: str, *, now: datetime) -> bool:  # noqa: A002 - the column's name
        """Queue a dead message again, from the first attempt and without a time to give up."""
        return unit.execute(_RETRY, {"b_id": id, "now": to_micros(now)}).rowcount == 1

    def drop(self, unit: Unit, id: str, *, now: datetime) -> bool:  # noqa: A002 - the column's name
        """Give a dead message up for good and erase what it said."""
        return unit.execute(_DROP, {"b_id": id, "now": to_micros(now)}).rowcount == 1

    def next_due_at(self, unit: Unit) -> datetime | None:
        """Return when the next message is due, so that nobody need look before."""
        return from_micros(unit.execute(_NEXT).scalar())

    def forget(self, unit: Unit, *, before: datetime, limit: int) -> int:
        """Delete up to *limit* messages that were done with before *before*; return how many."""
        return unit.execute(_FORGET, {"before": to_micros(before), "limit": limit}).rowcount


def _held(message: OutgoingMessage) -> dict[str, Any]:
    return {"b_id": message.id, "b_epoch": message.lease_epoch}


def _place(id: str) -> Place:  # noqa: A002 - the column's name
    return Place("engine_outbox", "payload", id)


def _message(row: Any) -> OutgoingMessage:
    return OutgoingMessage(
        id=row.id,
        task_key=row.task_key,
        execution=row.execution,
        sender=row.sender,
        status=row.status,
        sealed=row.payload,
        delivered=row.delivered,
        undeliverable=row.undeliverable,
        give_up_at=from_micros(row.give_up_at),
        due_at=from_micros(row.due_at),
        lease_epoch=row.lease_epoch,
        attempts=row.attempts,
        last_error=row.last_error,
        created_at=from_micros(row.created_at),
        done_at=from_micros(row.done_at),
    )

"""The rows of executions: kept, locked, leased and found when they are due.

``revision`` changes only together with the sealed state; a lease changes by itself, and leases are judged by the
database's clock alone. Everything here is one conditional statement. What the state means is the runtime's matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, bindparam, func, insert, literal_column, select, update

from engine.storage.claiming import claim, is_free, lease_end
from engine.storage.forgetting import older
from engine.storage.sealing import Keyring, Place
from engine.storage.tables import executions as table
from engine.storage.times import database_now, from_micros, span_micros, to_micros
from engine.storage.unit import Unit

Status = Literal["ready", "running", "waiting", "ending", "ended", "broken"]

_INSERT = insert(table)
_FIND = select(table).where(table.c.id == bindparam("id"))
_LOCK = _FIND.with_for_update()
_LOCK_DEFERRED = select(table).where(table.c.deferred_key == bindparam("deferred_key")).with_for_update()
_IS_SAME = (
    table.c.id == bindparam("b_id"),
    table.c.revision == bindparam("b_revision"),
    table.c.lease_epoch == bindparam("b_epoch"),
)
_MARKS: dict[str, Any] = {
    name: bindparam(name) for name in ("status", "wake_at", "take_ups", "deferred_key", "end_failure", "ended_at")
}
_STATE: dict[str, Any] = {"state": bindparam("state"), "revision": table.c.revision + 1}
_LEASED: dict[str, Any] = {"lease_until": lease_end(), "lease_epoch": table.c.lease_epoch + 1}
_FREED: dict[str, Any] = {"lease_until": None}
_SAVE = update(table).where(*_IS_SAME).values(**_MARKS, **_STATE, **_FREED)
_SAVE_HELD = update(table).where(*_IS_SAME).values(**_MARKS, **_STATE)
_SAVE_LEASED = update(table).where(*_IS_SAME).values(**_MARKS, **_STATE, **_LEASED)
_REPIN = update(table).where(*_IS_SAME).values(**_STATE, digest=bindparam("new_digest"))
_TAKE = update(table).where(table.c.id == bindparam("b_id")).values(**_LEASED)
_MARK = update(table).where(*_IS_SAME).values(**_MARKS, **_FREED)
_HOLDS = (
    table.c.id == bindparam("b_id"),
    table.c.lease_epoch == bindparam("b_epoch"),
    table.c.lease_until.is_not(None),
)
_RENEW = update(table).where(*_HOLDS, table.c.lease_until > database_now()).values(lease_until=lease_end())
_RELEASE = update(table).where(*_HOLDS, table.c.status != "running").values(lease_until=None)
# The conditions are spelled as in the partial indexes: that is how the databases know them.
_CAN_WAKE: ColumnElement[bool] = literal_column("status IN ('ready', 'waiting', 'ending')")
_IS_RUNNING: ColumnElement[bool] = literal_column("status = 'running'")
_CLAIM_DUE = claim(
    table, _CAN_WAKE, table.c.wake_at <= bindparam("now"), is_free(table), order=table.c.wake_at, also={}
)
_CLAIM_ABANDONED = claim(
    table,
    _IS_RUNNING,
    table.c.lease_until <= database_now(),
    order=table.c.lease_until,
    also={"take_ups": table.c.take_ups + 1},
)
_NEXT = select(func.min(table.c.wake_at)).where(_CAN_WAKE)
_BROKEN = (
    select(table).where(literal_column("status = 'broken'")).order_by(table.c.started_at).limit(bindparam("limit"))
)
_LIVE = select(table.c.digest).distinct().where(table.c.ended_at.is_(None)).order_by(table.c.digest)
_FORGET = older(table, table.c.ended_at, table.c.ended_at.is_not(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One row, as it was read. ``sealed`` is opened by ``Executions.open_state``; all else can be read without keys."""

    id: str
    flow: str
    digest: str
    revision: int
    status: Status
    sealed: bytes = field(repr=False)
    on_end: str
    correlation: str
    lease_until: datetime | None
    lease_epoch: int
    take_ups: int
    wake_at: datetime | None
    deferred_key: str | None
    end_failure: str | None
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A row that this process may now act on until its lease ends, as long as it names ``epoch``."""

    id: str
    status: Status
    epoch: int
    take_ups: int


class Executions:
    """What may be done to the rows, with the keys that their states are sealed under."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def insert(
        self,
        unit: Unit,
        *,
        id: str,  # noqa: A002 - the column's name
        flow: str,
        digest: str,
        state: bytes,
        status: Status,
        on_end: str,
        correlation: str,
        started_at: datetime,
        wake_at: datetime | None = None,
        deferred_key: str | None = None,
        ended_at: datetime | None = None,
        lease: timedelta | None = None,
    ) -> None:
        """Store a new execution at revision 1. A ``ready`` one needs ``wake_at``, usually now.

        With *lease* it is then held by the caller under epoch 1. An id that is taken raises ConstraintViolated.
        """
        row = {
            "id": id,
            "flow": flow,
            "digest": digest,
            "revision": 1,
            "status": status,
            "state": self._keyring.seal(_place(id, 1, digest), state),
            "on_end": on_end,
            "correlation": correlation,
            "lease_until": None,
            "lease_epoch": 0,
            "take_ups": 0,
            "wake_at": to_micros(wake_at),
            "deferred_key": deferred_key,
            "end_failure": None,
            "started_at": to_micros(started_at),
            "ended_at": to_micros(ended_at),
        }
        unit.execute(_INSERT, row)
        if lease is not None:
            unit.execute(_TAKE, {"b_id": id, "lease": span_micros(lease)})

    def find(self, unit: Unit, id: str) -> Execution | None:  # noqa: A002 - the column's name
        """Return the row without locking it: for reading only."""
        return _first(unit.execute(_FIND, {"id": id}).first())

    def lock(self, unit: Unit, id: str) -> Execution | None:  # noqa: A002 - the column's name
        """Return the row, locked until the unit ends."""
        return _first(unit.execute(_LOCK, {"id": id}).first())

    def lock_deferred(self, unit: Unit, key: str) -> Execution | None:
        """Return the row whose deferred task has *key*, locked until the unit ends."""
        return _first(unit.execute(_LOCK_DEFERRED, {"deferred_key": key}).first())

    def open_state(self, row: Execution) -> bytes:
        """Return the state of *row*; raise SealBroken where it was altered, moved or sealed under a lost key."""
        return self._keyring.open(_place(row.id, row.revision, row.digest), row.sealed)

    def save(
        self,
        unit: Unit,
        row: Execution,
        *,
        state: bytes,
        status: Status,
        wake_at: datetime | None,
        deferred_key: str | None = None,
        lease: timedelta | None = None,
        keep_lease: bool = False,
        take_ups: int = 0,
        end_failure: str | None = None,
        ended_at: datetime | None = None,
    ) -> bool:
        """Store the next state of *row* as its next revision, unless the row has changed since it was read.

        With *lease* the caller holds it from now under ``row.lease_epoch + 1``; without, nobody does, unless
        *keep_lease* leaves it with whoever holds it.
        """
        sealed = self._keyring.seal(_place(row.id, row.revision + 1, row.digest), state)
        params = _params(
            row,
            status=status,
            wake_at=to_micros(wake_at),
            deferred_key=deferred_key,
            take_ups=take_ups,
            end_failure=end_failure,
            ended_at=to_micros(ended_at),
            state=sealed,
        )
        if lease is None:
            return unit.execute(_SAVE_HELD if keep_lease else _SAVE, params).rowcount == 1
        return unit.execute(_SAVE_LEASED, {**params, "lease": span_micros(lease)}).rowcount == 1

    def repin(self, unit: Unit, row: Execution, *, state: bytes, digest: str) -> bool:
        """Store the next state of *row* under another version of its flow, unless it has changed; all else stays."""
        sealed = self._keyring.seal(_place(row.id, row.revision + 1, digest), state)
        return unit.execute(_REPIN, _params(row, state=sealed, new_digest=digest)).rowcount == 1

    def mark(
        self,
        unit: Unit,
        row: Execution,
        *,
        status: Status,
        wake_at: datetime | None = None,
        take_ups: int = 0,
        end_failure: str | None = None,
        ended_at: datetime | None = None,
    ) -> bool:
        """Move *row* without touching its state or revision, and free it: for rows whose state does not open."""
        params = _params(
            row,
            status=status,
            wake_at=to_micros(wake_at),
            deferred_key=None,
            take_ups=take_ups,
            end_failure=end_failure,
            ended_at=to_micros(ended_at),
        )
        return unit.execute(_MARK, params).rowcount == 1

    def claim_due(self, unit: Unit, *, now: datetime, limit: int, lease: timedelta) -> tuple[Claim, ...]:
        """Lease up to *limit* rows that are due: woken by *now*, or running under a lease that has ended.

        Rows that another process holds or has locked are passed over. Each claim counts the epoch up; one of a
        running row is a take-up and counts ``take_ups`` up too.
        """
        span = span_micros(lease)
        rows = unit.execute(_CLAIM_ABANDONED, {"limit": limit, "lease": span}).all()
        if len(rows) < limit:
            due = {"limit": limit - len(rows), "lease": span, "now": to_micros(now)}
            rows = [*rows, *unit.execute(_CLAIM_DUE, due)]
        return tuple(Claim(id=row.id, status=row.status, epoch=row.lease_epoch, take_ups=row.take_ups) for row in rows)

    def renew(self, unit: Unit, id: str, *, epoch: int, lease: timedelta) -> bool:  # noqa: A002 - the column's name
        """Make the lease last from now, if it is still held under *epoch* and has not ended."""
        return unit.execute(_RENEW, {"b_id": id, "b_epoch": epoch, "lease": span_micros(lease)}).rowcount == 1

    def release(self, unit: Unit, id: str, *, epoch: int) -> bool:  # noqa: A002 - the column's name
        """Give the lease back, if it is still held under *epoch*. A running row stays leased: it would be lost."""
        return unit.execute(_RELEASE, {"b_id": id, "b_epoch": epoch}).rowcount == 1

    def next_wake_at(self, unit: Unit) -> datetime | None:
        """Return when the next row wakes, so that nobody need look before."""
        return from_micros(unit.execute(_NEXT).scalar())

    def broken(self, unit: Unit, *, limit: int) -> tuple[Execution, ...]:
        """Return rows whose end could not be told to their protocol, oldest first."""
        return tuple(map(_execution, unit.execute(_BROKEN, {"limit": limit})))

    def live_digests(self, unit: Unit) -> Sequence[str]:
        """Return the digest of every flow version that an unended execution was started with."""
        return unit.execute(_LIVE).scalars()

    def forget_ended(self, unit: Unit, *, before: datetime, limit: int) -> int:
        """Delete up to *limit* executions that ended before *before*; return how many."""
        return unit.execute(_FORGET, {"before": to_micros(before), "limit": limit}).rowcount


def _params(row: Execution, **values: Any) -> dict[str, Any]:
    return {"b_id": row.id, "b_revision": row.revision, "b_epoch": row.lease_epoch, **values}


def _place(id: str, revision: int, digest: str) -> Place:  # noqa: A002 - the column's name
    return Place("engine_executions", "state", id, revision, digest)


def _first(row: Any | None) -> Execution | None:
    return None if row is None else _execution(row)


def _execution(row: Any) -> Execution:
    return Execution(
        id=row.id,
        flow=row.flow,
        digest=row.digest,
        revision=row.revision,
        status=row.status,
        sealed=row.state,
        on_end=row.on_end,
        correlation=row.correlation,
        lease_until=from_micros(row.lease_until),
        lease_epoch=row.lease_epoch,
        take_ups=row.take_ups,
        wake_at=from_micros(row.wake_at),
        deferred_key=row.deferred_key,
        end_failure=row.end_failure,
        started_at=from_micros(row.started_at),
        ended_at=from_micros(row.ended_at),
    )

"""What the tests of the engine's rows have in common."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, update

from engine.storage import Keyring, Unit
from engine.storage import tables as engine_tables
from engine.storage.executions import Execution, Executions
from engine.storage.outbox import Outbox, OutgoingMessage

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
RING = Keyring({"k": bytes(range(32))}, "k")
EXECUTIONS = Executions(RING)
OUTBOX = Outbox(RING)

# A lease that has ended, without waiting for it: 1970 is past on every database's clock.
_END_EXECUTION_LEASE = (
    update(engine_tables.executions)
    .where(engine_tables.executions.c.id == bindparam("b_id"))
    .values(lease_until=bindparam("end"))
)
_END_MESSAGE_LEASE = (
    update(engine_tables.outbox)
    .where(engine_tables.outbox.c.id == bindparam("b_id"))
    .values(lease_until=bindparam("end"))
)


def begin(unit: Unit, name: str = "e1", **changes: Any) -> None:
    """Store an execution that is ready at noon, with *changes*."""
    ready: dict[str, Any] = {
        "flow": "login",
        "digest": "d1",
        "state": b"first",
        "status": "ready",
        "on_end": "ends",
        "correlation": "c1",
        "started_at": NOON,
        "wake_at": NOON,
    }
    EXECUTIONS.insert(unit, id=name, **{**ready, **changes})


def locked(unit: Unit, name: str = "e1") -> Execution:
    """Return the execution *name*, locked."""
    row = EXECUTIONS.lock(unit, name)
    assert row is not None
    return row


def enqueue(unit: Unit, name: str = "m1", **changes: Any) -> bool:
    """Queue a message that is due at noon, with *changes*."""
    due: dict[str, Any] = {
        "task_key": "t1",
        "execution": "e1",
        "sender": "email",
        "payload": b"Dear Ann",
        "now": NOON,
        "delivered": "accepted",
        "undeliverable": "undeliverable",
        "give_up_at": NOON + MINUTE,
    }
    return OUTBOX.enqueue(unit, id=name, **{**due, **changes})


def message(unit: Unit, name: str = "m1") -> OutgoingMessage:
    """Return the message *name*."""
    row = OUTBOX.lock(unit, name)
    assert row is not None
    return row


def end_lease(unit: Unit, name: str) -> None:
    """Let the leases on the execution and the message *name* be over."""
    unit.execute(_END_EXECUTION_LEASE, {"b_id": name, "end": 1})
    unit.execute(_END_MESSAGE_LEASE, {"b_id": name, "end": 1})

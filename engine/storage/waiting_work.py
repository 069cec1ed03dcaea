"""How much waits to be done, and since when: what a monitor asks now and then. Each answer comes from an index."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal_column, select

from engine.storage.tables import executions, outbox
from engine.storage.times import from_micros
from engine.storage.unit import Unit

# The conditions are spelled as in the partial indexes: that is how the databases know them.
_WAKE = select(func.min(executions.c.wake_at)).where(literal_column("status IN ('ready', 'waiting', 'ending')"))
_BROKEN = select(func.count()).select_from(executions).where(literal_column("status = 'broken'"))
_SEND = select(func.min(outbox.c.due_at), func.count()).where(literal_column("status = 'queued'"))
_DEAD = select(func.count()).select_from(outbox).where(literal_column("status = 'dead'"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits. ``wake_at`` and ``send_at`` are when the first execution and the first message are due."""

    wake_at: datetime | None
    send_at: datetime | None
    queued: int
    dead: int
    broken: int


def backlog(unit: Unit) -> Backlog:
    """Return what waits now."""
    send_at, queued = unit.execute(_SEND).one()
    return Backlog(
        wake_at=from_micros(unit.execute(_WAKE).scalar()),
        send_at=from_micros(send_at),
        queued=queued,
        dead=unit.execute(_DEAD).scalar() or 0,
        broken=unit.execute(_BROKEN).scalar() or 0,
    )

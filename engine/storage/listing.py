"""Lists of executions for people who operate: page by page, newest first, without opening a state."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Text, and_, bindparam, func, null, or_, select

from engine.storage.executions import Status
from engine.storage.tables import executions as table
from engine.storage.times import from_micros
from engine.storage.unit import Unit

_SHOWN = (
    table.c.id,
    table.c.flow,
    table.c.digest,
    table.c.status,
    table.c.revision,
    table.c.correlation,
    table.c.wake_at,
    table.c.end_failure,
    table.c.started_at,
    table.c.ended_at,
)
_FLOW, _STATUS = bindparam("b_flow", type_=Text), bindparam("b_status", type_=Text)
_AT, _ID = bindparam("b_at", type_=BigInteger), bindparam("b_id", type_=Text)
_PAGE = (
    select(*_SHOWN)
    .where(
        or_(_FLOW.is_(null()), table.c.flow == _FLOW),
        or_(_STATUS.is_(null()), table.c.status == _STATUS),
        or_(_AT.is_(null()), table.c.started_at < _AT, and_(table.c.started_at == _AT, table.c.id < _ID)),
    )
    .order_by(table.c.started_at.desc(), table.c.id.desc())
    .limit(bindparam("limit"))
)
_ONE = select(*_SHOWN).where(table.c.id == bindparam("id"))
_OPEN = (
    select(table.c.digest, func.count().label("standing")).where(table.c.ended_at.is_(None)).group_by(table.c.digest)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One execution in a list. ``key`` is where the next page begins."""

    id: str
    flow: str
    digest: str
    status: Status
    revision: int
    correlation: str
    wake_at: datetime | None
    end_failure: str | None
    started_at: datetime
    ended_at: datetime | None
    key: tuple[int, str]


class Listing:
    """What may be read of all executions at once."""

    def page(
        self,
        unit: Unit,
        *,
        flow: str | None = None,
        status: Status | None = None,
        limit: int,
        after: tuple[int, str] | None = None,
    ) -> tuple[Listed, ...]:
        """Return up to *limit* executions, newest first, of one *flow* and *status* or of all, from *after* on."""
        at, row_id = after or (None, None)
        params = {"b_flow": flow, "b_status": status, "b_at": at, "b_id": row_id, "limit": limit}
        return tuple(map(_listed, unit.execute(_PAGE, params)))

    def find(self, unit: Unit, id: str) -> Listed | None:  # noqa: A002 - the column's name
        """Return one execution as a list shows it."""
        row = unit.execute(_ONE, {"id": id}).first()
        return None if row is None else _listed(row)

    def open_by_digest(self, unit: Unit) -> Mapping[str, int]:
        """Return how many executions that have not ended stand in each version."""
        return {row.digest: row.standing for row in unit.execute(_OPEN)}


def _listed(row: Any) -> Listed:
    return Listed(
        id=row.id,
        flow=row.flow,
        digest=row.digest,
        status=row.status,
        revision=row.revision,
        correlation=row.correlation,
        wake_at=from_micros(row.wake_at),
        end_failure=row.end_failure,
        started_at=from_micros(row.started_at),
        ended_at=from_micros(row.ended_at),
        key=(row.started_at, row.id),
    )

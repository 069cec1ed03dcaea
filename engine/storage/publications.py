"""Which version of each flow new executions run on: the one that was published last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select

from engine.storage.statements import insert_or_ignore
from engine.storage.tables import publications as table
from engine.storage.times import from_micros, to_micros
from engine.storage.unit import Unit

_PUT = insert_or_ignore(table)
_LAST = select(func.max(table.c.number)).where(table.c.flow == bindparam("flow"))
_ALL = select(table).order_by(table.c.flow, table.c.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One time that a version of a flow was published."""

    flow: str
    number: int
    digest: str
    published_at: datetime


class Publications:
    """What may be done to the rows."""

    def put(self, unit: Unit, *, flow: str, digest: str, now: datetime) -> bool:
        """Make *digest* the version that new executions of *flow* run on; False where another process was faster."""
        number = (unit.execute(_LAST, {"flow": flow}).scalar() or 0) + 1
        row = {"flow": flow, "number": number, "digest": digest, "published_at": to_micros(now)}
        return unit.execute(_PUT, row).first() is not None

    def all(self, unit: Unit) -> tuple[Publication, ...]:
        """Return every publication, by flow, oldest first."""
        return tuple(
            Publication(flow=row.flow, number=row.number, digest=row.digest, published_at=from_micros(row.published_at))
            for row in unit.execute(_ALL)
        )

    def live(self, unit: Unit) -> Mapping[str, str]:
        """Return the digest of the live version of each flow."""
        return {each.flow: each.digest for each in self.all(unit)}

"""Compiled flows by digest: what an execution was started with can be loaded as long as it lives."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select

from engine.storage.statements import insert_or_ignore
from engine.storage.tables import flow_versions as table
from engine.storage.times import from_micros, to_micros
from engine.storage.unit import Unit

_PUT = insert_or_ignore(table)
_GET = select(table.c.graph).where(table.c.digest == bindparam("digest"))
_ALL = select(table.c.digest, table.c.flow, table.c.version, table.c.stored_at).order_by(table.c.stored_at)
_FORGET = delete(table).where(table.c.digest.in_(bindparam("digests", expanding=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowVersion:
    """Which version of which flow has a digest."""

    digest: str
    flow: str
    version: str
    stored_at: datetime


class FlowVersions:
    """What may be done to the rows."""

    def put(self, unit: Unit, *, digest: str, flow: str, version: str, graph: str, now: datetime) -> bool:
        """Store *graph* under *digest*; return False where it is known: a digest has one graph for ever."""
        row = {"digest": digest, "flow": flow, "version": version, "graph": graph, "stored_at": to_micros(now)}
        return unit.execute(_PUT, row).first() is not None

    def get(self, unit: Unit, digest: str) -> str | None:
        """Return the graph's JSON, or None."""
        found: str | None = unit.execute(_GET, {"digest": digest}).scalar()
        return found

    def all(self, unit: Unit) -> tuple[FlowVersion, ...]:
        """Return every version, oldest first, without its graph."""
        return tuple(
            FlowVersion(digest=row.digest, flow=row.flow, version=row.version, stored_at=from_micros(row.stored_at))
            for row in unit.execute(_ALL)
        )

    def forget(self, unit: Unit, digests: Iterable[str]) -> int:
        """Delete versions that no execution needs any more; return how many."""
        return unit.execute(_FORGET, {"digests": list(digests)}).rowcount

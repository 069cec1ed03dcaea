"""Checks of the clock: against the database's, against what is already written, and against our own age."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import distribution
from pathlib import Path

from sqlalchemy import func, select

from engine.storage import Database, Unit, database_now, from_micros
from lockhouse.doctor.finding import Finding, fail, ok, warn
from lockhouse.tables import consents, persons, sessions
from protocols.oauth2 import OAUTH2_TABLES

__all__ = ["check_clock", "newest_moment"]

_CLOCK = "clock"
_TOLERATED, _TOO_MUCH = timedelta(seconds=2), timedelta(seconds=30)
_KEYS = OAUTH2_TABLES.metadata.tables["oauth2_signing_keys"]
_WRITTEN = (_KEYS.c.active_from, persons.c.created_at, sessions.c.seen_at, consents.c.decided_at)
_NOW = select(database_now())
_NEWEST = tuple(select(func.max(column)) for column in _WRITTEN)
_REMEDY = "set the clock right and keep it so (chrony, systemd-timesyncd); requests expire by it"


def newest_moment(unit: Unit) -> datetime | None:
    """Return the latest moment at which anything was written here, as far as that is quickly known."""
    found = [unit.execute(newest).scalar() for newest in _NEWEST]
    return from_micros(max((moment for moment in found if moment is not None), default=None))


def _database_moment(unit: Unit) -> datetime:
    return from_micros(int(unit.execute(_NOW).one()[0]))


async def check_clock(database: Database, now: datetime) -> tuple[Finding, ...]:
    """Compare *now* with what the database says."""
    theirs = await database.read(_database_moment)
    newest = await database.read(newest_moment)
    wrong = (*_against_database(now, theirs), *_against_rows(now, newest), *_against_program(now))
    return wrong or (ok(_CLOCK, f"{now:%Y-%m-%d %H:%M:%S} UTC, as the database has it"),)


def _against_database(now: datetime, theirs: datetime) -> Iterator[Finding]:
    gap = abs(now - theirs)
    says = f"ours says {now:%Y-%m-%d %H:%M:%S} UTC, the database's {theirs:%Y-%m-%d %H:%M:%S}"
    if gap > _TOO_MUCH:
        yield fail(_CLOCK, says, _REMEDY)
    elif gap > _TOLERATED:
        yield warn(_CLOCK, says, _REMEDY)


def _against_rows(now: datetime, newest: datetime | None) -> Iterator[Finding]:
    if newest is not None and newest - now > _TOO_MUCH:
        says = f"it says {now:%Y-%m-%d %H:%M} UTC, but the database was written at {newest:%Y-%m-%d %H:%M}"
        yield fail(_CLOCK, says, _REMEDY)


def _against_program(now: datetime) -> Iterator[Finding]:
    """No clock is right that shows a time before this program was installed."""
    file = Path(str(distribution("lockhouse").locate_file("lockhouse/__init__.py")))
    made = datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.exists() else now
    if made - now > timedelta(days=1):
        yield fail(_CLOCK, f"it says {now:%Y-%m-%d %H:%M} UTC, before this program was installed", _REMEDY)

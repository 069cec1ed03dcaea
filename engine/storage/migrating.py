"""Tables by migrations: each package that owns tables brings its own, in its own version table."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    MetaData,
    Text,
    create_engine,
    event,
    inspect,
    literal_column,
    make_url,
    select,
    table,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool, StaticPool

from engine.storage.errors import DatabaseNotUpgraded, StorageUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOwner:
    """A package with tables: their metadata, and a folder with ``versions/0001_*.py`` in Alembic's form."""

    name: str
    metadata: MetaData
    migrations: Path
    version_table: str


def upgrade(url: str, owners: Sequence[TableOwner], progress: Callable[[str], None] | None = None) -> None:
    """Bring the tables of all *owners* to this program's version, in order, in one transaction.

    A missing SQLite file is created. *progress* is told each step. Raises DatabaseTooNew, and StorageUnavailable where
    the database cannot be reached.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        # Before SQLite makes it: for its owner's eyes only, as its companions then are too.
        with suppress(OSError):
            Path(parsed.database).touch(mode=0o600)
    with _connected(url) as connection:
        _upgrade(connection, owners, progress)


def upgrade_memory(raw: sqlite3.Connection, owners: Sequence[TableOwner]) -> None:
    """Make the tables of *owners* in the in-memory database behind *raw*."""
    if not owners:
        return
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    event.listen(engine, "begin", _begin_immediate)
    with engine.begin() as connection:
        _upgrade(connection, owners, None)


def check_versions(url: str, owners: Sequence[TableOwner]) -> None:
    """Raise DatabaseTooNew or DatabaseNotUpgraded unless the tables of all *owners* are at this program's version."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        from engine.storage.revisions import newest_version  # noqa: PLC0415 - Alembic takes a while to load

        raise DatabaseNotUpgraded(owners[0].name, found=None, newest=newest_version(owners[0]))
    with _connected(url, writes=False) as connection:
        if not all(_is_newest(connection, owner) for owner in owners):
            _refuse_others(connection, owners)


def _is_newest(connection: Connection, owner: TableOwner) -> bool:
    """Say whether the database is at the last version by number: what holds at nearly every start, told quickly."""
    numbers = [file.name.partition("_")[0] for file in (owner.migrations / "versions").glob("[0-9]*_*.py")]
    if not numbers or not inspect(connection).has_table(owner.version_table):
        return False
    found = connection.execute(select(literal_column("version_num", Text)).select_from(table(owner.version_table)))
    return list(found.scalars()) == [max(numbers)]


def _refuse_others(connection: Connection, owners: Sequence[TableOwner]) -> None:
    from engine.storage.revisions import found_version, newest_version, refuse_newer  # noqa: PLC0415 - the same

    versions = [(owner, found_version(connection, owner)) for owner in owners]
    for owner, found in versions:
        refuse_newer(owner, found)
    for owner, found in versions:
        if found != newest_version(owner):
            raise DatabaseNotUpgraded(owner.name, found=found, newest=newest_version(owner))


def _upgrade(connection: Connection, owners: Sequence[TableOwner], progress: Callable[[str], None] | None) -> None:
    from engine.storage.revisions import upgrade_all  # noqa: PLC0415 - the same

    upgrade_all(connection, owners, progress)


@contextmanager
def _connected(url: str, *, writes: bool = True) -> Iterator[Connection]:
    """Yield a connection in a transaction that is committed at the end."""
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite" and writes:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        # The driver's own words: SQLAlchemy's would add the statement, and a link that explains nothing of ours.
        said = str(getattr(error, "orig", None) or error).strip()
        remedy = "see that its address is right, that its server runs and, for SQLite, that its folder is there"
        raise StorageUnavailable(f"the database cannot be used now: {said}: {remedy}") from error
    finally:
        engine.dispose()


def _prepare_sqlite(raw: Any, _record: object) -> None:
    # The driver's own BEGIN comes too late for CREATE TABLE: we begin, so that an upgrade is whole or not at all.
    raw.isolation_level = None
    raw.execute("PRAGMA busy_timeout = 5000")
    raw.execute("PRAGMA journal_mode = WAL")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")

"""Tables by migrations: each package that owns tables brings its own, in its own version table."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool, StaticPool

from engine.storage.errors import DatabaseNotUpgraded, DatabaseTooNew, StorageUnavailable

# Alembic's `op` is one global for the process.
_ONE_AT_A_TIME = threading.Lock()
# Any fixed number: two programs that upgrade one database take turns by it.
_UPGRADE_LOCK = text("SELECT pg_advisory_xact_lock(762531908)")


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
        raise DatabaseNotUpgraded(owners[0].name, found=None, newest=_newest(owners[0]))
    with _connected(url, writes=False) as connection:
        versions = [(owner, _found(connection, owner)) for owner in owners]
    for owner, found in versions:
        _refuse_newer(owner, found)
    for owner, found in versions:
        if found != _newest(owner):
            raise DatabaseNotUpgraded(owner.name, found=found, newest=_newest(owner))


def _upgrade(connection: Connection, owners: Sequence[TableOwner], progress: Callable[[str], None] | None) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(_UPGRADE_LOCK)
    for owner in owners:
        _refuse_newer(owner, _found(connection, owner))
    for owner in owners:
        _upgrade_owner(connection, owner, progress)


def _upgrade_owner(connection: Connection, owner: TableOwner, progress: Callable[[str], None] | None) -> None:
    script = _scripts(owner)

    def steps(current: Any, _context: MigrationContext) -> Any:
        return script._upgrade_revs("head", current)  # noqa: SLF001 - what alembic.command.upgrade itself calls

    def tell(*, step: Any, **_rest: Any) -> None:
        if progress is not None:
            progress(f"{owner.name}: {step.up_revision_id}")

    with _ONE_AT_A_TIME, EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(
            connection=connection,
            target_metadata=owner.metadata,
            version_table=owner.version_table,
            on_version_apply=cast("Any", tell),  # Alembic calls it with keywords only, and types it without
        )
        environment.run_migrations()


def _scripts(owner: TableOwner) -> ScriptDirectory:
    return ScriptDirectory(str(owner.migrations), version_locations=[str(owner.migrations / "versions")])


def _newest(owner: TableOwner) -> str:
    return _scripts(owner).get_current_head() or "nothing"


def _found(connection: Connection, owner: TableOwner) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": owner.version_table})
    return context.get_current_revision()


def _refuse_newer(owner: TableOwner, found: str | None) -> None:
    known = {script.revision for script in _scripts(owner).walk_revisions()}
    if found is not None and found not in known:
        raise DatabaseTooNew(owner.name, found=found, newest=_newest(owner))


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
        raise StorageUnavailable(f"the database cannot be upgraded or checked now: {error}") from error
    finally:
        engine.dispose()


def _prepare_sqlite(raw: Any, _record: object) -> None:
    # The driver's own BEGIN comes too late for CREATE TABLE: we begin, so that an upgrade is whole or not at all.
    raw.isolation_level = None
    raw.execute("PRAGMA busy_timeout = 5000")
    raw.execute("PRAGMA journal_mode = WAL")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")

"""The steps of a migration, by Alembic. Imported only where there is something to do: it takes a while to load."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, cast

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from engine.storage.errors import DatabaseTooNew

# Alembic's `op` is one global for the process.
_ONE_AT_A_TIME = Lock()
# Any fixed number: two programs that upgrade one database take turns by it.
_UPGRADE_LOCK = text("SELECT pg_advisory_xact_lock(762531908)")


class Owner(Protocol):
    """A package with tables."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def metadata(self) -> MetaData:
        """Its tables as they are now."""
        ...

    @property
    def migrations(self) -> Path:
        """The folder with the steps to them."""
        ...

    @property
    def version_table(self) -> str:
        """Where the database keeps how far it is."""
        ...


def upgrade_all(connection: Connection, owners: Sequence[Owner], progress: Callable[[str], None] | None) -> None:
    """Bring the tables of all *owners* to the newest version, in the transaction of *connection*."""
    if connection.dialect.name == "postgresql":
        connection.execute(_UPGRADE_LOCK)
    for owner in owners:
        refuse_newer(owner, found_version(connection, owner))
    for owner in owners:
        _upgrade_owner(connection, owner, progress)


def _upgrade_owner(connection: Connection, owner: Owner, progress: Callable[[str], None] | None) -> None:
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


def _scripts(owner: Owner) -> ScriptDirectory:
    return ScriptDirectory(str(owner.migrations), version_locations=[str(owner.migrations / "versions")])


def newest_version(owner: Owner) -> str:
    """Return the version that the newest step leads to."""
    return _scripts(owner).get_current_head() or "nothing"


def found_version(connection: Connection, owner: Owner) -> str | None:
    """Return the version that the database is at; None before its first step."""
    context = MigrationContext.configure(connection, opts={"version_table": owner.version_table})
    return context.get_current_revision()


def refuse_newer(owner: Owner, found: str | None) -> None:
    """Raise DatabaseTooNew for a version that no step here leads to."""
    known = {script.revision for script in _scripts(owner).walk_revisions()}
    if found is not None and found not in known:
        raise DatabaseTooNew(owner.name, found=found, newest=newest_version(owner))

"""Tables are made and changed by migrations, each owner's in its own version table, whole or not at all."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from engine.storage import (
    ENGINE_TABLES,
    Database,
    DatabaseNotUpgraded,
    DatabaseTooNew,
    StorageUnavailable,
    TableOwner,
    check_versions,
    upgrade,
)
from tests.engine.storage.notes import ALL, NOTES
from tests.engine.storage.writing import adding

BOTH = (ENGINE_TABLES, NOTES)

SECOND = """
import sqlalchemy as sa
from alembic import op
revision = "{revision}"
down_revision = "{down}"
branch_labels = None
depends_on = None
def upgrade() -> None:
    op.add_column("notes", sa.Column("extra_{revision}", sa.Text))
    {more}
"""


@pytest.fixture
def url(new_url: Callable[..., str]) -> str:
    return new_url(owners=())


def with_another(owner: TableOwner, folder: Path, *, more: str = "pass") -> TableOwner:
    """Return *owner* as its next version has it."""
    versions = folder / "versions"
    versions.mkdir(parents=True)
    for known in (owner.migrations / "versions").glob("0*.py"):
        (versions / known.name).write_text(known.read_text())
    (versions / "0002_more.py").write_text(SECOND.format(revision="0002", down="0001", more=more))
    return replace(owner, migrations=folder)


def tables(url: str) -> set[str]:
    engine = create_engine(url, poolclass=NullPool)
    return set(inspect(engine).get_table_names())


@pytest.mark.parametrize("owner", BOTH, ids=lambda owner: owner.name)
def test_the_migrated_tables_are_those_that_the_code_declares(url: str, owner: TableOwner) -> None:
    upgrade(url, [owner])

    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": owner.version_table, "compare_type": True}
        )
        assert compare_metadata(context, owner.metadata) == []
        indexes = {
            (table, index["name"], tuple(index["column_names"]), bool(index["unique"]))
            for table in owner.metadata.tables
            for index in inspect(connection).get_indexes(table)
        }
    assert indexes == {
        (table.name, index.name, tuple(column.name for column in index.columns), bool(index.unique))
        for table in owner.metadata.tables.values()
        for index in table.indexes
    }


def test_each_owner_has_its_own_version_and_the_steps_are_told(url: str) -> None:
    told: list[str] = []

    upgrade(url, BOTH, told.append)

    assert told == ["engine: 0001", "engine: 0002", "engine: 0003", "engine: 0004", "engine: 0005", "notes: 0001"]
    assert {"engine_version", "notes_version"} <= tables(url)
    assert "alembic_version" not in tables(url)


def test_an_upgraded_database_passes_and_another_upgrade_does_nothing(url: str) -> None:
    told: list[str] = []
    upgrade(url, BOTH)

    check_versions(url, BOTH)
    upgrade(url, BOTH, told.append)

    assert told == []


def test_a_database_without_tables_is_not_upgraded(url: str) -> None:
    with pytest.raises(DatabaseNotUpgraded, match="'engine' are not there, version 0005 is needed"):
        check_versions(url, BOTH)


def test_a_database_that_lacks_one_owners_tables_is_not_upgraded(url: str) -> None:
    upgrade(url, [ENGINE_TABLES])

    with pytest.raises(DatabaseNotUpgraded) as caught:
        check_versions(url, BOTH)
    assert (caught.value.owner, caught.value.found) == ("notes", None)


def test_an_older_database_is_upgraded_and_keeps_what_it_holds(url: str, tmp_path: Path) -> None:
    upgrade(url, [NOTES])
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO notes (id, body) VALUES ('a', 'kept')"))
    newer = with_another(NOTES, tmp_path / "newer")

    with pytest.raises(DatabaseNotUpgraded, match="at version 0001, version 0002"):
        check_versions(url, [newer])
    upgrade(url, [newer])

    check_versions(url, [newer])
    with engine.begin() as connection:
        assert connection.execute(text("SELECT body, extra_0002 FROM notes")).one() == ("kept", None)


def test_a_newer_database_is_refused_and_left_as_it_is(url: str, tmp_path: Path) -> None:
    upgrade(url, [with_another(NOTES, tmp_path / "newer")])

    for act in (check_versions, upgrade):
        with pytest.raises(DatabaseTooNew, match="at version 0002, this program knows versions up to 0001") as caught:
            act(url, BOTH)
        assert (caught.value.owner, caught.value.found, caught.value.newest) == ("notes", "0002", "0001")
    assert "engine_executions" not in tables(url)


def test_an_upgrade_that_fails_half_way_changes_nothing(url: str, tmp_path: Path) -> None:
    upgrade(url, [NOTES])
    broken = with_another(NOTES, tmp_path / "broken", more='op.execute("SELECT nothing FROM nowhere")')

    with pytest.raises(StorageUnavailable):
        upgrade(url, [ENGINE_TABLES, broken])

    assert "engine_executions" not in tables(url)
    check_versions(url, [NOTES])
    engine = create_engine(url, poolclass=NullPool)
    assert "extra_0002" not in {column["name"] for column in inspect(engine).get_columns("notes")}


def test_checking_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "nothing.db"

    with pytest.raises(DatabaseNotUpgraded):
        check_versions(f"sqlite:///{path}", BOTH)
    assert not path.exists()


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new.db"

    upgrade(f"sqlite:///{path}", BOTH)

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="unable to open"):
        upgrade(f"sqlite:///{tmp_path / 'missing' / 'new.db'}", BOTH)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "note.db"
    path.write_text("Dear diary, " * 500)

    for act in (check_versions, upgrade):
        with pytest.raises(StorageUnavailable, match="not a database"):
            act(f"sqlite:///{path}", BOTH)
    assert path.read_text().startswith("Dear diary")


@pytest.mark.anyio
async def test_what_was_stored_before_an_upgrade_by_the_database_is_there_after(url: str, tmp_path: Path) -> None:
    upgrade(url, [NOTES])
    async with Database.open(url) as database:
        await database.run(adding("a"))

    upgrade(url, [with_another(NOTES, tmp_path / "newer")])

    async with Database.open(url) as database:
        assert [row.id for row in await database.read(lambda unit: unit.execute(ALL).all())] == ["a"]


def test_no_foreign_key_leaves_its_owner_and_every_table_has_its_owners_prefix() -> None:
    metadata: Sequence[MetaData] = [ENGINE_TABLES.metadata]
    for table in [table for each in metadata for table in each.tables.values()]:
        assert table.name.startswith("engine_")
        assert all(key.column.table.metadata is table.metadata for key in table.foreign_keys)


def test_sqlite_is_left_in_write_ahead_mode(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path / 'x.db'}", BOTH)

    connection = sqlite3.connect(tmp_path / "x.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()

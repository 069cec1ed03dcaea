"""The tables: each column says how it is kept, and the migrations make what the statements expect."""

import pytest
from sqlalchemy import MetaData, create_engine, inspect

from engine.storage import TableOwner, upgrade
from protocols.oauth2 import OAUTH2_TABLES
from protocols.oauth2_ciba import CIBA_TABLES
from protocols.oauth2_code import CODE_TABLES
from protocols.oauth2_device import DEVICE_TABLES
from tests.fixtures.columns import wrong_columns

OWNERS = pytest.mark.parametrize(
    "owner", [OAUTH2_TABLES, CIBA_TABLES, CODE_TABLES, DEVICE_TABLES], ids=lambda owner: owner.name
)


@OWNERS
def test_every_column_declares_how_it_is_kept(owner: TableOwner) -> None:
    assert wrong_columns(owner.metadata) == []


@OWNERS
def test_the_migrations_make_the_tables_that_the_code_declares(owner: TableOwner, tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/migrated.db"
    upgrade(url, [owner])
    engine = create_engine(url)
    migrated = MetaData()
    migrated.reflect(engine)
    for table in owner.metadata.tables.values():
        made = migrated.tables[table.name]
        assert {(c.name, c.primary_key, c.nullable) for c in made.columns} == {
            (c.name, c.primary_key, c.nullable) for c in table.columns
        }
        indexes = {(ix["name"], tuple(ix["column_names"])) for ix in inspect(engine).get_indexes(table.name)}
        declared = {(str(ix.name), tuple(c.name for c in ix.columns)) for ix in table.indexes}
        assert indexes == declared
    engine.dispose()


@OWNERS
def test_the_tables_have_their_owners_prefix(owner: TableOwner) -> None:
    prefix = owner.version_table.removesuffix("version")
    assert all(name.startswith(prefix) for name in owner.metadata.tables)

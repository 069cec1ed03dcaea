"""Databases of earlier versions: upgraded step by step, they have the tables that this program expects."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from engine.storage import TableOwner, upgrade
from protocols.oauth2 import OAUTH2_TABLES

_SIGN_INS = "0009"
_ROW = "INSERT INTO oauth2_authorizations ({columns}) VALUES ('one', x'00', 'shop', 'openid', '[]', 'pending', 1, 2)"
_COLUMNS = "authorization_id, link_hash, client_id, scope, resources, status, created_at, expires_at"


def _as_of(version: str, folder: Path) -> TableOwner:
    """Return the tables' owner as a program of *version* had it."""
    migrations = folder / "migrations"
    shutil.copytree(OAUTH2_TABLES.migrations, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (migrations / "versions").glob("[0-9]*.py"):
        if file.name.partition("_")[0] > version:
            file.unlink()
    return replace(OAUTH2_TABLES, migrations=migrations)


@pytest.mark.parametrize("has_flow", [False, True], ids=["first form", "edited form"])
def test_an_authorization_from_before_flows_were_named_is_a_sign_in(has_flow: bool, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/older.db"
    upgrade(url, [_as_of(_SIGN_INS, tmp_path)])
    engine = create_engine(url)
    with engine.begin() as connection:
        if has_flow:
            connection.execute(
                text("ALTER TABLE oauth2_authorizations ADD COLUMN flow TEXT NOT NULL DEFAULT 'sign_in'")
            )
        connection.execute(text(_ROW.format(columns=_COLUMNS)))
    upgrade(url, [OAUTH2_TABLES])
    with engine.connect() as connection:
        flows = connection.execute(text("SELECT flow FROM oauth2_authorizations")).scalars().all()
    made = {column["name"] for column in inspect(engine).get_columns("oauth2_authorizations")}
    engine.dispose()
    assert flows == ["sign_in"]
    assert made == set(OAUTH2_TABLES.metadata.tables["oauth2_authorizations"].columns.keys())

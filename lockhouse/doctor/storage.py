"""Checks of what is kept: the key file, the database, and that they belong together."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import make_url, text

from engine.storage import (
    Database,
    DatabaseNotUpgraded,
    DatabaseTooNew,
    Keyring,
    SealBroken,
    StorageError,
    StorageUnavailable,
    Unit,
    check_versions,
)
from lockhouse.configuration import Configuration
from lockhouse.doctor.finding import Finding, fail, ok, warn
from lockhouse.installation import OWNERS, database_url
from lockhouse.keys import KeysUnusable, read_keys
from protocols.oauth2 import NoSigningKey, load_assertion_key

__all__ = ["check_database", "check_keys", "check_match", "check_space", "check_writable"]

_KEYS, _DATABASE = "keys", "database"
_LITTLE, _TOO_LITTLE = 500_000_000, 50_000_000
# It changes nothing, but needs the right to change something.
_TOUCH = text(f"UPDATE {OWNERS[-1].version_table} SET version_num = version_num")  # noqa: S608 - a constant of ours


class _Enough(Exception):
    """Raised to undo what was tried."""


def check_keys(configuration: Configuration) -> tuple[Finding, Keyring | None]:
    """Read the key file; return what opens, too."""
    file = configuration.path(configuration.settings.keys.file)
    try:
        keyring = read_keys(file)
    except KeysUnusable as error:
        remedy = "put the file back from your backup; without it nothing that is sealed can be opened"
        if file.exists():
            remedy = f"only its owner may read it: chmod 600 {file}; if it is damaged, put it back from your backup"
        return fail(_KEYS, str(error), remedy), None
    return ok(_KEYS, f"{file} is for its owner only"), keyring


def check_database(configuration: Configuration) -> tuple[Finding, str | None]:
    """Reach the database and compare its version with ours; return its URL if it can be used."""
    upgrade = f"run `lockhouse db upgrade --config {configuration.file}`"
    try:
        url = database_url(configuration)
        check_versions(url, OWNERS)
    except DatabaseNotUpgraded as error:
        file = make_url(url).database if url.startswith("sqlite") else None
        if file is not None and not Path(file).is_file():
            remedy = f"correct database.url, or restore the file, or make a new one: {upgrade}"
            return fail(_DATABASE, f"{file}: there is no such database", remedy), None
        return fail(_DATABASE, str(error), upgrade), None
    except DatabaseTooNew as error:
        return fail(_DATABASE, str(error), "install the newer Lockhouse, or restore the backup from before"), None
    except StorageUnavailable as error:
        return fail(_DATABASE, str(error), "check database.url, and that the database server runs and lets us in"), None
    return ok(_DATABASE, f"{make_url(url).render_as_string()} is at this program's version"), url


async def check_writable(database: Database) -> Finding:
    """Write, and undo it. A server that runs on the same database is kept for a moment at most."""

    def touch(unit: Unit) -> None:
        unit.execute(_TOUCH)
        raise _Enough

    try:
        await database.run(touch)
    except _Enough:
        return ok(_DATABASE, "it can be written")
    except StorageError as error:
        remedy = "give this user the right to write it and, for SQLite, its folder; see that the disk is not full"
        return fail(_DATABASE, f"it cannot be written: {error}", remedy)
    return fail(_DATABASE, "it took a change and did not tell", "restore the database from your backup")


def check_space(url: str) -> Iterator[Finding]:
    """Look at the room that an SQLite file has to grow."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    folder = Path(parsed.database).parent
    free = shutil.disk_usage(folder).free
    says, remedy = f"{free // 1_000_000} MB are free in {folder}", "make room, or move the database to a larger disk"
    if free < _TOO_LITTLE:
        yield fail(_DATABASE, says, remedy)
    elif free < _LITTLE:
        yield warn(_DATABASE, says, remedy)


async def check_match(database: Database, keyring: Keyring) -> Finding:
    """Open something that is sealed in the database."""
    try:
        await database.read(lambda unit: load_assertion_key(unit, keyring=keyring))
    except SealBroken:
        says = "this key file does not open what is sealed in this database: they are of two installations"
        return fail(_KEYS, says, "correct keys.file or database.url, or put the right one back from your backup")
    except NoSigningKey:
        says = "the database holds no signing keys: it was upgraded, but never initialised"
        return fail(_KEYS, says, "make the server with `lockhouse init`, or restore the database from your backup")
    return ok(_KEYS, "they open what is sealed in the database")

"""Makes and opens what one settings file describes: its folder's files, its database, its keys."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from sqlalchemy import make_url

from engine import Clock, SystemClock
from engine.storage import (
    ENGINE_TABLES,
    Database,
    DatabaseNotUpgraded,
    Keyring,
    SealBroken,
    TableOwner,
    Unit,
    check_versions,
    upgrade,
)
from lockhouse.configuration import Configuration, load_configuration
from lockhouse.keys import KeysUnusable, create_keys, read_keys
from lockhouse.tables import LOCKHOUSE_TABLES
from lockhouse.template import settings_file
from protocols.oauth2 import OAUTH2_TABLES, KeyMaterial, generate_keys, load_assertion_key
from protocols.oauth2.signing_keys import NoSigningKey
from protocols.oauth2_ciba import CIBA_TABLES
from protocols.oauth2_code import CODE_TABLES
from protocols.oauth2_device import DEVICE_TABLES

__all__ = [
    "OWNERS",
    "AlreadyThere",
    "DatabaseNotReady",
    "FolderUnusable",
    "Installation",
    "create_installation",
    "database_url",
    "opened",
]

SETTINGS_FILE = "lockhouse.toml"

# In layer order: what stands below is upgraded first.
OWNERS: Sequence[TableOwner] = (ENGINE_TABLES, OAUTH2_TABLES, CIBA_TABLES, CODE_TABLES, DEVICE_TABLES, LOCKHOUSE_TABLES)


class AlreadyThere(Exception):
    """Something that `init` would make exists. Nothing was changed."""

    code: ClassVar[str] = "already_there"


class FolderUnusable(Exception):
    """The folder for a new installation cannot be made or written."""

    code: ClassVar[str] = "folder_unusable"


class DatabaseNotReady(Exception):
    """The database is not there, or older than this program. The message names the command that mends it."""

    code: ClassVar[str] = "database_not_ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """An open database and its keys, for as long as the `opened` block lasts."""

    configuration: Configuration
    database: Database
    keyring: Keyring
    clock: Clock


def database_url(configuration: Configuration) -> str:
    """Return the database's URL, a relative SQLite file made absolute. It may hold a password: do not show it."""
    url = make_url(configuration.settings.database.url.get_secret_value())
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        url = url.set(database=str(configuration.path(url.database)))
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


@asynccontextmanager
async def opened(
    configuration: Configuration, *, clock: Clock | None = None, match: bool = True
) -> AsyncIterator[Installation]:
    """Open the database and the keys. Raise what is wrong with either, an old or newer database included.

    With *match* the keys must be the ones that the database was sealed under: others would store what nobody opens.
    """
    url, file = database_url(configuration), configuration.path(configuration.settings.keys.file)
    keyring = read_keys(file)
    try:
        check_versions(url, OWNERS)
    except DatabaseNotUpgraded as error:
        raise DatabaseNotReady(_not_ready(configuration, error)) from error
    async with Database.open(url) as database:
        if match and not await database.read(lambda unit: _opens(unit, keyring)):
            says = "belongs to another installation than the database; correct keys.file or database.url"
            raise KeysUnusable(f"{file}: this key file {says}, or put the right one back from your backup")
        yield Installation(
            configuration=configuration, database=database, keyring=keyring, clock=clock or SystemClock()
        )


def _opens(unit: Unit, keyring: Keyring) -> bool:
    """Say whether *keyring* opens what is sealed in the database, if anything is."""
    try:
        load_assertion_key(unit, keyring=keyring)
    except NoSigningKey:
        return True
    except SealBroken:
        return False
    return True


def _not_ready(configuration: Configuration, error: DatabaseNotUpgraded) -> str:
    command = f"`lockhouse db upgrade --config {configuration.file}`"
    url = make_url(database_url(configuration))
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return f"{url.database}: there is no such database; correct database.url, or make an empty one with {command}"
    found = f"at version {error.found}" if error.found else "without tables"
    return f"the database is {found} for {error.owner}, this program needs {error.newest}; run {command}"


def _silently(_text: str) -> None:
    """Show no progress."""


def create_installation(
    folder: Path, *, issuer: str | None, url: str | None, progress: Callable[[str], None] = _silently
) -> Configuration:
    """Make *folder* with settings, keys and database. Raise `AlreadyThere` rather than overwrite anything.

    What was made is taken away again where a later step fails. *progress* is told what takes a while.
    """
    file = folder / SETTINGS_FILE
    if file.exists():
        raise AlreadyThere(f"{file}: exists already and will not be overwritten; choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderUnusable(f"{folder}: cannot be made a folder: {error.strerror}; choose another") from error
    made: list[Path] = []
    try:
        with file.open("x", encoding="utf-8") as stream:
            made.append(file)
            file.chmod(0o600)  # passwords of the mail server or the database may be put into it
            stream.write(settings_file(issuer=issuer, url=url))
        configuration = load_configuration(file)
        _fill(configuration, made, progress)
    except BaseException as error:
        for path in made:
            with suppress(FileNotFoundError):
                path.unlink()
        if isinstance(error, OSError):
            says = f"{error.filename or folder}: cannot be written: {error.strerror}; make room or choose another"
            raise FolderUnusable(says) from error
        raise
    return configuration


def _fill(configuration: Configuration, made: list[Path], progress: Callable[[str], None]) -> None:
    url, keys = database_url(configuration), configuration.path(configuration.settings.keys.file)
    if keys.exists():
        raise AlreadyThere(f"{keys}: exists already and will not be overwritten; choose another folder")
    made.extend(_new_database_files(url))
    create_keys(keys)
    made.append(keys)
    upgrade(url, OWNERS, lambda step: progress(f"Making tables: {step}"))
    progress("Making signing keys")
    asyncio.run(_make_keys(configuration, KeyMaterial.fresh()))


async def _make_keys(configuration: Configuration, material: KeyMaterial) -> None:
    async with opened(configuration, match=False) as installation:
        keyring, now = installation.keyring, installation.clock.now()
        await installation.database.read(lambda unit: _refuse_foreign_keys(unit, keyring))
        await installation.database.run(lambda unit: generate_keys(unit, material=material, keyring=keyring, now=now))


def _new_database_files(url: str) -> list[Path]:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, "", ":memory:"}:
        return []
    file = Path(str(parsed.database))
    if file.exists():
        raise AlreadyThere(f"{file}: exists already and will not be overwritten; move it away")
    file.parent.mkdir(parents=True, exist_ok=True)
    return [file, *(file.with_name(f"{file.name}{suffix}") for suffix in ("-wal", "-shm"))]


def _refuse_foreign_keys(unit: Unit, keyring: Keyring) -> None:
    """Refuse a database that another installation has filled: ours could not open its keys, nor it ours."""
    try:
        load_assertion_key(unit, keyring=keyring)
    except NoSigningKey:
        return
    except SealBroken:
        pass
    raise AlreadyThere("the database belongs to another installation; give database.url an empty one")

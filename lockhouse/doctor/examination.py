"""The whole examination, in the order in which one thing needs another."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from pathlib import Path

from engine import Clock, SystemClock
from engine.storage import Database, Keyring
from lockhouse.configuration import Configuration, SettingsInvalid, load_configuration
from lockhouse.doctor.address import check_address, check_listening
from lockhouse.doctor.certificates import check_certificates
from lockhouse.doctor.clients import check_clients
from lockhouse.doctor.clock import check_clock
from lockhouse.doctor.finding import Finding, fail, ok, warn
from lockhouse.doctor.messages import check_folders, check_mail, check_sms
from lockhouse.doctor.programs import check_flows, check_import_names, check_plugins
from lockhouse.doctor.storage import check_database, check_keys, check_match, check_space, check_writable
from protocols.oauth2 import SigningKeys

__all__ = ["examine"]

_CONFIGURATION = "configuration"
_OTHERS = 0o077


async def examine(file: Path, *, clock: Clock | None = None) -> AsyncIterator[Finding]:
    """Yield what each check came to, as soon as it is known. Nothing is changed, and nothing is sent."""
    for finding in check_import_names():
        yield finding
    try:
        configuration = load_configuration(file)
    except SettingsInvalid as error:
        for problem in error.problems:
            yield fail(_CONFIGURATION, problem, "correct it, then look again: the other checks need the settings")
        return
    for finding in (*_settings(configuration, file), *_files(configuration)):
        yield finding
    kids: Collection[str] | None = None
    keys, keyring = check_keys(configuration)
    yield keys
    reached, url = await asyncio.to_thread(check_database, configuration)
    yield reached
    if url is not None:
        for finding in check_space(url):
            yield finding
        async with await asyncio.to_thread(Database.open, url) as database:
            async for finding in _inside(database, keyring, clock or SystemClock(), configuration):
                yield finding
            kids = await _published(database, keyring, clock or SystemClock()) if keyring else None
    yield await check_mail(configuration)
    for finding in (*check_folders(configuration), *await check_sms(configuration)):
        yield finding
    listening, runs = await check_listening(configuration.settings, kids)
    yield listening
    yield await check_address(configuration.settings, kids, runs=runs)


def _settings(configuration: Configuration, file: Path) -> Iterator[Finding]:
    yield ok(_CONFIGURATION, f"{file} has no mistake")
    settings = configuration.settings
    if settings.development:
        says = "development is on: an http issuer on this machine only, cookies without Secure"
        yield warn(_CONFIGURATION, says, "for people, set an https issuer and development = false")
    secrets = (settings.mail.password, settings.sms.secret)
    if file.stat().st_mode & _OTHERS and any(secret.get_secret_value() for secret in secrets):
        yield warn(_CONFIGURATION, f"others may read {file}, which holds a password", f"chmod 600 {file}")


def _files(configuration: Configuration) -> Iterator[Finding]:
    yield from check_plugins(configuration)
    yield from check_flows(configuration)
    yield from check_certificates(configuration)


async def _inside(
    database: Database, keyring: Keyring | None, clock: Clock, configuration: Configuration
) -> AsyncIterator[Finding]:
    yield await check_writable(database)
    if keyring is not None:
        yield await check_match(database, keyring)
        for finding in await check_clients(database, keyring, configuration):
            yield finding
    for finding in await check_clock(database, clock.now()):
        yield finding


async def _published(database: Database, keyring: Keyring, clock: Clock) -> frozenset[str] | None:
    """Return the ids of the keys that our server publishes; None where they cannot be read."""
    try:
        register = await SigningKeys(database=database, keyring=keyring).register(clock.now())
    except Exception:  # noqa: BLE001 - what is wrong with the keys was said already; this only compares them
        return None
    return frozenset(key["kid"] for key in register.published)

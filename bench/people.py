"""The clients and persons of the load. `load.mjs` and `peer.mjs` know them by the same rule."""

from datetime import timedelta

from engine.storage import Database, Unit
from lockhouse.directory.persons import NewPerson, Persons
from lockhouse.installation import Installation
from protocols.oauth2 import ClientLimits, Clients, NewClient

# Nothing that is measured may be refused for being asked too often: that is tested elsewhere.
NO_LIMITS = ClientLimits(
    pair_pending=10**9, pair_minute=10**9, person_pending=10**9, person_minute=10**9, client_pending=10**9
)
_AT_ONCE = 500


def client_secret(number: int) -> str:
    """Return the secret of client *number*."""
    return f"secret-of-client-{number}-{'s' * 24}"


def person_address(number: int) -> str:
    """Return the login hint of person *number*."""
    return f"person{number}@example.org"


async def register(installation: Installation, *, clients: int, persons: int) -> None:
    """Register everybody."""
    database, keyring, now = installation.database, installation.keyring, installation.clock.now()
    known, book = Clients(keyring=keyring), Persons(keyring=keyring)

    def add_clients(unit: Unit) -> None:
        for number in range(clients):
            client = NewClient(
                client_id=f"client{number}",
                secret=client_secret(number),
                name=f"Client {number}",
                interval=timedelta(seconds=1),
                limits=NO_LIMITS,
            )
            known.add(unit, client, now=now)

    await database.run(add_clients)
    for first in range(0, persons, _AT_ONCE):
        await _add_persons(database, book, range(first, min(first + _AT_ONCE, persons)), installation)


async def _add_persons(database: Database, book: Persons, numbers: range, installation: Installation) -> None:
    now = installation.clock.now()

    def add(unit: Unit) -> None:
        for number in numbers:
            person = NewPerson.of(
                subject=f"subject-{number}", user_name=f"person{number}", email=person_address(number)
            )
            book.add(unit, person, now=now)

    await database.run(add)

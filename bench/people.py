"""The clients and persons of the load. `load.mjs` and `peer.mjs` know them by the same rule."""

from datetime import timedelta

from bench.client_keys import SIGNER, client_jwks
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


async def register(installation: Installation, *, clients: int, persons: int, endpoint: str | None = None) -> None:
    """Register everybody. With an *endpoint* client 0 is told there by ping."""
    database, keyring, now = installation.database, installation.keyring, installation.clock.now()
    known, book = Clients(keyring=keyring), Persons(keyring=keyring)

    def add_clients(unit: Unit) -> None:
        for number in range(clients):
            told = endpoint is not None and number == 0
            client = NewClient(
                client_id=f"client{number}",
                secret=client_secret(number),
                name=f"Client {number}",
                interval=timedelta(seconds=1),
                delivery_mode="ping" if told else "poll",
                notification_endpoint=endpoint if told else None,
                limits=NO_LIMITS,
            )
            known.add(unit, client, now=now)
        if (jwks := client_jwks()) is not None:
            signer = NewClient(client_id=SIGNER, auth_method="private_key_jwt", jwks=jwks, limits=NO_LIMITS)
            known.add(unit, signer, now=now)

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

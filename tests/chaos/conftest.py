"""Deployments to be killed, and deployments on both databases to be raced."""

import itertools
import os
from collections.abc import Callable, Iterator

import pytest

from tests.fixtures.books import Books
from tests.fixtures.mail_server import MailServer
from tests.fixtures.postgresql_server import PostgresqlServer
from tests.fixtures.relying_party import RelyingParty
from tests.fixtures.server import Lockhouse, running

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def mail_server() -> Iterator[MailServer]:
    """Return a mail server that takes everything."""
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory, mail_server: MailServer) -> Iterator[Lockhouse]:
    """Return a deployment on SQLite, to be killed and started again."""
    with running(tmp_path_factory.mktemp("chaos") / "op", **mail_server.settings) as started:
        yield started


@pytest.fixture
def books(lockhouse: Lockhouse) -> Iterator[Books]:
    """Return a look into its database."""
    books = Books(lockhouse)
    yield books
    books.close()


@pytest.fixture
def client(lockhouse: Lockhouse) -> Iterator[RelyingParty]:
    """Return the client that it knows."""
    party = RelyingParty(lockhouse=lockhouse)
    yield party
    party.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest) -> Iterator[Callable[[], dict[str, str]]]:
    """Return what makes the settings that put a deployment on a fresh database, on each dialect in turn."""
    if request.param == "sqlite":
        yield dict[str, str]
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    made: list[str] = []

    def make() -> dict[str, str]:
        made.append(f"deployment_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}_{next(_NUMBERS)}")
        return {"DATABASE__URL": server.create(made[-1])}

    yield make
    for name in made:
        server.drop(name)

"""Deployments to be killed, and deployments on both databases to be raced."""

import itertools
import os
from collections.abc import Callable, Iterator

import pytest

from tests.fixtures.deployments import books, client, lockhouse, mail_server
from tests.fixtures.postgresql_server import PostgresqlServer

__all__ = ["books", "client", "lockhouse", "mail_server", "new_database"]

_NUMBERS = itertools.count(1)


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

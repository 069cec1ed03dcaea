"""One deployment for each file of abuses."""

from collections.abc import Iterator

import pytest

from tests.fixtures.books import Books
from tests.fixtures.mail_server import MailServer
from tests.fixtures.relying_party import RelyingParty
from tests.fixtures.server import Lockhouse, running


@pytest.fixture(scope="module")
def mail_server() -> Iterator[MailServer]:
    """Return a mail server that takes everything."""
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory, mail_server: MailServer) -> Iterator[Lockhouse]:
    """Return a running deployment."""
    with running(tmp_path_factory.mktemp("abuse") / "op", **mail_server.settings) as started:
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

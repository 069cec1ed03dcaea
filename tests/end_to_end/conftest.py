"""One deployment for each file of journeys."""

from collections.abc import Iterator

import pytest

from tests.fixtures.mail_server import MailServer
from tests.fixtures.relying_party import RelyingParty
from tests.fixtures.server import Lockhouse, running


@pytest.fixture(scope="module")
def mail_server() -> Iterator[MailServer]:
    """Return a mail server that takes everything."""
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module", params=["two_flows", pytest.param("one_flow", marks=pytest.mark.long)])
def lockhouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, mail_server: MailServer
) -> Iterator[Lockhouse]:
    """Return a running deployment that sends to the mail server, under both compositions."""
    settings = {**mail_server.settings, "CIBA__COMPOSITION": str(request.param)}
    with running(tmp_path_factory.mktemp("end-to-end") / "op", **settings) as started:
        yield started


@pytest.fixture
def client(lockhouse: Lockhouse) -> Iterator[RelyingParty]:
    """Return the client that the deployment knows."""
    party = RelyingParty(lockhouse=lockhouse)
    yield party
    party.close()

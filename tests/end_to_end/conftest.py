"""One deployment for each file of journeys, under both compositions of a request; the second among the long tests."""

from collections.abc import Iterator

import pytest

from tests.fixtures.deployments import client, mail_server
from tests.fixtures.mail_server import MailServer
from tests.fixtures.server import Lockhouse, running

__all__ = ["client", "lockhouse", "mail_server"]


@pytest.fixture(scope="module", params=["two_flows", pytest.param("one_flow", marks=pytest.mark.long)])
def lockhouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, mail_server: MailServer
) -> Iterator[Lockhouse]:
    """Return a running deployment on SQLite that sends to the mail server."""
    settings = {**mail_server.settings, "CIBA__COMPOSITION": str(request.param)}
    with running(tmp_path_factory.mktemp("deployment") / "op", **settings) as started:
        yield started

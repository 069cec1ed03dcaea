"""What is looked for often is found by an index, however much is done with."""

from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.sql import Executable

from engine.storage import Database, Unit, executions, history, outbox
from engine.storage.statements import Plans

pytestmark = pytest.mark.anyio

FILL = {
    "engine_executions": """
        INSERT INTO engine_executions (id, flow, digest, revision, status, state, on_end, correlation, lease_until,
            lease_epoch, take_ups, wake_at, started_at, ended_at)
        SELECT 'e' || n, 'f', 'd', 1, CASE WHEN n % 100 = 0 THEN 'waiting' WHEN n % 101 = 0 THEN 'running'
            ELSE 'ended' END, {bytes}, 'o', 'c', CASE WHEN n % 101 = 0 THEN n END, 0, 0, n, n,
            CASE WHEN n % 100 <> 0 AND n % 101 <> 0 THEN n END FROM numbers
        """,
    "engine_outbox": """
        INSERT INTO engine_outbox (id, task_key, execution, sender, status, payload, due_at, lease_epoch, attempts,
            created_at, done_at)
        SELECT 'm' || n, 't' || n, 'e', 'email', CASE WHEN n % 100 = 0 THEN 'queued' ELSE 'delivered' END, {bytes}, n,
            0, 0, n, CASE WHEN n % 100 <> 0 THEN n END FROM numbers
        """,
    "engine_history": """
        INSERT INTO engine_history (execution, revision, recorded_at, entry)
        SELECT 'e' || (n / 10), n % 10, n, {bytes} FROM numbers
        """,
}
NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)"

LOOKED_FOR: list[tuple[str, Executable, dict[str, Any], str]] = [
    ("due executions", executions._CLAIM_DUE, {"now": 500, "limit": 5, "lease": 9}, "engine_executions_due"),
    ("abandoned executions", executions._CLAIM_ABANDONED, {"limit": 5, "lease": 9}, "engine_executions_leased"),
    ("the next to wake", executions._NEXT, {}, "engine_executions_due"),
    ("one by its deferred key", executions._LOCK_DEFERRED, {"deferred_key": "k"}, "engine_executions_deferred_key"),
    ("ended executions", executions._FORGET, {"before": 50, "limit": 5}, "engine_executions_ended"),
    ("due messages", outbox._CLAIM, {"now": 500, "limit": 5, "lease": 9}, "engine_outbox_due"),
    ("the next due message", outbox._NEXT, {}, "engine_outbox_due"),
    ("a task's messages", outbox._WITHDRAW, {"b_task_key": "t1", "now": 1}, "engine_outbox_task_key"),
    ("messages done with", outbox._FORGET, {"before": 50, "limit": 5}, "engine_outbox_done"),
    ("old entries", history._FORGET, {"before": 50, "limit": 5}, "engine_history_recorded_at"),
]


def fill(unit: Unit) -> None:
    blob = "x'00'" if unit.dialect == "sqlite" else "'\\\\x00'::bytea"
    for statement in FILL.values():
        into, _, rest = statement.partition("SELECT")
        unit.execute(text(f"{into} {NUMBERS} SELECT {rest}".format(bytes=blob)))


async def explained(database: Database, statement: Executable, params: dict[str, Any]) -> str:
    sql, values = Plans(database.dialect).find(statement, params).bind(params)
    if database.dialect == "sqlite":
        backend: Any = database._backend
        return "\n".join(row[3] for row in backend.connection.execute(f"EXPLAIN QUERY PLAN {sql}", values))
    backend = database._backend
    with psycopg.connect(backend._target) as connection:
        connection.execute("ANALYZE")
        return "\n".join(row[0] for row in connection.execute(f"EXPLAIN {sql}".encode(), values))


async def test_what_is_looked_for_often_is_found_by_its_index(database: Database) -> None:
    await database.run(fill)

    for what, statement, params, index in LOOKED_FOR:
        plan = await explained(database, statement, params)
        assert index in plan, f"{what}:\n{plan}"
        assert not [line for line in plan.splitlines() if line.startswith("SCAN engine")], f"{what}:\n{plan}"
        assert "Seq Scan on engine" not in plan, f"{what}:\n{plan}"

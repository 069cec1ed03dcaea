"""Writers race at the storage functions, from two pools on one database: each request moves as its table says."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select

from engine.storage import ENGINE_TABLES, Database, TableOwner, Unit, to_micros
from protocols.oauth2 import OAUTH2_TABLES
from protocols.oauth2.pace import Pace
from protocols.oauth2_ciba import CIBA_TABLES
from protocols.oauth2_ciba.moves import move
from protocols.oauth2_ciba.requests import set_pace
from protocols.oauth2_ciba.states import Event
from protocols.oauth2_ciba.tables import REQUESTS
from tests.fixtures.databases import MakeDatabase, Store

pytestmark = pytest.mark.anyio

ROUNDS = [
    pytest.param(1_000, id="short"),
    pytest.param(10_000, id="long", marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
]
AT_ONCE = 50
_INSERT = insert(REQUESTS)
_STATUS = select(REQUESTS.c.status).where(REQUESTS.c.request_id == bindparam("which"))
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
WRITES: dict[Event, dict[str, Any]] = {
    Event.ASSERTION: {"granted": "openid", "methods": "pwd", "auth_time": to_micros(NOW), "grant_id": None},
    Event.REDEMPTION: {"grant_id": "grant", "confirmation": None, "answer": None, "answer_key": None},
}

Pools = tuple[Database, Database]
Round = Callable[[str], Coroutine[Any, Any, None]]


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (ENGINE_TABLES, OAUTH2_TABLES, CIBA_TABLES)


@pytest.fixture
def pools(store: Store, owners: Sequence[TableOwner], make_database: MakeDatabase) -> Pools:
    """Return two pools on one database, as two processes would have."""
    url = store.create(owners)
    return make_database(url=url, repeat=False), make_database(url=url, repeat=False)


def pending(number: int) -> dict[str, Any]:
    return {
        "request_id": f"request-{number}",
        "auth_req_id_hash": b"a%d" % number,
        "link_hash": b"l%d" % number,
        "client_id": "shop",
        "user_id": "ann",
        "delivery_mode": "poll",
        "scope": "openid",
        "flow_execution_id": "execution",
        "status": "pending",
        "created_at": to_micros(NOW),
        "expires_at": to_micros(NOW + timedelta(minutes=2)),
        "redeem_by": to_micros(NOW + timedelta(minutes=3)),
        "due_at": to_micros(NOW + timedelta(minutes=2)),
        "poll_interval": 5,
        "early_polls": 0,
    }


def store_all(unit: Unit, rows: Sequence[Mapping[str, Any]]) -> None:
    unit.execute(_INSERT, rows)


async def rounds_of(pools: Pools, rounds: int, race: Round) -> None:
    """Store *rounds* requests and let *race* happen to each, many at once."""
    rows = [pending(number) for number in range(rounds)]
    for begin in range(0, rounds, 500):
        await pools[0].run(partial(store_all, rows=rows[begin : begin + 500]))
    for begin in range(0, rounds, AT_ONCE):
        await asyncio.gather(*(race(row["request_id"]) for row in rows[begin : begin + AT_ONCE]))


async def happen(database: Database, event: Event, request_id: str) -> bool:
    writes = WRITES.get(event, {})
    return await database.run(lambda unit: move(unit, event, request_id, now=NOW, reason="", writes=writes))


async def status_of(database: Database, request_id: str) -> str:
    row = await database.read(lambda unit: unit.execute(_STATUS, {"which": request_id}).one())
    return str(row.status)


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_approve_racing_deny_has_one_winner(pools: Pools, rounds: int) -> None:
    async def race(request_id: str) -> None:
        approved, denied = await asyncio.gather(
            happen(pools[0], Event.ASSERTION, request_id), happen(pools[1], Event.DENIAL, request_id)
        )

        assert approved is not denied
        assert await status_of(pools[0], request_id) == ("approved" if approved else "denied")

    await rounds_of(pools, rounds, race)


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_an_approval_racing_polls_is_kept_and_redeemed_once(pools: Pools, rounds: int) -> None:
    pace = Pace(interval=timedelta(seconds=10), last_at=NOW, early=1)

    async def poll(database: Database, request_id: str) -> bool:
        await database.run(lambda unit: set_pace(unit, request_id, pace))
        return await happen(database, Event.REDEMPTION, request_id)

    async def race(request_id: str) -> None:
        approved, *redeemed = await asyncio.gather(
            happen(pools[0], Event.ASSERTION, request_id),
            *(poll(pools[number % 2], request_id) for number in range(3)),
        )
        redeemed.append(await poll(pools[1], request_id))

        assert approved
        assert sum(redeemed) == 1
        assert await status_of(pools[0], request_id) == "redeemed"

    await rounds_of(pools, rounds, race)

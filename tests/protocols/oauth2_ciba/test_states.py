"""The state table: every cell of it, the empty ones too, at the statements that are generated from it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, select, update

from engine.storage import Database, to_micros
from protocols.oauth2_ciba.moves import conditional_update, move
from protocols.oauth2_ciba.requests import Ids, NewRequest, by_id, insert_request, redeem_by, set_pace
from protocols.oauth2_ciba.states import BY_EVENT, FINAL, MOVES, Event, Moment, State, diagram, next_state, table
from protocols.oauth2_ciba.tables import AUDIT, INITIATIONS, REQUESTS
from tests.protocols.world import KEYRING, NOON

pytestmark = pytest.mark.anyio

IDS = Ids(request_id="r1", auth_req_id="a" * 43, link="l" * 43, execution="e1")
NEW = NewRequest(
    ids=IDS,
    client_id="shop",
    user_id="ann",
    delivery_mode="poll",
    scopes=("openid",),
    acr_values=None,
    binding_message="Order 17",
    interval=timedelta(seconds=5),
    expires_in=timedelta(seconds=120),
)
EXPIRES = NOON + timedelta(seconds=120)
REDEEM_BY = EXPIRES + timedelta(seconds=10)
WRITES: dict[Event, dict[str, Any]] = {
    Event.ASSERTION: {
        "granted": '["openid"]',
        "methods": '["pwd"]',
        "auth_time": to_micros(NOON),
        "grant_id": None,
    },
    Event.REDEMPTION: {"grant_id": "g1", "confirmation": None, "answer": None, "answer_key": None},
}
_PUT = update(REQUESTS).where(REQUESTS.c.request_id == bindparam("which")).values(status=bindparam("to"))
_ROW = select(REQUESTS).where(REQUESTS.c.request_id == bindparam("which"))


async def row(database: Database, name: str = "r1") -> Any:
    return await database.run(lambda unit: unit.execute(_ROW, {"which": name}).one())


async def put(database: Database, state: State, name: str = "r1", mode: str = "poll") -> Any:
    """Store a request in *state* and return its row."""
    ids = replace(IDS, request_id=name, auth_req_id=f"{name}-id", link=f"{name}-link")
    new = replace(NEW, ids=ids, delivery_mode=mode)
    await database.run(lambda unit: insert_request(unit, new, keyring=KEYRING, now=NOON))
    await database.run(lambda unit: unit.execute(_PUT, {"which": name, "to": state.value}))
    return await row(database, name)


async def apply(database: Database, event: Event, now: datetime, name: str = "r1") -> bool:
    writes = WRITES.get(event, {})
    return await database.run(lambda unit: move(unit, event, name, now=now, reason="why", writes=writes))


def good_moment(event: Event) -> datetime:
    """Return a time at which the event's condition holds, if it has one."""
    match BY_EVENT[event].when:
        case Moment.AT_EXPIRY:
            return EXPIRES
        case Moment.AT_REDEEM_BY:
            return REDEEM_BY
        case _:
            return NOON


@pytest.mark.parametrize("mode", ["poll", "ping", "push"])
@pytest.mark.parametrize("event", list(Event), ids=lambda event: event.name.lower())
async def test_each_cell_moves_the_request_or_changes_nothing(database: Database, event: Event, mode: str) -> None:
    """All states under one event: the filled cell moves, the empty ones leave every column as it was."""
    before = {state: await put(database, state, state.value, mode) for state in State}
    for state in State:
        moved = await apply(database, event, good_moment(event), state.value)
        after, expected = await row(database, state.value), next_state(state, event, mode)
        assert moved is (expected is not None), state
        if expected is None:
            assert after == before[state], state
        else:
            assert (after.status, after.reason) == (expected.value, "why")


@pytest.mark.parametrize("event", [move.event for move in MOVES if move.when], ids=lambda event: event.name.lower())
async def test_a_move_with_a_moment_waits_for_it_to_the_microsecond(database: Database, event: Event) -> None:
    before = await put(database, BY_EVENT[event].at, mode="ping")
    instant = timedelta(microseconds=1)
    edge = EXPIRES if "expires_at" in BY_EVENT[event].when.value else REDEEM_BY  # type: ignore[union-attr] # filtered above
    early = BY_EVENT[event].when in (Moment.BEFORE_EXPIRY, Moment.BEFORE_REDEEM_BY)
    assert not await apply(database, event, edge if early else edge - instant)
    assert await row(database) == before
    assert await apply(database, event, edge - instant if early else edge)


async def test_a_move_is_audited_and_a_final_one_erases_the_stored_auth_req_id(database: Database) -> None:
    await put(database, State.PENDING)
    kept = {
        "client_id": "shop",
        "key_hash": b"k",
        "parameters_mac": b"p",
        "request_id": "r1",
        "auth_req_id": b"sealed",
        "interval_seconds": 5,
        "expires_at": to_micros(EXPIRES),
    }
    await database.run(lambda unit: unit.execute(INITIATIONS.insert(), kept))
    assert await apply(database, Event.ASSERTION, NOON)
    stored = select(INITIATIONS.c.auth_req_id)
    assert await database.run(lambda unit: unit.execute(stored).scalar()) == b"sealed"
    assert await apply(database, Event.REDEMPTION, NOON)
    assert await database.run(lambda unit: unit.execute(stored).scalar()) is None
    events = await database.run(lambda unit: unit.execute(select(AUDIT.c.event)).scalars())
    assert sorted(events) == ["approved", "redeemed"]


async def test_a_poll_can_write_the_polling_columns_of_a_pending_request_only(database: Database) -> None:
    """The reference system's mistakes 1 to 3: a poll that writes back a state it read loses the approval."""
    await put(database, State.PENDING)
    read_before = await database.run(lambda unit: by_id(unit, "r1"))
    assert read_before is not None
    assert await apply(database, Event.ASSERTION, NOON)
    approved = await row(database)
    await database.run(lambda unit: set_pace(unit, "r1", read_before.pace))
    assert await row(database) == approved


def test_every_statement_names_the_state_that_it_leaves() -> None:
    for cell in MOVES:
        where = str(conditional_update(cell)).split("WHERE")[1]
        assert "ciba_requests.status = " in where


def test_the_table_is_complete() -> None:
    assert set(BY_EVENT) == set(Event)
    assert len(BY_EVENT) == len(MOVES)
    assert {State.PENDING, State.APPROVED} == set(State) - FINAL
    assert {move.to for move in MOVES} | {State.PENDING} == set(State)


def test_the_printers_show_every_move() -> None:
    for cell in MOVES:
        assert f"{cell.at} --> {cell.to}" in diagram()
        assert f"| {cell.at} | {cell.event.value} |" in table()
    assert len(table().splitlines()) == len(MOVES) + 2


@pytest.mark.parametrize(("interval", "grace"), [(1, 2), (5, 10), (29, 58), (60, 60)])
def test_an_approval_in_the_last_moment_can_still_be_collected(interval: int, grace: int) -> None:
    assert redeem_by(NOON, timedelta(seconds=interval)) == NOON + timedelta(seconds=grace)

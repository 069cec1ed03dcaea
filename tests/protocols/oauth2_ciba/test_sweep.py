"""Due work: expiry, erasing and clean-up (mistakes 4 and 30 of the reference system)."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine.storage import Unit
from protocols.oauth2.tables import ACCESS_TOKENS
from protocols.oauth2_ciba.states import State
from protocols.oauth2_ciba.tables import ASSERTIONS, ATTEMPTS, AUDIT, METADATA, REQUESTS
from tests.protocols.world import World, as_error

pytestmark = pytest.mark.anyio

DAY = 24 * 60 * 60


async def count(world: World, *tables: str) -> list[int]:
    def all_of(unit: Unit) -> list[int]:
        return [
            int(unit.execute(select(func.count()).select_from(METADATA.tables[name])).scalar() or 0) for name in tables
        ]

    return await world.database.run(all_of)


async def test_a_pending_request_expires_at_its_moment_and_not_before(world: World) -> None:
    auth_req_id = await world.asked(requested_expiry="10")
    world.clock.forward(9.999)
    assert await world.sweep() == 0
    world.clock.forward(0.001)
    assert await world.sweep() == 1
    assert (await world.row(auth_req_id)).status is State.EXPIRED
    assert await world.sweep() == 0


async def test_an_approved_request_expires_at_redeem_by(world: World) -> None:
    auth_req_id = await world.approved(requested_expiry="10")
    world.clock.forward(19.9)
    assert await world.sweep() == 0
    world.clock.forward(0.1)
    assert await world.sweep() == 1
    assert (await world.row(auth_req_id)).status is State.EXPIRED


async def test_an_expired_request_is_remembered_for_a_week(world: World) -> None:
    """Requirement 67."""
    auth_req_id = await world.asked(requested_expiry="1")
    world.clock.forward(1)
    await world.sweep()
    world.clock.forward(7 * DAY - 1)
    await world.sweep()
    assert as_error(await world.poll(auth_req_id)) == (400, "expired_token")
    world.clock.forward(1)
    await world.sweep()
    assert as_error(await world.poll(auth_req_id)) == (400, "invalid_grant")


async def test_a_stored_answer_is_erased_after_a_minute_and_the_row_a_week_later(world: World) -> None:
    auth_req_id = await world.approved()
    await world.poll(auth_req_id, key="k")
    world.clock.forward(59)
    assert await world.sweep() == 0
    assert (await world.row(auth_req_id)).answer is not None
    world.clock.forward(1)
    assert await world.sweep() == 1
    row = await world.row(auth_req_id)
    assert (row.status, row.answer, row.answer_key) == (State.REDEEMED, None, None)
    world.clock.forward(7 * DAY)
    await world.sweep()
    assert await count(world, REQUESTS.name, ATTEMPTS.name) == [0, 0]


async def test_in_the_end_nothing_is_left(world: World) -> None:
    for _ in range(2):
        await world.asked(key=None)
    await world.poll(await world.approved(), key="k")
    for _ in range(4):
        world.clock.forward(100 * DAY)
        await world.sweep()
    assert await count(world, REQUESTS.name, ATTEMPTS.name, ASSERTIONS.name, AUDIT.name) == [0, 0, 0, 0]
    tokens = select(func.count()).select_from(ACCESS_TOKENS)
    assert await world.database.run(lambda unit: unit.execute(tokens).scalar()) == 0


async def test_sweeps_that_meet_do_the_work_once(world: World) -> None:
    made = [await world.asked(login_hint=hint, requested_expiry="5") for hint in ("ann", "bob", "ann")]
    now = world.clock.forward(5)
    touched = await asyncio.gather(*(world.database.run(lambda unit: world.records.sweep(unit, now)) for _ in range(8)))
    while await world.database.run(lambda unit: world.records.sweep(unit, now)):
        pass
    assert sum(touched) <= len(made)
    for auth_req_id in made:
        row = await world.row(auth_req_id)
        assert (row.status, row.expires_at) == (State.EXPIRED, row.created_at + timedelta(seconds=5))

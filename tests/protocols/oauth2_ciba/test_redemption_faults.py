"""The same faults where a redemption writes most: a pairwise name, an opaque token, a refresh token."""

import pytest
from sqlalchemy import func, select

from engine.storage import Unit
from protocols.oauth2.tables import ACCESS_TOKENS, GRANTS, REFRESH_TOKENS, SUBJECTS
from protocols.oauth2_ciba.states import State
from tests.protocols.changed import REFRESHING, change
from tests.protocols.oauth2_ciba.breaking import BreakingDatabase, Broken, grant_of, token_request
from tests.protocols.world import World

pytestmark = pytest.mark.anyio

TABLES = (GRANTS, SUBJECTS, ACCESS_TOKENS, REFRESH_TOKENS)
# client, block, UPDATE, audit, erasing, grant, name, token, refresh token: the last test counts them
STATEMENTS = 9


async def approved(world: World) -> str:
    await change(world, subject_type="pairwise", sector="shop.example", token_format="opaque", **REFRESHING)
    return await world.approved(scope="openid offline_access")


async def counts(world: World) -> list[int]:
    def count(unit: Unit) -> list[int]:
        return [int(unit.execute(select(func.count()).select_from(each)).scalar() or 0) for each in TABLES]

    return await world.database.run(count)


@pytest.mark.parametrize("fails_at", [*range(1, STATEMENTS + 1), "commit"])
async def test_a_fault_leaves_the_request_approved_and_nothing_else(world: World, fails_at: int | str) -> None:
    auth_req_id = await approved(world)
    broken = grant_of(world, database=BreakingDatabase(world.database, fails_at=fails_at))
    with pytest.raises(Broken):
        await broken.answer(token_request(world, auth_req_id))
    assert (await world.row(auth_req_id)).status is State.APPROVED
    assert await counts(world) == [0, 0, 0, 0]
    assert (await world.poll(auth_req_id)).status_code == 200
    assert await counts(world) == [1, 1, 1, 1]


async def test_no_statement_was_left_out_above(small_world: World) -> None:
    auth_req_id = await approved(small_world)
    whole = grant_of(small_world, database=BreakingDatabase(small_world.database, fails_at=STATEMENTS + 1))
    assert b"refresh_token" in await whole.answer(token_request(small_world, auth_req_id))

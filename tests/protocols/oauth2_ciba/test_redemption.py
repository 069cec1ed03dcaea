"""Redemption: an approval gives tokens once, and no fault on the way loses it (requirements 53 to 57, 65 to 73)."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar, cast

import pytest
from sqlalchemy import func, select

from engine.storage import Database, OutcomeUnknown, Unit
from protocols.oauth2 import OAuthError
from protocols.oauth2.tables import ACCESS_TOKENS, GRANTS
from protocols.oauth2_ciba.guard import block
from protocols.oauth2_ciba.redemption import Redeemed
from protocols.oauth2_ciba.states import State
from protocols.oauth2_ciba.tables import AUDIT
from tests.protocols.oauth2_ciba.breaking import BreakingDatabase, BreakingKeys, Broken, grant_of, token_request
from tests.protocols.world import BANK, GRANT, PUSHY, SECRETS, SHOP, World, as_error

pytestmark = pytest.mark.anyio

T = TypeVar("T")
_GRANTS = select(func.count()).select_from(GRANTS)
_TOKENS = select(func.count()).select_from(ACCESS_TOKENS)
_REVOKED = select(GRANTS.c.revoked_at)


async def counts(world: World) -> tuple[int, int]:
    def both(unit: Unit) -> tuple[int, int]:
        return int(unit.execute(_GRANTS).scalar() or 0), int(unit.execute(_TOKENS).scalar() or 0)

    return await world.database.run(both)


# client, block, UPDATE, audit, erasing, grant, token: the last test of the file counts them
STATEMENTS = 7


@pytest.mark.parametrize("fails_at", [*range(1, STATEMENTS + 1), "commit"])
async def test_a_fault_in_the_redeeming_unit_leaves_the_request_approved(world: World, fails_at: int | str) -> None:
    auth_req_id = await world.approved()
    broken = grant_of(world, database=BreakingDatabase(world.database, fails_at=fails_at))
    with pytest.raises(Broken):
        await broken.answer(token_request(world, auth_req_id, key="k"))
    assert (await world.row(auth_req_id)).status is State.APPROVED
    assert await counts(world) == (0, 0)
    assert (await world.poll(auth_req_id)).status_code == 200
    assert await counts(world) == (1, 1)


@pytest.mark.parametrize("signatures", [-1, 0, 1])
async def test_a_fault_at_key_load_or_at_a_signature_leaves_the_request_approved(world: World, signatures: int) -> None:
    """Mistake 21 of the reference system: consumed before the tokens were built."""
    auth_req_id = await world.approved()
    broken = grant_of(world, keys=BreakingKeys(world.signing_keys, signatures=signatures))
    with pytest.raises(Broken):
        await broken.answer(token_request(world, auth_req_id))
    assert (await world.row(auth_req_id)).status is State.APPROVED
    assert (await world.poll(auth_req_id)).status_code == 200


async def test_a_lost_answer_to_the_commit_is_looked_up(world: World) -> None:
    auth_req_id = await world.approved()
    lost = grant_of(world, database=BreakingDatabase(world.database, fails_at="answer to the commit"))
    assert b"access_token" in await lost.answer(token_request(world, auth_req_id))
    assert await counts(world) == (1, 1)


async def test_a_connection_lost_before_the_commit_leaves_the_request_approved(world: World) -> None:
    auth_req_id = await world.approved()
    lost = grant_of(world, database=BreakingDatabase(world.database, fails_at="connection"))
    with pytest.raises(OutcomeUnknown):
        await lost.answer(token_request(world, auth_req_id))
    assert (await world.poll(auth_req_id)).status_code == 200


class Undone(Exception):
    """Carries a result out of a unit that is rolled back."""


class Restless:
    """A database in which every redemption loses, and the request is approved again when somebody looks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, fn: Callable[[Any], T]) -> T:
        def undo_redemption(unit: Unit) -> T:
            result = fn(unit)
            if isinstance(result, Redeemed):
                raise Undone
            return result

        try:
            return await self._database.run(undo_redemption)
        except Undone:
            return cast("T", Redeemed.LOST)  # only a redemption is undone


async def test_a_poll_that_never_wins_is_told_to_come_back(small_world: World) -> None:
    auth_req_id = await small_world.approved()
    restless = grant_of(small_world, database=Restless(small_world.database))
    with pytest.raises(OAuthError) as busy:
        await restless.answer(token_request(small_world, auth_req_id))
    assert (busy.value.status, busy.value.error) == (503, "temporarily_unavailable")
    assert busy.value.headers == {"Retry-After": "1"}


async def test_a_hundred_polls_at_once_give_one_token_response(world: World) -> None:
    """Requirement 56; mistakes 2 and 37 of the reference system."""
    auth_req_id = await world.approved()
    answers = await asyncio.gather(*(world.poll(auth_req_id) for _ in range(100)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert {as_error(answer) for answer in answers if answer.status_code != 200} == {(400, "invalid_grant")}
    assert await counts(world) == (1, 1)
    bearer = {"Authorization": f"Bearer {good[0].json()['access_token']}"}
    assert (await world.http.get("/oauth2/userinfo", headers=bearer)).status_code == 200


async def test_an_idempotency_key_gets_the_lost_answer_byte_for_byte(world: World) -> None:
    auth_req_id = await world.approved()
    first = await world.poll(auth_req_id, key="attempt 1")
    world.clock.forward(59)
    assert (await world.poll(auth_req_id, key="attempt 1")).content == first.content
    assert as_error(await world.poll(auth_req_id, key="attempt 2")) == (400, "invalid_grant")
    assert as_error(await world.poll(auth_req_id)) == (400, "invalid_grant")
    assert as_error(await world.poll(auth_req_id, key="attempt 1", client=BANK)) == (400, "invalid_grant")
    world.clock.forward(1)
    assert as_error(await world.poll(auth_req_id, key="attempt 1")) == (400, "invalid_grant")
    assert await world.database.run(lambda unit: unit.execute(_REVOKED).scalar()) is None


async def test_a_hundred_polls_with_one_key_all_get_the_one_answer(world: World) -> None:
    auth_req_id = await world.approved()
    answers = await asyncio.gather(*(world.poll(auth_req_id, key="k") for _ in range(100)))
    assert len({answer.content for answer in answers}) == 1
    assert await counts(world) == (1, 1)


async def test_a_replay_after_a_minute_revokes_the_grant_and_an_earlier_retry_does_not(world: World) -> None:
    """Requirement 56, and case 43 of the best peer."""
    auth_req_id = await world.approved()
    tokens = (await world.poll(auth_req_id)).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    world.clock.forward(60)
    assert as_error(await world.poll(auth_req_id)) == (400, "invalid_grant")
    assert (await world.http.get("/oauth2/userinfo", headers=bearer)).status_code == 200
    world.clock.forward(1)
    assert as_error(await world.poll(auth_req_id)) == (400, "invalid_grant")
    refused = await world.http.get("/oauth2/userinfo", headers=bearer)
    assert as_error(refused) == (401, "invalid_token")
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    audited = await world.database.run(lambda unit: unit.execute(select(AUDIT.c.event)).scalars())
    assert audited.count("redeemed again") == 2


async def test_another_clients_poll_changes_nothing(world: World) -> None:
    """Requirement 54."""
    auth_req_id = await world.asked()
    await world.poll(auth_req_id)
    before = await world.row(auth_req_id)
    world.clock.forward(1)
    assert as_error(await world.poll(auth_req_id, client=BANK)) == (400, "invalid_grant")
    assert await world.row(auth_req_id) == before
    await world.approve(auth_req_id)
    assert as_error(await world.poll(auth_req_id, client=BANK)) == (400, "invalid_grant")
    assert (await world.poll(auth_req_id)).status_code == 200


async def test_slow_down_is_remembered_by_the_row(world: World) -> None:
    """Requirements 62 to 64."""
    auth_req_id = await world.asked(requested_expiry="600")
    assert as_error(await world.poll(auth_req_id)) == (400, "authorization_pending")
    world.clock.forward(4)
    assert as_error(await world.poll(auth_req_id)) == (400, "slow_down")
    world.clock.forward(5)
    assert as_error(await world.poll(auth_req_id)) == (400, "slow_down")
    world.clock.forward(1)
    assert as_error(await world.poll(auth_req_id)) == (400, "authorization_pending")
    for _ in range(10):
        assert as_error(await world.poll(auth_req_id)) == (400, "slow_down")
    assert as_error(await world.poll(auth_req_id)) == (400, "invalid_request")
    await world.approve(auth_req_id)
    assert (await world.poll(auth_req_id)).status_code == 200


async def test_each_error_of_the_token_endpoint(small_world: World) -> None:
    """Requirements 65 to 73, 93, 94, 97."""
    w = small_world
    assert as_error(await w.post("/oauth2/token", {"grant_type": GRANT})) == (400, "invalid_request")
    assert as_error(await w.post("/oauth2/token", {"grant_type": "password"})) == (400, "unsupported_grant_type")
    assert as_error(await w.post("/oauth2/token", {"auth_req_id": "x"})) == (400, "invalid_request")
    assert as_error(await w.poll("unknown")) == (400, "invalid_grant")
    assert as_error(await w.poll("unknown", client=PUSHY)) == (400, "unauthorized_client")
    wrong = await w.http.post("/oauth2/token", data={"grant_type": GRANT}, auth=(SHOP, "wrong"))
    assert as_error(wrong) == (401, "invalid_client")
    assert wrong.headers["www-authenticate"].startswith("Basic")
    unknown_grant = await w.http.post("/oauth2/token", data={"grant_type": "x"}, auth=(SHOP, "wrong"))
    assert as_error(unknown_grant) == (401, "invalid_client")
    as_json = await w.http.post("/oauth2/token", json={"grant_type": GRANT}, auth=(SHOP, SECRETS[SHOP]))
    assert as_error(as_json) == (400, "invalid_request")
    expired = await w.asked(requested_expiry="1")
    w.clock.forward(1)
    assert as_error(await w.poll(expired)) == (400, "expired_token")


async def test_an_approval_that_is_not_collected_in_time_expires(world: World) -> None:
    auth_req_id = await world.approved(requested_expiry="10")
    world.clock.forward(19.9)
    assert (await world.row(auth_req_id)).state_at(world.clock.now()) is State.APPROVED
    world.clock.forward(0.1)
    assert as_error(await world.poll(auth_req_id)) == (400, "expired_token")


@pytest.mark.parametrize("cause", ["person disabled", "pair blocked"])
async def test_the_guard_at_redemption_denies(world: World, cause: str) -> None:
    auth_req_id = await world.approved()
    if cause == "person disabled":
        world.people.disabled.add("sub-ann")
    else:
        now = world.clock.now()
        await world.database.run(lambda unit: block(unit, SHOP, "sub-ann", reason="not_me", now=now))
    assert as_error(await world.poll(auth_req_id)) == (400, "access_denied")
    row = await world.row(auth_req_id)
    assert (row.status, row.reason) == (State.DENIED, "account")
    world.people.disabled.clear()
    assert as_error(await world.poll(auth_req_id)) == (400, "access_denied")
    assert await counts(world) == (0, 0)


async def test_a_client_disabled_at_redemption_is_an_invalid_client(world: World) -> None:
    auth_req_id = await world.approved()
    await world.database.run(lambda unit: world.records.clients.disable(unit, SHOP))
    assert as_error(await world.poll(auth_req_id)) == (401, "invalid_client")
    assert (await world.row(auth_req_id)).status is State.APPROVED


async def test_a_revoked_approval_is_denied_and_a_revoked_pending_request_gone(world: World) -> None:
    approved, pending, now = await world.approved(), await world.asked(), world.clock.now()

    async def revoke(auth_req_id: str) -> bool:
        row = await world.row(auth_req_id)
        return await world.database.run(lambda unit: world.records.revoke(unit, request_id=row.request_id, now=now))

    for auth_req_id in (approved, pending):
        assert await revoke(auth_req_id)
        assert not await revoke(auth_req_id)
    assert as_error(await world.poll(approved)) == (400, "access_denied")
    assert as_error(await world.poll(pending)) == (400, "invalid_grant")


async def test_no_statement_of_the_redeeming_unit_was_left_out_above(small_world: World) -> None:
    auth_req_id = await small_world.approved()
    whole = grant_of(small_world, database=BreakingDatabase(small_world.database, fails_at=STATEMENTS + 1))
    assert b"access_token" in await whole.answer(token_request(small_world, auth_req_id))

"""Somebody else, who is signed in as themselves, with a link that is not theirs."""

import pytest

from tests.abuse.attacks import Who, attack
from tests.protocols.world import World, as_error

pytestmark = pytest.mark.anyio

OTHER: Who = "another person who is signed in"


@attack(OTHER, "approves with their own sign-in", "an approval is the hinted person's")
async def test_the_approval_of_another_person_is_none(world: World) -> None:
    auth_req_id = await world.asked()
    await world.claimed(auth_req_id)
    wrong = world.assertion_key.sign(await world.claims(auth_req_id, sub="sub-bob"))
    assert not (await world.receive(wrong)).accepted
    assert as_error(await world.poll(auth_req_id)) == (400, "authorization_pending")


@attack(OTHER, "claims the request for their own browser", "the first who proves to be them")
async def test_another_person_cannot_claim(world: World) -> None:
    auth_req_id = await world.asked()
    await world.open(auth_req_id, "login-of-bob")
    row, now, mine = await world.row(auth_req_id), world.clock.now(), world.real("login-of-bob")
    claimed = await world.database.run(
        lambda unit: world.records.claim(unit, execution=mine, correlation=row.request_id, subject="sub-bob", now=now)
    )
    assert not claimed
    assert (await world.row(auth_req_id)).login_execution_id is None

"""Decisions without a person, for those who write clients."""

from collections.abc import Callable
from typing import Any

import pytest

from protocols.oauth2_ciba import DecisionMaker, DecisionRefused, approve, deny, expire
from protocols.oauth2_ciba.states import State
from tests.protocols.world import KEYRING, World, as_error

pytestmark = pytest.mark.anyio

Decide = Callable[[Any, str | None, DecisionMaker], Any]


async def decide(world: World, how: Decide, auth_req_id: str | None, name: str = "dev-1") -> Any:
    maker = DecisionMaker(records=world.records, keyring=KEYRING, execution=name, now=world.clock.now())
    return await world.database.run(lambda unit: how(unit, auth_req_id, maker))


async def test_an_approval_gives_tokens_for_all_that_was_asked(world: World) -> None:
    auth_req_id = await world.asked()
    decided = await decide(world, approve, auth_req_id)
    assert (decided.client_id, decided.subject, decided.scopes) == ("shop", "sub-ann", ("openid", "profile"))
    answer = (await world.poll(auth_req_id)).json()
    assert (answer["scope"], "id_token" in answer) == ("openid profile", True)


@pytest.mark.parametrize(("how", "error"), [(deny, "access_denied"), (expire, "expired_token")])
async def test_the_client_hears_of_it_with_its_next_poll(world: World, how: Decide, error: str) -> None:
    auth_req_id = await world.asked()
    await decide(world, how, auth_req_id)
    assert as_error(await world.poll(auth_req_id)) == (400, error)


async def test_without_an_id_the_newest_pending_request_is_meant(small_world: World) -> None:
    older = await small_world.asked()
    small_world.clock.forward(1)
    newer = await small_world.asked()
    await decide(small_world, approve, None)
    assert [(await small_world.row(each)).status for each in (older, newer)] == [State.PENDING, State.APPROVED]


@pytest.mark.parametrize("how", [approve, deny, expire])
async def test_what_is_decided_or_unknown_is_refused(small_world: World, how: Decide) -> None:
    with pytest.raises(DecisionRefused, match="found none"):
        await decide(small_world, how, None)
    with pytest.raises(DecisionRefused, match="found none"):
        await decide(small_world, how, "nobody's")
    auth_req_id = await small_world.asked()
    await decide(small_world, deny, auth_req_id)
    with pytest.raises(DecisionRefused, match="found one that is denied"):
        await decide(small_world, how, auth_req_id, name="dev-2")


@pytest.mark.parametrize("how", [approve, deny, expire])
async def test_a_person_who_has_signed_in_is_not_overruled(small_world: World, how: Decide) -> None:
    auth_req_id = await small_world.asked()
    await small_world.claimed(auth_req_id)
    with pytest.raises(DecisionRefused, match="signed in already"):
        await decide(small_world, how, auth_req_id)

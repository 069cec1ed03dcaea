"""The account guard at every step: what happens between two steps is answered at the next one, exactly as stated."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest
from sqlalchemy import update

from protocols.oauth2 import REFRESH_GRANT, Closed
from protocols.oauth2.tables import CLIENTS
from protocols.oauth2_ciba.decoys import Dispatch
from protocols.oauth2_ciba.guard import block, lift
from tests.protocols.changed import REFRESHING, change, given, introspection, userinfo
from tests.protocols.world import BANK, ISSUER, SHOP, World, as_error

pytestmark = pytest.mark.anyio

Answer = tuple[object, ...]
Cause = Callable[[World], Awaitable[None]]
Step = Callable[[World, Cause], Awaitable[Answer]]


async def disable_person(w: World) -> None:
    w.people.disabled.add("sub-ann")


async def delete_person(w: World) -> None:
    w.people.disabled.add("sub-ann")
    w.people.hints.pop("ann")


async def block_pair(w: World) -> None:
    now = w.clock.now()
    await w.database.run(lambda unit: block(unit, SHOP, "sub-ann", reason="not_me", now=now))


async def disable_client(w: World) -> None:
    await w.database.run(lambda unit: w.records.clients.disable(unit, SHOP))


async def remove_client(w: World) -> None:
    await w.database.run(lambda unit: w.records.clients.remove(unit, SHOP, now=w.clock.now()))


async def take_grant(w: World) -> None:
    none = update(CLIENTS).where(CLIENTS.c.client_id == SHOP).values(grant_types="[]")
    await w.database.run(lambda unit: unit.execute(none).rowcount)


async def at_initiation(w: World, between: Cause) -> Answer:
    await between(w)
    return as_error(await w.ask())


async def at_dispatch(w: World, between: Cause) -> Answer:
    row = await w.row(await w.asked())
    await between(w)
    return (await w.database.read(lambda unit: w.records.dispatch(unit, row.request_id) is Dispatch.SEND),)


async def at_the_link(w: World, between: Cause) -> Answer:
    auth_req_id = await w.asked()
    await between(w)
    return (await w.open(auth_req_id, "a"),)


async def at_approval(w: World, between: Cause) -> Answer:
    auth_req_id = await w.asked()
    await w.claimed(auth_req_id)
    await between(w)
    answer = await w.receive(w.assertion_key.sign(await w.claims(auth_req_id)))
    row = await w.row(auth_req_id)
    return answer.accepted, answer.reason, row.status.value, row.reason


async def at_redemption(w: World, between: Cause) -> Answer:
    auth_req_id = await w.approved()
    await between(w)
    return as_error(await w.poll(auth_req_id))


async def with_refresh_token(w: World) -> dict[str, str]:
    await change(w, **REFRESHING)
    return await given(w, scope="openid offline_access")


async def refresh(w: World, token: str) -> httpx2.Response:
    return await w.post("/oauth2/token", {"grant_type": REFRESH_GRANT, "refresh_token": token})


async def at_refresh(w: World, between: Cause) -> Answer:
    token = (await with_refresh_token(w))["refresh_token"]
    await between(w)
    return as_error(await refresh(w, token))


async def at_userinfo(w: World, between: Cause) -> Answer:
    token = (await given(w))["access_token"]
    await between(w)
    return as_error(await userinfo(w, token))


async def at_userinfo_after_a_refresh(w: World, between: Cause) -> Answer:
    token = (await refresh(w, (await with_refresh_token(w))["refresh_token"])).json()["access_token"]
    await between(w)
    return as_error(await userinfo(w, token))


async def at_introspection(w: World, between: Cause) -> Answer:
    """An API asks, whom none of it touches: what the client itself is told, the client's own state decides."""
    await change(w, BANK, resource=ISSUER)
    token = (await given(w))["access_token"]
    assert (await introspection(w, token, client=BANK))["active"] is True
    await between(w)
    return (await introspection(w, token, client=BANK),)


UNAVAILABLE = (Closed("unavailable"),)
NOT_APPROVED = (False, "account", "denied", "account")
NO_TOKEN = (401, "invalid_token")
NOBODY, DENIED, GONE = (400, "unknown_user_id"), (400, "access_denied"), (400, "invalid_grant")
STRANGER, NOT_ITS = (401, "invalid_client"), (400, "unauthorized_client")
# what happens, and what is answered at initiation, redemption and refresh; a lock is one more no of the directory's
CAUSES: dict[str, tuple[Cause, Answer, Answer, Answer]] = {
    "person disabled": (disable_person, NOBODY, DENIED, GONE),
    "person deleted": (delete_person, NOBODY, DENIED, GONE),
    "pair blocked": (block_pair, (403, "access_denied"), DENIED, GONE),
    "client disabled": (disable_client, STRANGER, STRANGER, STRANGER),
    "client removed": (remove_client, STRANGER, STRANGER, STRANGER),
    "grant removed": (take_grant, NOT_ITS, NOT_ITS, NOT_ITS),
}


STEPS: dict[str, tuple[Step, Callable[[str], Answer]]] = {
    "initiation": (at_initiation, lambda cause: CAUSES[cause][1]),
    "dispatch": (at_dispatch, lambda _: (False,)),
    "link": (at_the_link, lambda _: UNAVAILABLE),
    "approval": (at_approval, lambda _: NOT_APPROVED),
    "redemption": (at_redemption, lambda cause: CAUSES[cause][2]),
    "refresh": (at_refresh, lambda cause: CAUSES[cause][3]),
    "userinfo": (at_userinfo, lambda _: NO_TOKEN),
    "userinfo after a refresh": (at_userinfo_after_a_refresh, lambda _: NO_TOKEN),
    "introspection": (at_introspection, lambda _: ({"active": False},)),
}


@pytest.mark.parametrize("step", list(STEPS))
@pytest.mark.parametrize("cause", list(CAUSES))
async def test_what_happens_before_a_step_is_answered_at_it(world: World, cause: str, step: str) -> None:
    act, expected = STEPS[step]
    assert await act(world, CAUSES[cause][0]) == expected(cause)


async def allow_person(w: World) -> None:
    w.people.disabled.clear()


async def lift_block(w: World) -> None:
    await w.database.run(lambda unit: lift(unit, SHOP, "sub-ann"))


async def enable_client(w: World) -> None:
    await w.database.run(lambda unit: w.records.clients.enable(unit, SHOP))


UNDONE: dict[str, tuple[Cause, Cause]] = {
    "person disabled": (disable_person, allow_person),
    "pair blocked": (block_pair, lift_block),
}


@pytest.mark.parametrize("cause", list(UNDONE))
async def test_what_the_guard_ended_stays_ended_when_its_cause_is_gone(world: World, cause: str) -> None:
    """Approval and redemption deny the request, a refresh takes the whole family back: for good."""
    happen, undo = UNDONE[cause]
    tokens, approved = await with_refresh_token(world), await world.approved()
    await happen(world)
    assert as_error(await world.poll(approved)) == DENIED
    assert as_error(await refresh(world, tokens["refresh_token"])) == GONE
    await undo(world)
    assert as_error(await world.poll(approved)) == DENIED
    assert as_error(await refresh(world, tokens["refresh_token"])) == GONE
    assert as_error(await userinfo(world, tokens["access_token"])) == NO_TOKEN


async def test_what_only_looks_ends_nothing(world: World) -> None:
    """Userinfo, introspection and the link answer no while it lasts; a disabled client's requests wait for it."""
    token, waiting = (await given(world))["access_token"], await world.asked()
    await disable_client(world)
    assert as_error(await userinfo(world, token)) == NO_TOKEN
    assert await world.open(waiting, "a") == Closed("unavailable")
    await enable_client(world)
    assert (await userinfo(world, token)).status_code == 200
    await world.approve(waiting)
    assert (await world.poll(waiting)).status_code == 200


async def test_a_client_that_may_only_refresh_has_nothing_left_to_refresh(world: World) -> None:
    """The grant that its tokens came from was taken from it: the guard's no, which ends the family."""
    token = (await with_refresh_token(world))["refresh_token"]
    await change(world, grant_types='["refresh_token"]')
    assert as_error(await refresh(world, token)) == GONE
    await change(world, **REFRESHING)
    assert as_error(await refresh(world, token)) == GONE

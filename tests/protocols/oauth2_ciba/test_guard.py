"""The account guard at every step: what happens between two steps is answered at the next one, exactly as stated."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import update

from protocols.oauth2 import Closed
from protocols.oauth2.tables import CLIENTS
from protocols.oauth2_ciba.guard import block
from tests.protocols.world import SHOP, World, as_error

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
    return (await w.database.read(lambda unit: w.records.may_dispatch(unit, row.request_id)),)


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


async def at_userinfo(w: World, between: Cause) -> Answer:
    token = (await w.poll(await w.approved())).json()["access_token"]
    await between(w)
    return as_error(await w.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"}))


UNAVAILABLE = (Closed("unavailable"),)
NOT_APPROVED = (False, "account", "denied", "account")
NO_TOKEN = (401, "invalid_token")
CAUSES: dict[str, tuple[Cause, Answer, Answer]] = {
    "person disabled": (disable_person, (400, "unknown_user_id"), (400, "access_denied")),
    "person deleted": (delete_person, (400, "unknown_user_id"), (400, "access_denied")),
    "pair blocked": (block_pair, (403, "access_denied"), (400, "access_denied")),
    "client disabled": (disable_client, (401, "invalid_client"), (401, "invalid_client")),
    "client removed": (remove_client, (401, "invalid_client"), (401, "invalid_client")),
    "grant removed": (take_grant, (400, "unauthorized_client"), (400, "unauthorized_client")),
}


STEPS: dict[str, tuple[Step, Callable[[str], Answer]]] = {
    "initiation": (at_initiation, lambda cause: CAUSES[cause][1]),
    "dispatch": (at_dispatch, lambda _: (False,)),
    "link": (at_the_link, lambda _: UNAVAILABLE),
    "approval": (at_approval, lambda _: NOT_APPROVED),
    "redemption": (at_redemption, lambda cause: CAUSES[cause][2]),
    "userinfo": (at_userinfo, lambda _: NO_TOKEN),
}


@pytest.mark.parametrize("step", list(STEPS))
@pytest.mark.parametrize("cause", list(CAUSES))
async def test_what_happens_before_a_step_is_answered_at_it(small_world: World, cause: str, step: str) -> None:
    act, expected = STEPS[step]
    assert await act(small_world, CAUSES[cause][0]) == expected(cause)

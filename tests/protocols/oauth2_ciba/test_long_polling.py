"""Polls that wait: woken by the move, found where the wake-up was lost, capped, and never redeemed for nobody."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import httpx2
import pytest
from starlette.applications import Starlette

from engine.storage import Database
from protocols.oauth2 import Hold, KeyMaterial, OAuthError
from protocols.oauth2_ciba import CibaSettings, Limits, WaitLimits
from protocols.oauth2_ciba.endpoints import protocol_routes
from protocols.oauth2_ciba.moves import move
from protocols.oauth2_ciba.states import Event, State
from protocols.oauth2_ciba.waiting import Waiters
from protocols.oauth2_ciba.watching import Watch
from tests.fixtures.serving import serving
from tests.protocols.oauth2_ciba.breaking import grant_of, token_request
from tests.protocols.world import BANK, GRANT, ISSUER, SECRETS, SHOP, World, as_error, make_world

pytestmark = pytest.mark.anyio

PENDING, SLOW_DOWN = (400, "authorization_pending"), (400, "slow_down")
PATIENCE = 20


async def long_poll(world: World, auth_req_id: str, wait: str = "30", *, client: str = SHOP) -> httpx2.Response:
    form = {"grant_type": GRANT, "auth_req_id": auth_req_id}
    return await world.post("/oauth2/token", form, client=client, Prefer=f"wait={wait}")


async def begun(world: World, *polls: Awaitable[httpx2.Response]) -> list["asyncio.Task[httpx2.Response]"]:
    """Begin *polls* and return them once all wait."""
    before = len(world.records.waiters)
    tasks = [asyncio.ensure_future(poll) for poll in polls]
    while len(world.records.waiters) < before + len(tasks):  # noqa: ASYNC110 - nobody is told of it
        await asyncio.sleep(0.005)
    return tasks


async def answer_of(task: "asyncio.Task[httpx2.Response]") -> httpx2.Response:
    return await asyncio.wait_for(task, PATIENCE)


def blind(world: World) -> None:
    """Nobody looks at the database: what ends a wait is the hook of the move's commit."""
    world.ciba._grant._holding._watch._every = 3600


async def test_the_approval_wakes_the_poll_that_waits_for_it(world: World) -> None:
    blind(world)
    auth_req_id = await world.asked()
    (waiting,) = await begun(world, long_poll(world, auth_req_id))
    await world.approve(auth_req_id)
    answer = await answer_of(waiting)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) >= {"access_token", "id_token"}
    assert answer.headers["preference-applied"] == "wait=30"
    assert (await world.row(auth_req_id)).status is State.REDEEMED
    assert len(world.records.waiters) == 0


async def test_every_end_wakes_too(small_world: World) -> None:
    world = small_world
    blind(world)
    refused, faulty = await world.asked(), await world.asked()
    polls = await begun(world, long_poll(world, refused), long_poll(world, faulty))
    await world.end("ciba.login", refused, await world.claimed(refused), "denied", by="person")
    await world.end("ciba.login", faulty, await world.claimed(faulty), "fault", code="broken")
    assert [as_error(await answer_of(poll)) for poll in polls] == [(400, "access_denied"), (400, "expired_token")]


async def test_what_another_process_moved_is_found_by_looking(world: World) -> None:
    auth_req_id = await world.asked()
    (waiting,) = await begun(world, long_poll(world, auth_req_id))
    row, now = await world.row(auth_req_id), world.clock.now()
    await world.database.run(lambda unit: move(unit, Event.CANCELLATION, row.request_id, now=now, reason="elsewhere"))
    assert as_error(await answer_of(waiting)) == (400, "invalid_grant")


async def test_a_move_between_the_look_and_the_wait_is_not_missed(small_world: World) -> None:
    waiters = small_world.records.waiters
    waiters.wake("r1")
    with waiters.place("r1", SHOP) as place:
        assert place is not None
        assert place.news.done()


async def test_the_wait_ends_and_the_next_poll_is_not_too_early(world: World) -> None:
    auth_req_id = await world.asked()
    answer = await long_poll(world, auth_req_id, "1")
    assert as_error(answer) == PENDING
    assert answer.headers["preference-applied"] == "wait=1"
    assert as_error(await world.poll(auth_req_id)) == PENDING
    assert as_error(await world.poll(auth_req_id)) == SLOW_DOWN, "that one was not held"


async def test_a_second_poll_while_one_waits_is_told_to_slow_down_at_once(world: World) -> None:
    auth_req_id = await world.asked()
    (waiting,) = await begun(world, long_poll(world, auth_req_id))
    world.clock.forward(20)
    assert as_error(await long_poll(world, auth_req_id)) == SLOW_DOWN
    assert (await world.row(auth_req_id)).pace.interval.seconds == 10
    assert as_error(await world.poll(auth_req_id, client=BANK)) == (400, "invalid_grant")
    await world.approve(auth_req_id)
    assert (await answer_of(waiting)).status_code == 200


async def test_a_poll_that_comes_too_early_does_not_wait(small_world: World) -> None:
    auth_req_id = await small_world.asked()
    await small_world.poll(auth_req_id)
    answer = await long_poll(small_world, auth_req_id)
    assert as_error(answer) == SLOW_DOWN
    assert "preference-applied" not in answer.headers


@pytest.mark.parametrize("wait", ["0", "soon", "-1", ""])
async def test_no_wish_to_wait_is_answered_at_once(small_world: World, wait: str) -> None:
    answer = await long_poll(small_world, await small_world.asked(), wait)
    assert as_error(answer) == PENDING
    assert "preference-applied" not in answer.headers


async def test_nobody_waits_longer_than_the_request_lives(small_world: World) -> None:
    auth_req_id = await small_world.asked(requested_expiry="1")
    (waiting,) = await begun(small_world, long_poll(small_world, auth_req_id, "999999"))
    small_world.clock.forward(1)
    answer = await answer_of(waiting)
    assert as_error(answer) == (400, "expired_token")
    assert answer.headers["preference-applied"] == "wait=30"


@pytest.mark.parametrize("limits", [WaitLimits(held=1), WaitLimits(held_each=1)], ids=["of_the_process", "of_a_client"])
async def test_above_the_cap_the_answer_comes_at_once(small_world: World, limits: WaitLimits) -> None:
    world = small_world
    world.records.waiters._limits = limits
    first, second = await world.asked(), await world.asked()
    (waiting,) = await begun(world, long_poll(world, first))
    answer = await long_poll(world, second)
    assert as_error(answer) == PENDING
    assert "preference-applied" not in answer.headers
    await world.approve(first)
    assert (await answer_of(waiting)).status_code == 200
    assert await begun(world, long_poll(world, await world.asked())), "the place is free again"
    world.records.waiters.stop()


async def test_shutdown_answers_everybody_at_once_and_lets_nobody_wait_again(small_world: World) -> None:
    world = small_world
    asked = [await world.asked(login_hint=hint) for hint in ("ann", "bob")]
    polls = await begun(world, *(long_poll(world, each) for each in asked))
    world.ciba.stop_waiting()
    assert [as_error(await answer_of(poll)) for poll in polls] == [PENDING] * 2
    assert as_error(await asyncio.wait_for(long_poll(world, asked[0]), PATIENCE)) == PENDING


async def test_a_client_that_goes_gives_its_place_back_and_the_tokens_stay(world: World) -> None:
    auth_req_id = await world.asked()
    async with serving(Starlette(routes=protocol_routes(world.ciba))) as origin:
        client = httpx2.AsyncClient(base_url=origin, auth=(SHOP, SECRETS[SHOP]))
        (waiting,) = await begun(world, _post(client, auth_req_id))
        waiting.cancel()
        await client.aclose()
        while len(world.records.waiters):  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0.01)
        await world.approve(auth_req_id)
        assert (await world.row(auth_req_id)).status is State.APPROVED
    assert (await world.poll(auth_req_id)).status_code == 200


async def _post(client: httpx2.AsyncClient, auth_req_id: str) -> httpx2.Response:
    form = {"grant_type": GRANT, "auth_req_id": auth_req_id}
    return await client.post("/oauth2/token", data=form, headers={"Prefer": "wait=30"}, timeout=PATIENCE)


async def test_nothing_is_redeemed_for_a_connection_that_is_closed(small_world: World) -> None:
    world = small_world
    auth_req_id = await world.approved()
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    gone.set_result(None)
    asked = replace(token_request(world, auth_req_id), hold=Hold(seconds=30, leaving=gone))
    with pytest.raises(OAuthError, match="authorization_pending"):
        await grant_of(world).answer(asked)
    assert (await world.row(auth_req_id)).status is State.APPROVED


async def test_one_look_serves_all_that_wait() -> None:
    class Counting:
        def __init__(self) -> None:
            self.looks = 0

        async def read(self, fn: object) -> list[str]:
            self.looks += 1
            return ["r3"]

    database, waiters = Counting(), Waiters(WaitLimits())
    watch = Watch(database=database, waiters=waiters, every=0.001)  # type: ignore[arg-type]  # it only reads
    places = [waiters.place(f"r{number}", SHOP) for number in range(40)]
    held = [place.__enter__() for place in places]
    await watch._look()
    assert database.looks == 1
    assert [place.request_id for place in held if place is not None and place.news.done()] == ["r3"]
    for place in places:
        place.__exit__(None, None, None)
    watch.begin()
    assert watch._task is not None
    await asyncio.wait_for(watch._task, PATIENCE)
    assert database.looks == 1, "where nobody waits nobody looks"


async def test_a_database_that_is_away_ends_no_wait(small_world: World) -> None:
    class Away:
        async def read(self, fn: object) -> list[str]:
            raise ConnectionError

    waiters = Waiters(WaitLimits())
    watch = Watch(database=Away(), waiters=waiters, every=0.001)  # type: ignore[arg-type]  # it only reads
    with waiters.place("r1", SHOP) as place:
        watch.begin()
        await asyncio.sleep(0.02)
        assert watch._task is not None
        assert not watch._task.done()
        assert place is not None
        assert not place.news.done()


async def test_those_who_wait_keep_nothing_busy(database: Database, key_material: KeyMaterial) -> None:
    """More wait than there are connections or threads: others are served all the same."""
    limits = Limits(pair_pending=99, pair_minute=99, person_pending=99, person_minute=99)
    async with make_world(database, key_material, CibaSettings(issuer=ISSUER, limits=limits)) as world:
        asked = [await world.asked() for _ in range(40)]
        polls = await begun(world, *(long_poll(world, each) for each in asked))
        assert as_error(await asyncio.wait_for(world.poll(await world.asked()), PATIENCE)) == PENDING
        world.ciba.stop_waiting()
        assert {as_error(await answer_of(poll)) for poll in polls} == {PENDING}

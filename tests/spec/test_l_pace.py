"""1L. The pace of polls (CIBA Core sections 10.1 and 11)."""

import asyncio

import pytest

from engine.storage import StorageUnavailable
from tests.protocols.world import GRANT, World, as_error
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

PACE = "protocols/oauth2/pace.py"


async def poll_after(world: World, auth_req_id: str, seconds: float) -> tuple[int, str]:
    world.clock.forward(seconds)
    return as_error(await world.poll(auth_req_id))


@requirement(
    59,
    "The interval counts from the moment the client sends: half a second early is not too early",
    Mutation(PACE, "TOLERANCE = timedelta(milliseconds=500)", "TOLERANCE = timedelta(milliseconds=-500)"),
)
async def test_059_the_interval_is_the_clients(world: World) -> None:
    auth_req_id = await world.asked()
    assert await poll_after(world, auth_req_id, 0) == (400, "authorization_pending")
    assert await poll_after(world, auth_req_id, 4.6) == (400, "authorization_pending")
    assert await poll_after(world, auth_req_id, 5) == (400, "authorization_pending")
    assert await poll_after(world, auth_req_id, 4) == (400, "slow_down")


@requirement(
    61,
    "Overload is 503 with `Retry-After` and a JSON error",
    Mutation("protocols/oauth2/endpoints.py", 'status=503, headers={"Retry-After": _RETRY_AFTER}', "status=503"),
)
async def test_061_overload_is_503_with_retry_after(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(_fn: object) -> None:
        raise StorageUnavailable("away")

    monkeypatch.setattr(world.database, "run", run)
    answer = await world.poll("anything")
    assert as_error(answer) == (503, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) > 0


@requirement(
    62,
    "`slow_down` makes the interval of this request five seconds longer, for good",
    Mutation(PACE, "STEP = timedelta(seconds=5)", "STEP = timedelta(seconds=0)"),
)
async def test_062_slow_down_adds_five_seconds_for_good(world: World) -> None:
    auth_req_id = await world.asked()
    await poll_after(world, auth_req_id, 0)
    assert await poll_after(world, auth_req_id, 1) == (400, "slow_down")
    assert await poll_after(world, auth_req_id, 6) == (400, "slow_down")  # 7 s since the last that counts
    assert await poll_after(world, auth_req_id, 4) == (400, "authorization_pending")
    assert await poll_after(world, auth_req_id, 9) == (400, "slow_down")


@requirement(
    63,
    "Who goes on too fast is told `invalid_request`; the request lives on",
    Mutation(PACE, "PATIENCE = 10", "PATIENCE = 1000"),
)
async def test_063_patience_ends(world: World) -> None:
    auth_req_id = await world.asked()
    await poll_after(world, auth_req_id, 0)
    answers = [await poll_after(world, auth_req_id, 0.1) for _ in range(11)]
    assert answers == [(400, "slow_down")] * 10 + [(400, "invalid_request")]
    await world.approve(auth_req_id)
    assert (await world.poll(auth_req_id)).status_code == 200


@requirement(
    64,
    "What is final is told at once, however early the poll",
    Mutation(
        "protocols/oauth2_ciba/evaluation.py",
        "    match state:\n        case State.REDEEMED:",
        "    if request.pace.is_too_early(poll.now):\n        state = State.PENDING\n"
        "    match state:\n        case State.REDEEMED:",
    ),
)
async def test_064_slow_down_never_hides_a_result(world: World) -> None:
    auth_req_id, other = await world.asked(), await world.asked()
    for each in (auth_req_id, other):
        assert as_error(await world.poll(each)) == (400, "authorization_pending")
    await world.approve(auth_req_id)
    assert (await world.poll(auth_req_id)).status_code == 200
    world.clock.forward(4.9)
    await world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": other})
    assert as_error(await world.poll(other)) == (400, "invalid_grant")


@requirement(
    60,
    "A poll may wait for its result, 30 seconds at most, and is woken by it",
    Mutation(
        "protocols/oauth2/endpoints.py",
        "        return await _hold_back(request, grant, asked, seconds)",
        "        return json_response(await grant.answer(asked))",
    ),
    Mutation(
        "protocols/oauth2_ciba/transitions.py", "unit.after_commit(partial(self._waiters.wake, ", "(partial(print, "
    ),
)
async def test_060_a_poll_waits_for_its_result(world: World) -> None:
    world.ciba._grant._holding._watch._every = 3600  # what wakes is the move itself
    auth_req_id = await world.asked()
    form = {"grant_type": GRANT, "auth_req_id": auth_req_id}
    waiting = asyncio.ensure_future(world.post("/oauth2/token", form, Prefer="wait=99"))
    while not (waiting.done() or len(world.records.waiters)):  # noqa: ASYNC110 - nobody is told of it
        await asyncio.sleep(0.005)
    await world.approve(auth_req_id)
    answer = await asyncio.wait_for(waiting, 5)
    assert (answer.status_code, answer.headers["preference-applied"]) == (200, "wait=30")

"""A client takes its request back (requirement 159)."""

import pytest

from tests.protocols.world import BANK, PUSHY, SHOP, World, as_error

pytestmark = pytest.mark.anyio


async def cancel(world: World, auth_req_id: str, *, client: str = SHOP) -> tuple[int, object]:
    answer = await world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": auth_req_id}, client=client)
    return answer.status_code, answer.json().get("error", answer.json())


async def test_a_pending_request_is_cancelled_as_often_as_asked(world: World) -> None:
    auth_req_id = await world.asked()
    for _ in range(3):
        assert await cancel(world, auth_req_id) == (200, {"status": "cancelled"})
    assert as_error(await world.poll(auth_req_id)) == (400, "invalid_grant")


async def test_another_clients_and_unknown_requests_are_one_answer(world: World) -> None:
    auth_req_id = await world.asked()
    assert await cancel(world, auth_req_id, client=BANK) == (400, "invalid_grant")
    assert await cancel(world, "unknown") == (400, "invalid_grant")
    assert await cancel(world, auth_req_id, client=PUSHY) == (400, "unauthorized_client")
    assert as_error(await world.poll(auth_req_id)) == (400, "authorization_pending")


async def test_a_decided_request_stays_decided(world: World) -> None:
    auth_req_id = await world.approved()
    assert await cancel(world, auth_req_id) == (400, "invalid_grant")
    assert (await world.poll(auth_req_id)).status_code == 200
    assert await cancel(world, auth_req_id) == (400, "invalid_grant")

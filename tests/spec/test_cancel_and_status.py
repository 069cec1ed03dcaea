"""Endpoints of our own: a client takes a request back, or asks how it stands."""

import pytest

from protocols.oauth2_ciba.states import State
from tests.protocols.world import BANK, SHOP, World, as_error
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

CANCEL, STATUS = "/oauth2/bc-authorize/cancel", "/oauth2/bc-authorize/status"


@requirement(
    159,
    "Cancelling a pending request is final and idempotent; another client's is `invalid_grant`",
    Mutation(
        "protocols/oauth2_ciba/cancellation.py", "    if request.status is State.CANCELLED:", "    if request is None:"
    ),
    Mutation(
        "protocols/oauth2_ciba/cancellation.py",
        "if request is None or request.client_id != client.client_id:",
        "if request is None:",
    ),
)
async def test_159_a_client_takes_its_request_back(world: World) -> None:
    auth_req_id = await world.asked()
    form = {"auth_req_id": auth_req_id}
    assert as_error(await world.post(CANCEL, form, client=BANK)) == (400, "invalid_grant")
    for _ in range(2):
        answer = await world.post(CANCEL, form)
        assert (answer.status_code, answer.json()) == (200, {"status": "cancelled"})
    assert (await world.row(auth_req_id)).status is State.CANCELLED
    assert as_error(await world.poll(auth_req_id)) == (400, "invalid_grant")


@requirement(
    160,
    "The status takes the same authentication, gives no tokens and counts as a poll",
    Mutation(
        "protocols/oauth2_ciba/status.py", "        set_pace(unit, request.request_id, counted.pace)", "        pass"
    ),
    Mutation(
        "protocols/oauth2_ciba/status.py",
        "if request is None or request.client_id != client.client_id:",
        "if request is None:",
    ),
)
async def test_160_the_status_counts_as_a_poll(world: World) -> None:
    auth_req_id = await world.asked()
    form = {"auth_req_id": auth_req_id}
    assert as_error(await world.post(STATUS, form, client=BANK)) == (400, "invalid_grant")
    assert as_error(await world.http.post(STATUS, data=form)) == (401, "invalid_client")
    assert (await world.post(STATUS, form, client=SHOP)).json()["status"] == "pending"
    assert as_error(await world.poll(auth_req_id)) == (400, "slow_down")
    await world.approve(auth_req_id)
    approved = (await world.post(STATUS, form)).json()
    assert approved["status"] == "approved"
    assert not [name for name in approved if "token" in name]

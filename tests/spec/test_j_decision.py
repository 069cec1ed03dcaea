"""1J. How the person is asked (CIBA Core section 8)."""

import pytest

from tests.protocols.world import World
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio


@requirement(
    52,
    "The person signs in and is shown who asks, for what, and with what message",
    Mutation("protocols/oauth2_ciba/layer.py", "requester=landing.requester,", 'requester="",'),
    Mutation("protocols/oauth2_ciba/layer.py", "permissions=landing.permissions,", "permissions=(),"),
    Mutation("protocols/oauth2_ciba/layer.py", "binding_message=landing.binding_message,", "binding_message=None,"),
)
async def test_052_the_person_sees_who_asks_for_what(world: World) -> None:
    auth_req_id = await world.asked(scope="openid profile", binding_message="Order 17")
    await world.open(auth_req_id, "login-1")
    inputs = world.flows.started["login-1"].inputs
    assert (inputs["subject"], inputs["requester"], inputs["binding_message"]) == ("sub-ann", "The Shop", "Order 17")
    assert [each["name"] for each in inputs["permissions"]] == ["openid", "profile"]
    assert world.flows.started["login-1"].flow == "login_approval"

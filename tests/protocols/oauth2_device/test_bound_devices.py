"""A device's tokens are bound to the key that it proves at its polls, and a bad proof is no poll (requirement 132)."""

import pytest

from tests.protocols.changed import change, claims_in
from tests.protocols.oauth2_device.conftest import LINK, TV, DeviceWorld
from tests.protocols.provers import KEY, fresh, proof
from tests.protocols.world import as_error

pytestmark = pytest.mark.anyio

PENDING, INVALID = (400, "authorization_pending"), (400, "invalid_dpop_proof")


async def test_133_a_device_proves_its_key_at_each_poll(device: DeviceWorld) -> None:
    told = await device.begun()
    code, world = told["device_code"], device.world
    await device.type(told["user_code"])

    shown = fresh(world)
    assert as_error(await device.poll(code, proof=shown)) == PENDING
    world.clock.forward(5)
    assert as_error(await device.poll(code, proof=shown)) == INVALID
    assert as_error(await device.poll(code, proof=proof(now=world.clock.now()))) == (400, "use_dpop_nonce")
    assert as_error(await device.poll(code, proof=fresh(world))) == PENDING, "bad ones did not count: not too early"
    await device.approved(LINK)

    body = (await device.poll(code, proof=fresh(world))).json()
    assert body["token_type"] == "DPoP"
    assert claims_in(body["access_token"])["cnf"] == {"jkt": KEY.kid}


async def test_a_device_that_is_bound_has_to_show_what_it_is_bound_to(small_device: DeviceWorld) -> None:
    told = await small_device.begun()
    await small_device.type(told["user_code"])
    await small_device.approved(LINK)
    await change(small_device.world, TV, dpop_bound=1)

    assert await small_device.error(told["device_code"]) == "invalid_request"
    assert (await small_device.poll(told["device_code"], proof=fresh(small_device.world))).status_code == 200

"""The device grant (RFC 8628)."""

from collections.abc import AsyncIterator, Sequence

import pytest

from engine.storage import ENGINE_TABLES, Database, TableOwner
from protocols.oauth2 import OAUTH2_TABLES, KeyMaterial
from protocols.oauth2_ciba import CIBA_TABLES
from protocols.oauth2_device import DEVICE_TABLES
from protocols.oauth2_device.typed_codes import Typed
from tests.protocols.oauth2_device.conftest import LINK, OTHER, DeviceWorld, make_device_world
from tests.protocols.world import ISSUER, as_error
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

INITIATION = "protocols/oauth2_device/initiation.py"
REDEMPTION = "protocols/oauth2_device/redemption.py"
TYPED = "protocols/oauth2_device/typed_codes.py"


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (ENGINE_TABLES, OAUTH2_TABLES, CIBA_TABLES, DEVICE_TABLES)


@pytest.fixture
async def device(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[DeviceWorld]:
    """A world with the device grant in it."""
    async with make_device_world(sqlite_database, key_material) as made:
        yield made


@requirement(
    156,
    "A device gets `device_code`, `user_code`, `verification_uri`, `expires_in` and `interval` (section 3.2)",
    Mutation(INITIATION, '"verification_uri": page,', '"verification_url": page,'),
    Mutation(INITIATION, '"interval": int(self._interval.total_seconds()),', ""),
)
async def test_156_a_device_gets_its_codes(device: DeviceWorld) -> None:
    told = await device.begun()

    required = {"device_code", "user_code", "verification_uri", "expires_in", "interval"}
    assert set(told) == required | {"verification_uri_complete"}
    assert told["verification_uri"] == f"{ISSUER}/device"
    assert told["verification_uri_complete"] == f"{ISSUER}/device?user_code={told['user_code']}"


@requirement(
    157,
    "A poll is told pending, to slow down, refused or expired; the device code is its client's, and good once (3.5)",
    Mutation(REDEMPTION, "found.client_id != client.client_id", "found.client_id == ''"),
    Mutation(REDEMPTION, 'OAuthError("slow_down", f"wait', 'OAuthError("authorization_pending", f"wait'),
    Mutation(REDEMPTION, 'Status.DENIED: ("access_denied",', 'Status.DENIED: ("expired_token",'),
    Mutation(REDEMPTION, 'Status.EXPIRED: ("expired_token",', 'Status.EXPIRED: ("access_denied",'),
    Mutation(REDEMPTION, 'Status.REDEEMED: ("invalid_grant",', 'Status.REDEEMED: ("expired_token",'),
)
async def test_157_a_poll_is_told_how_it_stands(device: DeviceWorld) -> None:
    told, refused, late = [await device.begun() for _ in range(3)]
    code = told["device_code"]

    assert as_error(await device.poll(code, client=OTHER)) == (400, "invalid_grant")
    assert [await device.error(code), await device.error(code)] == ["authorization_pending", "slow_down"]
    assert await device.type(told["user_code"]) is Typed.FOUND
    await device.approved(LINK)
    assert "id_token" in (await device.poll(code)).json()
    assert await device.error(code) == "invalid_grant"
    assert await device.type(refused["user_code"], "R" * 43) is Typed.FOUND
    await device.open("R" * 43, "refused")
    await device.end("R" * 43, "denied", "refused")
    assert await device.error(refused["device_code"]) == "access_denied"
    device.world.clock.forward(late["expires_in"])
    assert await device.error(late["device_code"]) == "expired_token"


@requirement(
    158,
    "Codes cannot be guessed, and the person sees the code on the page, to compare it with the device's (5.1, 5.4)",
    Mutation(TYPED, "return Typed.TOO_MANY", "pass"),
    Mutation(INITIATION, "message=shown_user_code(user_code),", ""),
    Mutation("protocols/oauth2_device/user_codes.py", "_LENGTH = 8", "_LENGTH = 4"),
)
async def test_158_codes_are_compared_and_not_guessed(device: DeviceWorld) -> None:
    told = await device.begun()
    code = str(told["user_code"]).replace("-", "")
    assert 20 ** len(code) > 2**34

    assert [await device.type("BBBBBBBB") for _ in range(5)] == [Typed.WRONG] * 5
    assert await device.type(told["user_code"]) is Typed.TOO_MANY
    device.world.clock.forward(60)
    assert await device.type(told["user_code"]) is Typed.FOUND
    now = device.world.clock.now()
    landing = await device.world.database.run(lambda unit: device.door.landing(unit, LINK, now))
    assert landing is not None
    assert landing.binding_message == told["user_code"]

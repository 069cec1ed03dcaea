"""The device grant (requirements 156 to 158, RFC 8628): a code is shown, typed, and polled for."""

import asyncio

import pytest

from protocols.oauth2_device.typed_codes import Typed
from tests.protocols.oauth2_device.conftest import LINK, OTHER, DeviceWorld
from tests.protocols.world import ISSUER, SHOP, as_error

pytestmark = pytest.mark.anyio


async def test_156_a_device_gets_a_code_to_show_and_one_to_poll_with(device: DeviceWorld) -> None:
    told = await device.begun()

    code = told["user_code"]
    assert len(told.pop("device_code")) == 43
    assert told == {
        "user_code": code,
        "verification_uri": f"{ISSUER}/device",
        "verification_uri_complete": f"{ISSUER}/device?user_code={code}",
        "expires_in": 600,
        "interval": 5,
    }
    assert (len(code), code[4]) == (9, "-")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": None}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "openid unknown"}, "invalid_scope"),
        ({"resource": "no-address"}, "invalid_target"),
    ],
    ids=str,
)
async def test_156_a_request_that_cannot_be(
    small_device: DeviceWorld, changes: dict[str, str | None], error: str
) -> None:
    assert as_error(await small_device.begin(**changes)) == (400, error)


async def test_a_client_without_the_grant_gets_no_code(small_device: DeviceWorld) -> None:
    answer = await small_device.world.post("/oauth2/device_authorization", {"scope": "openid"}, client=SHOP)

    assert as_error(answer) == (400, "unauthorized_client")


async def test_157_a_device_gets_its_tokens_once_somebody_has_approved(device: DeviceWorld) -> None:
    told = await device.begun()
    assert await device.error(told["device_code"]) == "authorization_pending"
    assert await device.type(told["user_code"].lower().replace("-", " ")) is Typed.FOUND
    await device.approved(LINK)

    begun = device.world.flows.started["e1"]
    assert begun.inputs["binding_message"] == told["user_code"]  # shown on the page, to be compared (section 5.4)
    body = (await device.poll(told["device_code"])).json()
    assert {"access_token", "id_token"} <= set(body)
    assert await device.error(told["device_code"]) == "invalid_grant"


async def test_157_a_device_that_polls_too_often_is_slowed_down(small_device: DeviceWorld) -> None:
    code = (await small_device.begun())["device_code"]

    assert await small_device.error(code) == "authorization_pending"
    assert await small_device.error(code) == "slow_down"
    small_device.world.clock.forward(9)
    assert await small_device.error(code) == "slow_down"  # five seconds more, for good
    small_device.world.clock.forward(15)
    assert await small_device.error(code) == "authorization_pending"


async def test_157_what_is_over_says_so(small_device: DeviceWorld) -> None:
    refused, lost, late = [(await small_device.begun()) for _ in range(3)]
    for told, link, outcome in ((refused, "R" * 43, "denied"), (lost, "F" * 43, "fault")):
        assert await small_device.type(told["user_code"], link) is Typed.FOUND
        await small_device.open(link, link)
        await small_device.end(link, outcome, link)

    assert await small_device.error(refused["device_code"]) == "access_denied"
    assert await small_device.error(lost["device_code"]) == "expired_token"
    small_device.world.clock.forward(600)
    assert await small_device.error(late["device_code"]) == "expired_token"
    assert await small_device.type(late["user_code"]) is Typed.WRONG


async def test_a_device_code_is_its_clients(small_device: DeviceWorld) -> None:
    told = await small_device.begun()

    answer = await small_device.poll(told["device_code"], client=OTHER)
    assert as_error(answer) == (400, "invalid_grant")
    assert await small_device.error("d" * 43) == "invalid_grant"
    assert await small_device.error(told["device_code"]) == "authorization_pending"


async def test_158_guessing_codes_ends_soon(device: DeviceWorld) -> None:
    told = await device.begun()

    assert [await device.type("BBBBBBBB") for _ in range(5)] == [Typed.WRONG] * 5
    assert await device.type(told["user_code"]) is Typed.TOO_MANY
    device.world.clock.forward(60)
    assert await device.type(told["user_code"]) is Typed.FOUND


@pytest.mark.parametrize("text", ["", "BBBB", "AAAAAAAA", "BBBB-BBBB-B", "B" * 32])
async def test_158_what_is_no_code_counts_as_wrong(small_device: DeviceWorld, text: str) -> None:
    assert await small_device.type(text) is Typed.WRONG


async def test_158_a_code_typed_twice_leads_the_last_one_there(small_device: DeviceWorld) -> None:
    told = await small_device.begun()
    assert await small_device.type(told["user_code"], "A" * 43) is Typed.FOUND
    assert await small_device.type(told["user_code"], "B" * 43) is Typed.FOUND
    now = small_device.world.clock.now()

    landings = await small_device.world.database.run(
        lambda unit: [small_device.door.landing(unit, link, now) for link in ("A" * 43, "B" * 43)]
    )
    assert landings[0] is None
    assert landings[1] is not None
    assert landings[1].binding_message == told["user_code"]


async def test_of_many_polls_at_once_one_gets_tokens(device: DeviceWorld) -> None:
    told = await device.begun()
    assert await device.type(told["user_code"]) is Typed.FOUND
    await device.approved(LINK)

    answers = await asyncio.gather(*(device.poll(told["device_code"]) for _ in range(8)))
    assert [answer.status_code for answer in answers].count(200) == 1


async def test_a_person_who_was_disabled_meanwhile_gives_no_tokens(small_device: DeviceWorld) -> None:
    told = await small_device.begun()
    assert await small_device.type(told["user_code"]) is Typed.FOUND
    await small_device.approved(LINK)
    small_device.world.people.disabled.add("sub-ann")

    assert await small_device.error(told["device_code"]) == "access_denied"
    small_device.world.people.disabled.clear()
    assert await small_device.error(told["device_code"]) == "access_denied"


async def test_a_resource_may_be_narrowed_and_not_widened(small_device: DeviceWorld) -> None:
    told = await small_device.begun(resource="https://api.example")
    assert await small_device.type(told["user_code"]) is Typed.FOUND
    await small_device.approved(LINK)

    assert await small_device.error(told["device_code"], resource="https://other.example") == "invalid_target"
    assert (await small_device.poll(told["device_code"], resource="https://api.example")).status_code == 200

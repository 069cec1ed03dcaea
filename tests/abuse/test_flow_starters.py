"""Somebody who may start flows, and wants an approval to go where they choose."""

import asyncio
from pathlib import Path

import pytest

from lockhouse.configuration import SettingsInvalid
from tests.abuse.attacks import Who, attack
from tests.lockhouse.homes import copied
from tests.lockhouse.test_flow_api import serving
from tests.protocols.world import World

pytestmark = pytest.mark.anyio

STARTER: Who = "somebody who starts flows"


@attack(
    STARTER, "starts a login with a callback of their own", "a flow that takes an endpoint cannot be exposed at all"
)
async def test_a_flow_with_a_callback_is_not_started_from_outside(tmp_path: Path) -> None:
    home = await asyncio.to_thread(copied, tmp_path / "home")
    with pytest.raises(SettingsInvalid, match="endpoint"):
        async with serving(home, LOCKHOUSE_FLOW_API__EXPOSE="login_approval"):
            pass


@attack(STARTER, "starts what nobody exposed", "nothing is exposed unless the settings name it")
async def test_nothing_is_exposed_by_itself(tmp_path: Path) -> None:
    async with serving(await asyncio.to_thread(copied, tmp_path / "home")) as client:
        answer = await client.post("/flows/login_approval/executions", json={"inputs": {}})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_flow")


@attack(
    STARTER,
    "approves at the address where the conformance suite decides",
    "it is there in development alone, and wants a key that stands in the suite's configuration",
)
async def test_nobody_decides_at_the_suites_address(tmp_path: Path) -> None:
    home = await asyncio.to_thread(copied, tmp_path / "home")
    asked = {"auth_req_id": "a" * 43, "action": "allow", "key": "k" * 43}
    async with serving(home) as client:
        assert (await client.post("/development/decide", params=asked)).status_code == 403
    people = {"LOCKHOUSE_DEVELOPMENT": "false", "LOCKHOUSE_ISSUER": "https://id.example"}
    async with serving(home, **people, LOCKHOUSE_MAIL__DIRECTORY="mail") as client:
        for host in ("id.example", "localhost:8400"):
            answer = await client.post("/development/decide", params=asked, headers={"Host": host})
            assert answer.status_code == {"id.example": 404, "localhost:8400": 421}[host]


@attack(STARTER, "brings the approval of one request to another", "an assertion names execution, request and flow")
async def test_an_approval_is_for_its_own_request(world: World) -> None:
    auth_req_id, other = await world.asked(), await world.asked()
    await world.claimed(auth_req_id)
    await world.claimed(other)
    claims = await world.claims(auth_req_id)
    changes: tuple[dict[str, object], ...] = (
        {"correlation": (await world.row(other)).request_id},
        {"execution": (await world.row(other)).login_execution_id},
        {"flow_digest": "digest of a flow of mine"},
        {"granted": ["openid", "profile", "email"]},
        {"methods": []},
    )
    for number, change in enumerate(changes):
        wrong = world.assertion_key.sign({**claims, "jti": f"wrong-{number}", **change})
        assert not (await world.receive(wrong)).accepted, change
    assert (await world.receive(world.assertion_key.sign(claims))).accepted


@attack(STARTER, "sends an assertion twice, or another under its name", "a jti has one meaning, and one effect")
async def test_an_assertion_has_one_effect(world: World) -> None:
    auth_req_id = await world.asked()
    await world.claimed(auth_req_id)
    claims = await world.claims(auth_req_id, granted=["openid"])
    first = await world.receive(world.assertion_key.sign(claims))
    again = await world.receive(world.assertion_key.sign(claims))
    more = await world.receive(world.assertion_key.sign({**claims, "granted": ["openid", "profile"]}))
    assert (first.accepted, again.accepted, more.accepted) == (True, True, False)
    assert (await world.row(auth_req_id)).granted == ("openid",)

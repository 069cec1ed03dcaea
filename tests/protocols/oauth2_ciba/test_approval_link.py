"""The link, the attempts opened from it, and the claim."""

import asyncio

import pytest

from protocols.oauth2 import Closed, Landing, Opened, Permission, permissions_of
from protocols.oauth2_ciba.decoys import Dispatch
from protocols.oauth2_ciba.guard import block
from protocols.oauth2_ciba.states import State
from tests.protocols.world import SHOP, World

pytestmark = pytest.mark.anyio


async def dispatch(world: World, request_id: str) -> Dispatch:
    return await world.database.read(lambda unit: world.records.dispatch(unit, request_id))


async def landing(world: World, auth_req_id: str) -> Landing:
    link, now = await world.link(auth_req_id), world.clock.now()
    found = await world.database.read(lambda unit: world.ciba.landing(unit, link, now))
    assert found is not None
    return found


async def test_the_landing_tells_who_asks_for_what_and_changes_nothing(world: World) -> None:
    auth_req_id = await world.asked(binding_message="Tisch 4: 17,50 €")
    before = await world.row(auth_req_id)
    for _ in range(50):
        found = await landing(world, auth_req_id)
    assert (found.status, found.requester, found.subject) == ("pending", "The Shop", "sub-ann")
    assert (found.binding_message, found.claimed_by, found.allowed) == ("Tisch 4: 17,50 €", None, True)
    assert found.permissions == (
        Permission(name="openid", title="Know who you are", description=None, required=True),
        Permission(name="profile", title="See your name", description="Your name and user name", required=False),
    )
    assert (found.created_at, found.expires_at) == (before.created_at, before.expires_at)
    assert await world.row(auth_req_id) == before


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "x", lambda t: t.swapcase(), lambda t: f"\udc80{t}"]
)
async def test_a_link_with_one_wrong_character_leads_nowhere(small_world: World, change: object) -> None:
    assert callable(change)
    auth_req_id = await small_world.asked()
    link, now = change(await small_world.link(auth_req_id)), small_world.clock.now()
    assert await small_world.database.read(lambda unit: small_world.ciba.landing(unit, link, now)) is None
    opened = await small_world.database.run(
        lambda unit: small_world.ciba.open_attempt(unit, link=link, execution="x", now=now)
    )
    assert opened == Closed("unknown")


async def test_opening_starts_the_login_flow_with_the_hinted_person_as_its_fixed_subject(world: World) -> None:
    auth_req_id = await world.asked(binding_message="Order 17")
    row = await world.row(auth_req_id)
    opened = await world.open(auth_req_id, "first")
    begun = world.flows.started[world.real("first")]
    journey = world.settings.composition == "one_flow"
    assert opened == (Opened(None, row.flow_execution_id) if journey else Opened(None))
    assert (begun.on_end, begun.correlation) == ("ciba.journey" if journey else "ciba.login", row.request_id)
    assert {name: value for name, value in begun.inputs.items() if name not in {"message", "link"}} == {
        "subject": "sub-ann",
        "requester": "The Shop",
        "binding_message": "Order 17",
        "permissions": [
            {"name": "openid", "title": "Know who you are", "required": True},
            {
                "name": "profile",
                "title": "See your name",
                "required": False,
                "description": "Your name and user name",
            },
        ],
        "callback": "ciba",
        "correlation": row.request_id,
        "expires_at": row.expires_at,
    }


async def test_without_a_binding_message_the_flow_gets_none(small_world: World) -> None:
    auth_req_id = await small_world.asked(binding_message=None)
    await small_world.open(auth_req_id, "first")
    assert "binding_message" not in small_world.flows.started[small_world.real("first")].inputs
    assert (await landing(small_world, auth_req_id)).binding_message is None


async def test_a_fourth_attempt_displaces_the_oldest(world: World) -> None:
    auth_req_id = await world.asked()
    opened = []
    for name in ("a", "b", "c", "d", "e"):
        opened.append(await world.open(auth_req_id, name))
        world.clock.forward(1)
    assert [each.displaced for each in opened] == [None, None, None, world.real("a"), "b"]
    assert not await world.claim(auth_req_id, "a")
    assert await world.claim(auth_req_id, "c")


async def test_an_attempt_that_ended_makes_room(world: World) -> None:
    auth_req_id = await world.asked()
    for name in ("a", "b", "c"):
        await world.open(auth_req_id, name)
    await world.claim(auth_req_id, "c")
    await world.end("ciba.login", auth_req_id, "a", "cancelled", reason="gone")
    assert (await world.row(auth_req_id)).status is State.PENDING
    assert await world.open(auth_req_id, "d") == Closed("claimed")


async def test_the_first_right_credential_claims_and_the_others_are_told(world: World) -> None:
    auth_req_id = await world.asked()
    await world.open(auth_req_id, "a")
    await world.open(auth_req_id, "b")
    assert await world.claim(auth_req_id, "b")
    assert await world.claim(auth_req_id, "b")
    assert not await world.claim(auth_req_id, "a")
    assert (await landing(world, auth_req_id)).claimed_by == "b"
    assert (await world.row(auth_req_id)).flow_digest == "digest of login_approval"


async def test_of_attempts_that_claim_at_once_one_wins(world: World) -> None:
    auth_req_id = await world.asked()
    for name in ("a", "b", "c"):
        await world.open(auth_req_id, name)
    claims = await asyncio.gather(*(world.claim(auth_req_id, name) for name in "abcabcabc"))
    assert sum(claims) == 3
    winner = (await world.row(auth_req_id)).login_execution_id
    assert [won for name, won in zip("abcabcabc", claims, strict=True) if world.real(name) == winner] == [True] * 3


@pytest.mark.parametrize("who", ["sub-bob", ""])
async def test_another_person_cannot_claim(world: World, who: str) -> None:
    """Mistake 11 of the reference system: the authenticated person was not compared with the hinted one."""
    auth_req_id = await world.asked()
    await world.open(auth_req_id, "a")
    row, now = await world.row(auth_req_id), world.clock.now()
    assert not await world.database.run(
        lambda unit: world.records.claim(unit, execution="a", correlation=row.request_id, subject=who, now=now)
    )


async def test_an_execution_that_was_not_opened_from_the_link_cannot_claim(world: World) -> None:
    auth_req_id, other = await world.asked(), await world.asked()
    await world.open(other, "of the other")
    assert not await world.claim(auth_req_id, "of the other")
    assert not await world.claim(auth_req_id, "nobody's")


async def test_the_link_dies_with_the_request(world: World) -> None:
    expired = await world.asked(requested_expiry="10")
    approved, cancelled = await world.approved(), await world.asked()
    await world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": cancelled})
    await world.open(expired, "in time")
    world.clock.forward(10)
    assert not await world.claim(expired, "in time")
    for auth_req_id, status in ((expired, "expired"), (approved, "approved"), (cancelled, "cancelled")):
        assert (await landing(world, auth_req_id)).status == status
        assert await world.open(auth_req_id, "late") == Closed(status)


@pytest.mark.parametrize("cause", ["person disabled", "pair blocked", "client disabled"])
async def test_the_guard_at_the_link_asks_for_a_neutral_page(world: World, cause: str) -> None:
    auth_req_id, now = await world.asked(), world.clock.now()
    match cause:
        case "person disabled":
            world.people.disabled.add("sub-ann")
        case "pair blocked":
            await world.database.run(lambda unit: block(unit, SHOP, "sub-ann", reason="not_me", now=now))
        case _:
            await world.database.run(lambda unit: world.records.clients.disable(unit, SHOP))
    row = await world.row(auth_req_id)
    assert not (await landing(world, auth_req_id)).allowed
    assert await world.open(auth_req_id, "a") == Closed("unavailable")
    assert await dispatch(world, row.request_id) is Dispatch.DROP
    assert (await world.row(auth_req_id)).status is State.PENDING


def test_a_scope_that_has_left_the_settings_is_shown_by_its_name() -> None:
    assert permissions_of(["old"], {}) == (Permission(name="old", title="old", description=None, required=False),)


async def test_a_message_may_go_out_while_the_guard_says_yes(small_world: World) -> None:
    row = await small_world.row(await small_world.asked())
    assert await small_world.database.read(
        lambda unit: small_world.records.dispatch(unit, row.request_id) is Dispatch.SEND
    )
    assert not await small_world.database.read(
        lambda unit: small_world.records.dispatch(unit, "unknown") is Dispatch.SEND
    )


async def test_no_message_goes_out_about_a_request_that_is_decided(small_world: World) -> None:
    """A mail server that was down must not bring people links that are dead."""
    auth_req_id = await small_world.asked()
    row = await small_world.row(auth_req_id)
    await small_world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": auth_req_id})
    assert not await small_world.database.read(
        lambda unit: small_world.records.dispatch(unit, row.request_id) is Dispatch.SEND
    )


async def test_the_journey_that_claims_is_pinned_to_the_version_it_began_with(small_world: World) -> None:
    auth_req_id = await small_world.asked()
    await small_world.claimed(auth_req_id)
    row = await small_world.row(auth_req_id)
    own = {"two_flows": "login_approval", "one_flow": "ciba_journey"}[small_world.settings.composition]
    assert row.flow_digest == f"digest of {own}"

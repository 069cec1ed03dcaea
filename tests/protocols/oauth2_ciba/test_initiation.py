"""bc-authorize: parameters, their order, and what comes of them (requirements 20 to 35, 46 to 51, 84 to 92)."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, null, select, update

from protocols.oauth2.tables import CLIENTS
from protocols.oauth2_ciba.guard import block
from protocols.oauth2_ciba.tables import REQUESTS
from tests.protocols.world import BANK, ISSUER, NOON, PUSHY, SECRETS, SHOP, World, as_error

pytestmark = pytest.mark.anyio

_COUNT = select(func.count()).select_from(REQUESTS)


async def stored(world: World) -> int:
    return int(await world.database.run(lambda unit: unit.execute(_COUNT).scalar()) or 0)


async def test_a_request_is_stored_and_its_notification_started_in_one_unit(world: World) -> None:
    auth_req_id = await world.asked()
    row = await world.row(auth_req_id)
    assert (row.client_id, row.user_id, row.scopes) == (SHOP, "sub-ann", ("openid", "profile"))
    begun = world.flows.of(row.request_id, world.first_flow)
    journey = world.settings.composition == "one_flow"
    on_end, recipient = ("ciba.journey", "subject") if journey else ("ciba.notification", "recipient")
    assert (begun.execution, begun.on_end, begun.now) == (row.flow_execution_id, on_end, NOON)
    assert begun.inputs[recipient] == "sub-ann"
    assert begun.inputs["message"] == {
        "id": "approval.request",
        "params": {
            "requester": "The Shop",
            "binding_message": "Order 17",
            "permissions": ["Know who you are", "See your name"],
        },
    }
    assert begun.inputs["expires_at"] == row.expires_at
    assert begun.inputs["link"].startswith(f"{ISSUER}/a/")
    assert auth_req_id not in str(begun.inputs)


async def test_a_flow_that_ends_at_once_reaches_the_first_poll(world: World) -> None:
    """Mistake 8 of the reference system: 200 for a request that nobody can approve, for ever pending."""
    world.flows.at_once[world.first_flow] = ("undeliverable", {"reason": "no_address"})
    auth_req_id = await world.asked()
    assert as_error(await world.poll(auth_req_id)) == (400, "expired_token")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scope": None}, "invalid_request"),
        ({"scope": "  "}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "openid nonsense"}, "invalid_scope"),
        ({"login_hint": None}, "invalid_request"),
        ({"login_hint": ""}, "invalid_request"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"login_hint": None, "id_token_hint": "x"}, "invalid_request"),
        ({"login_hint": None, "login_hint_token": "x"}, "invalid_request"),
        ({"login_hint": "nobody"}, "unknown_user_id"),
        ({"login_hint": "twins"}, "unknown_user_id"),
        ({"requested_expiry": "0"}, "invalid_request"),
        ({"requested_expiry": "-1"}, "invalid_request"),
        ({"requested_expiry": "1.5"}, "invalid_request"),
        ({"requested_expiry": "ten"}, "invalid_request"),
        ({"requested_expiry": "\u0661"}, "invalid_request"),
        ({"request": "x.y.z"}, "invalid_request"),
        ({"request_uri": "https://x"}, "invalid_request"),
        ({"binding_message": "see https://evil.example"}, "invalid_binding_message"),
        ({"binding_message": "x" * 257}, "invalid_binding_message"),
    ],
)
async def test_each_wrong_parameter_has_its_error(
    small_world: World, change: dict[str, str | None], error: str
) -> None:
    """Requirements 26, 29, 30, 32, 33, 35, 36, 42."""
    assert as_error(await small_world.ask(**change)) == (400, error)  # type: ignore[arg-type] # key is never among them
    assert await stored(small_world) == 0


@pytest.mark.parametrize(
    ("expiry", "expires_in"), [("1", 1), ("010", 10), ("600", 600), ("601", 600), ("9" * 5000, 600), (None, 120)]
)
async def test_requested_expiry_is_honoured_from_one_second_and_clamped(
    small_world: World, expiry: str | None, expires_in: int
) -> None:
    """Requirements 35 and 49."""
    answer = await small_world.ask(requested_expiry=expiry)
    assert answer.json()["expires_in"] == expires_in
    assert isinstance(answer.json()["interval"], int)


async def test_unknown_parameters_and_what_a_poll_client_has_no_use_for_are_ignored(small_world: World) -> None:
    """Requirements 25, 27, 45, 58."""
    answer = await small_world.ask(
        client_notification_token="not stored", user_code="1234", nonce="n", request_context="{}", registration="x"
    )
    assert set(answer.json()) == {"auth_req_id", "expires_in", "interval"}


async def test_client_authentication_goes_before_the_parameters(small_world: World) -> None:
    """Requirement 46: the order."""
    wrong = await small_world.http.post("/oauth2/bc-authorize", data={"scope": ""}, auth=(SHOP, "wrong"))
    assert as_error(wrong) == (401, "invalid_client")
    assert wrong.headers["www-authenticate"] == f'Basic realm="{ISSUER}"'
    nobody = await small_world.http.post("/oauth2/bc-authorize", data={"scope": "openid"})
    assert as_error(nobody) == (401, "invalid_client")
    assert "www-authenticate" not in nobody.headers
    assert as_error(await small_world.ask(client=PUSHY, scope=None)) == (400, "unauthorized_client")


async def test_a_repeat_goes_before_client_authentication(small_world: World) -> None:
    """Requirement 24."""
    answer = await small_world.http.post(
        "/oauth2/bc-authorize",
        content=b"scope=openid&scope=openid",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(SHOP, "wrong"),
    )
    assert as_error(answer) == (400, "invalid_request")


async def test_a_disabled_person_is_answered_like_an_unknown_one(small_world: World) -> None:
    """Requirement 92: byte for byte."""
    unknown = await small_world.ask(login_hint="nobody")
    small_world.people.disabled.add("sub-ann")
    assert (await small_world.ask()).content == unknown.content
    small_world.people.disabled.clear()
    small_world.people.silent.add("sub-ann")
    assert (await small_world.ask()).content == unknown.content
    assert (await small_world.ask(login_hint="twins")).content == unknown.content


async def test_a_blocked_pair_gets_403_and_others_do_not(small_world: World) -> None:
    await small_world.database.run(lambda unit: block(unit, SHOP, "sub-ann", reason="not_me", now=NOON))
    assert as_error(await small_world.ask()) == (403, "access_denied")
    await small_world.asked(client=BANK)
    await small_world.asked(login_hint="bob")
    assert await small_world.database.run(
        lambda unit: small_world.records.lift_block(unit, client_id=SHOP, subject="sub-ann")
    )
    await small_world.asked()


async def test_interval_and_lifetime_are_settable_per_client(small_world: World) -> None:
    """A request that may live long is polled seldom, unless its client has an interval of its own."""
    own = update(CLIENTS).where(CLIENTS.c.client_id == SHOP).values(interval_seconds=1, max_expiry_seconds=259_200)
    await small_world.database.run(lambda unit: unit.execute(own).rowcount)
    answer = await small_world.ask(requested_expiry="999999")
    assert (answer.json()["interval"], answer.json()["expires_in"]) == (1, 259_200)
    none = update(CLIENTS).where(CLIENTS.c.client_id == SHOP).values(interval_seconds=null())
    await small_world.database.run(lambda unit: unit.execute(none).rowcount)
    assert (await small_world.ask(requested_expiry="601")).json()["interval"] == 15


async def test_what_client_and_person_hold_is_stored_only_as_a_hash(world: World) -> None:
    auth_req_id = await world.asked(binding_message="canary-message")
    link = await world.link(auth_req_id)
    rows = await world.database.run(lambda unit: unit.execute(select(REQUESTS)).all())
    everything = repr(rows)
    for secret in (auth_req_id, link, "canary-message", SECRETS[SHOP]):
        assert secret not in everything
    assert rows[0].expires_at - rows[0].created_at == timedelta(seconds=120) // timedelta(microseconds=1)


async def test_ids_are_random_and_long(small_world: World) -> None:
    """Requirement 48."""
    ids = {await small_world.asked() for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch("[A-Za-z0-9_-]{43}", each) for each in ids)

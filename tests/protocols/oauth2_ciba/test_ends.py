"""How the ends of flows move a request: the table, whose ends count, and what "not me" does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

import flow_definitions
from engine import Ended
from protocols.oauth2_ciba.ends import ENDS, LOGIN, NOTIFICATION, meaning, table
from protocols.oauth2_ciba.states import BY_EVENT, Event, State
from protocols.oauth2_ciba.tables import BLOCKS
from tests.protocols.world import BANK, SHOP, World, as_error

pytestmark = pytest.mark.anyio

FLOWS = Path(flow_definitions.__file__).parent
ERRORS = {State.DENIED: "access_denied", State.FAILED: "expired_token", State.EXPIRED: "expired_token"}


def declared(flow: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every outcome that a shipped flow declares, once for each value of its enum fields."""
    for outcome, fields in yaml.safe_load((FLOWS / f"{flow}.yaml").read_text())["outcomes"].items():
        for by in fields.get("by", [None]):
            yield outcome, {} if by is None else {"by": by}


@pytest.mark.parametrize(("role", "flow"), [(NOTIFICATION, "notification_dispatch"), (LOGIN, "login_approval")])
def test_every_end_of_the_shipped_flows_has_a_row_of_its_own(role: str, flow: str) -> None:
    for outcome, fields in [*declared(flow), ("fault", {"code": "abandoned"}), ("cancelled", {"reason": "x"})]:
        row = meaning(role, outcome, fields)
        assert row.outcome == outcome
        assert row.detail == fields.get("by", "*")


def test_every_end_of_the_journey_is_one_of_the_two_that_it_calls() -> None:
    joined, alone = dict.fromkeys(["approved", "denied", "expired"], LOGIN), {"undeliverable": NOTIFICATION}
    for outcome, fields in declared("ciba_journey"):
        assert meaning({**joined, **alone}[outcome], outcome, fields).outcome == outcome
    assert meaning(NOTIFICATION, "expired", {}).event is Event.LAPSE


def test_an_end_that_nobody_named_has_failed() -> None:
    for role in (NOTIFICATION, LOGIN):
        assert meaning(role, "unheard of", {}).event is Event.FAILURE
    assert meaning(LOGIN, "denied", {"by": "a new reason"}).event is Event.DENIAL


def test_the_printed_table_has_every_row_with_its_answers() -> None:
    for end, line in zip(ENDS, table().splitlines()[2:], strict=True):
        assert end.outcome in line
        assert (BY_EVENT[end.event].poll if end.event else "unchanged") in line


LOGIN_ENDS: list[tuple[str, dict[str, Any], State, str]] = [
    ("approved", {"granted": ["openid"]}, State.FAILED, "not_approved"),
    ("denied", {"by": "person"}, State.DENIED, "person"),
    ("denied", {"by": "not_me"}, State.DENIED, "not_me"),
    ("denied", {"by": "not_me_unverified"}, State.DENIED, "not_me_unverified"),
    ("denied", {"by": "lockout"}, State.DENIED, "lockout"),
    ("expired", {}, State.FAILED, "no_answer"),
    ("fault", {"code": "abandoned", "node": "check"}, State.FAILED, "fault: abandoned"),
    ("cancelled", {"reason": "operator"}, State.FAILED, "cancelled: operator"),
]


@pytest.mark.parametrize(("outcome", "fields", "state", "reason"), LOGIN_ENDS)
async def test_the_end_of_the_login_reaches_the_next_poll(
    world: World, outcome: str, fields: dict[str, Any], state: State, reason: str
) -> None:
    """Mistakes 26 and 32 of the reference system: reasons dropped, faults told as refusals or left pending."""
    auth_req_id = await world.asked()
    execution = await world.claimed(auth_req_id)
    await world.end("ciba.login", auth_req_id, execution, outcome, **fields)
    row = await world.row(auth_req_id)
    assert (row.status, row.reason) == (state, reason)
    assert as_error(await world.poll(auth_req_id)) == (400, ERRORS[state])


@pytest.mark.parametrize(
    ("outcome", "fields", "error", "reason"),
    [
        ("sent", {"channel": "email"}, "authorization_pending", None),
        ("undeliverable", {"reason": "no_address"}, "expired_token", "undeliverable: no_address"),
        ("fault", {"code": "deferred_timeout", "node": "by_email"}, "expired_token", "fault: deferred_timeout"),
        ("cancelled", {"reason": "operator"}, "expired_token", "cancelled: operator"),
    ],
)
async def test_the_end_of_the_notification_reaches_the_next_poll(
    world: World, outcome: str, fields: dict[str, Any], error: str, reason: str | None
) -> None:
    auth_req_id = await world.asked()
    row = await world.row(auth_req_id)
    await world.end("ciba.notification", auth_req_id, row.flow_execution_id, outcome, **fields)
    assert as_error(await world.poll(auth_req_id)) == (400, error)
    assert (await world.row(auth_req_id)).reason == reason


async def test_at_its_deadline_a_request_has_expired_whichever_flow_says_so(world: World) -> None:
    for name in ("ciba.notification", "ciba.login"):
        auth_req_id = await world.asked(requested_expiry="10")
        await world.open(auth_req_id, f"{name}-attempt")
        row = await world.row(auth_req_id)
        world.clock.forward(10)
        execution = row.flow_execution_id if name == "ciba.notification" else f"{name}-attempt"
        outcome = "undeliverable" if name == "ciba.notification" else "expired"
        await world.end(name, auth_req_id, execution, outcome)
        assert (await world.row(auth_req_id)).status is State.EXPIRED


@pytest.mark.parametrize(("outcome", "fields", "_state", "_reason"), LOGIN_ENDS)
async def test_no_end_makes_anything_else_of_what_has_expired(
    world: World, outcome: str, fields: dict[str, Any], _state: State, _reason: str
) -> None:
    """A poll was told so already, whether or not the sweep has come by."""
    auth_req_id = await world.asked(requested_expiry="10")
    execution = await world.claimed(auth_req_id)
    world.clock.forward(10)
    assert as_error(await world.poll(auth_req_id)) == (400, "expired_token")
    await world.end("ciba.login", auth_req_id, execution, outcome, **fields)
    assert (await world.row(auth_req_id)).status is State.EXPIRED
    assert as_error(await world.poll(auth_req_id)) == (400, "expired_token")


async def test_once_somebody_claimed_only_the_end_of_that_attempt_counts(world: World) -> None:
    auth_req_id = await world.asked()
    await world.open(auth_req_id, "a")
    await world.open(auth_req_id, "b")
    assert await world.claim(auth_req_id, "b")
    row = await world.row(auth_req_id)
    await world.end("ciba.login", auth_req_id, "a", "denied", by="lockout")
    await world.end("ciba.notification", auth_req_id, row.flow_execution_id, "undeliverable", reason="late")
    assert (await world.row(auth_req_id)).status is State.PENDING
    await world.end("ciba.login", auth_req_id, "b", "denied", by="person")
    assert (await world.row(auth_req_id)).status is State.DENIED


async def test_before_anybody_claimed_an_attempt_counts_unless_it_was_displaced(world: World) -> None:
    auth_req_id = await world.asked()
    for name in ("a", "b", "c", "d"):
        await world.open(auth_req_id, name)
        world.clock.forward(1)
    await world.end("ciba.login", auth_req_id, "a", "cancelled", reason="displaced")
    await world.end("ciba.login", auth_req_id, "stranger", "denied", by="person")
    assert (await world.row(auth_req_id)).status is State.PENDING
    await world.end("ciba.login", auth_req_id, "b", "denied", by="not_me_unverified")
    assert (await world.row(auth_req_id)).status is State.DENIED


async def test_the_end_after_an_approval_changes_nothing(world: World) -> None:
    auth_req_id = await world.approved()
    before = await world.row(auth_req_id)
    for outcome, fields, _, _ in LOGIN_ENDS:
        await world.end("ciba.login", auth_req_id, f"login-{auth_req_id[:12]}", outcome, **fields)
    assert await world.row(auth_req_id) == before


@pytest.mark.parametrize("name", ["ciba.login", "ciba.notification"])
async def test_an_end_of_an_unknown_request_is_no_error(small_world: World, name: str) -> None:
    over = Ended(execution="x", flow="x", outcome="fault", fields={}, correlation="gone", at=small_world.clock.now())
    assert await small_world.database.run(lambda unit: small_world.records.ends()[name](unit, over)) is None  # type: ignore[func-returns-value] # that it returns is the claim


async def blocks(world: World) -> list[tuple[str, str]]:
    return [tuple(row[:2]) for row in await world.database.run(lambda unit: unit.execute(select(BLOCKS)).all())]


async def test_an_authenticated_not_me_blocks_the_pair_and_cancels_what_else_it_asks(world: World) -> None:
    mine, same_pair, other_client = await world.asked(), await world.asked(), await world.asked(client=BANK)
    other_person = await world.asked(login_hint="bob")
    execution = await world.claimed(mine)
    await world.end("ciba.login", mine, execution, "denied", by="not_me")
    assert as_error(await world.poll(mine)) == (400, "access_denied")
    assert as_error(await world.poll(same_pair)) == (400, "invalid_grant")
    assert as_error(await world.poll(other_client, client=BANK)) == (400, "authorization_pending")
    assert as_error(await world.poll(other_person)) == (400, "authorization_pending")
    assert await blocks(world) == [(SHOP, "sub-ann")]
    assert as_error(await world.ask()) == (403, "access_denied")


async def test_an_unauthenticated_not_me_ends_this_request_and_blocks_nothing(world: World) -> None:
    mine, same_pair = await world.asked(), await world.asked()
    await world.open(mine, "a")
    await world.end("ciba.login", mine, "a", "denied", by="not_me_unverified")
    assert as_error(await world.poll(mine)) == (400, "access_denied")
    assert as_error(await world.poll(same_pair)) == (400, "authorization_pending")
    assert await blocks(world) == []


async def test_a_not_me_that_nobody_authenticated_for_blocks_nothing(world: World) -> None:
    """Whatever the flow calls it: without a claim nobody proved anything."""
    auth_req_id = await world.asked()
    await world.open(auth_req_id, "a")
    await world.end("ciba.login", auth_req_id, "a", "denied", by="not_me")
    assert (await world.row(auth_req_id)).status is State.DENIED
    assert await blocks(world) == []


async def test_not_me_and_lockout_are_told_to_the_operator(
    small_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    auth_req_id = await small_world.asked()
    await small_world.open(auth_req_id, "a")
    await small_world.end("ciba.login", auth_req_id, "a", "denied", by="not_me_unverified")
    (record,) = [record for record in caplog.records if record.message == "ciba_request_ended"]
    assert (record.levelname, vars(record)["reason"]) == ("WARNING", "not_me_unverified")
    assert vars(record)["ciba_request"] == (await small_world.row(auth_req_id)).request_id
    assert not hasattr(record, "request_id"), "that is the id of the HTTP request"
    assert re.search("sub-ann|Order 17", json.dumps({k: str(v) for k, v in vars(record).items()})) is None

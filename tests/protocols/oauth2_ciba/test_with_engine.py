"""CIBA on the real engine and the shipped flows: two flows at two times, or one journey that calls both."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

import flow_definitions
from engine import Commit, Context, Deferred, Done, Engine, Refused, Step
from engine.language import load_flows
from engine.storage import ENGINE_TABLES, Database, TableOwner, Unit
from executors.assertion_post import AssertionPost
from executors.consent import Consent
from executors.contact_channels import ContactChannels
from executors.notification_dispatch import NotificationDispatch
from executors.password_auth import PasswordAuth
from protocols.oauth2 import OAUTH2_TABLES, Closed, KeyMaterial, Opened
from protocols.oauth2_ciba import CIBA_TABLES, CibaRecords, CibaSettings
from protocols.oauth2_ciba.states import State
from tests.protocols.world import ISSUER, KEYRING, World, as_error, make_world

pytestmark = pytest.mark.anyio

CONTRACTS = (
    ContactChannels.contract,
    NotificationDispatch.contract,
    PasswordAuth.contract,
    Consent.contract,
    AssertionPost.contract,
)


class EmailOnly:
    """Knows everybody's address, and nobody's number."""

    def channels(self, unit: Unit, recipient: str) -> list[str]:
        return ["email"]


class Doorman:
    """Lets in whoever knows the word, and claims the request in the transaction that records it."""

    contract = PasswordAuth.contract

    def __init__(self, records: CibaRecords) -> None:
        self._records = records

    async def run(self, context: Context, inputs: Mapping[str, Any]) -> Commit | Done:
        if inputs["password"] == "locked":
            return Done("locked")
        subject = inputs["subject"]

        def conclude(unit: Unit) -> Done:
            names = {"execution": context.execution, "correlation": context.correlation}
            if not self._records.claim(unit, **names, subject=subject, now=context.now):
                raise Refused("claimed_elsewhere")
            return Done("authenticated", {"subject": subject, "methods": ["pwd"], "at": context.now})

        return Commit(conclude)


class Ledger:
    """Grants what was asked for."""

    contract = Consent.contract

    def run(self, unit: Unit, context: Context, inputs: Mapping[str, Any]) -> Done:
        return Done("recorded", {"granted": list(inputs["granted"])})


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (ENGINE_TABLES, OAUTH2_TABLES, CIBA_TABLES)


class Postbox:
    """Takes every message; the link in it is what the person is sent."""

    contract = NotificationDispatch.contract

    def __init__(self) -> None:
        self.links: dict[str, str] = {}
        self.keys: dict[str, str] = {}

    def run(self, unit: Unit, context: Context, inputs: Mapping[str, Any]) -> Done | Deferred:
        if inputs["channel"] == "sms":
            return Done("undeliverable", {"reason": "no_channel"})
        if inputs["recipient"] == "sub-bob":
            return Done("undeliverable", {"reason": "no_address"})
        self.keys[context.correlation] = context.key
        self.links[context.correlation] = str(inputs["link"]).rsplit("/", 1)[1]
        return Deferred(until=inputs["until"])


@dataclass(frozen=True, kw_only=True)
class House:
    """A world whose flows run on an engine."""

    world: World
    engine: Engine
    postbox: Postbox

    async def deliver(self, auth_req_id: str) -> None:
        """Have the message arrive."""
        key, now = self.postbox.keys[(await self.world.row(auth_req_id)).request_id], self.world.clock.now()
        done: dict[str, Any] = {"key": key, "outcome": "accepted", "fields": {"channel": "email"}}
        await self.world.database.run(lambda unit: self.engine.complete(unit, **done, now=now))

    async def open(self, auth_req_id: str, execution: str, *, delivered: bool = True) -> Step:
        """Press the button behind the link, once the message has arrived, in a browser that calls it *execution*."""
        if delivered:
            await self.deliver(auth_req_id)
        link = self.postbox.links[(await self.world.row(auth_req_id)).request_id]
        now, ciba = self.world.clock.now(), self.world.ciba
        opened = await self.world.database.run(
            lambda unit: ciba.open_attempt(unit, link=link, execution=execution, now=now)
        )
        assert isinstance(opened, Opened)
        assert opened.displaced is None
        self.world.names[execution] = opened.execution or execution
        return await self.engine.inspect(self.world.real(execution))

    async def act(self, step: Step, action: str, **values: Any) -> Step:
        """Press a button of a step."""
        assert step.token is not None
        after = await self.engine.submit(step.execution, token=step.token, action=action, values=values)
        return after if after.status != "working" else await self.engine.inspect(step.execution, wait=5)


@pytest.fixture
async def house(database: Database, key_material: KeyMaterial, ciba_settings: CibaSettings) -> AsyncIterator[House]:
    flows = load_flows(flow_definitions.folder(), contracts=CONTRACTS)
    async with make_world(database, key_material, ciba_settings) as world:
        records, postbox = world.records, Postbox()
        post = AssertionPost(issuer=ISSUER, signer=world.assertion_key, local={"ciba": records})
        engine = Engine(
            database=database,
            flows=flows,
            executors=[ContactChannels(contacts=EmailOnly()), postbox, Doorman(records), Ledger(), post],
            on_end=records.ends(),
            senders={},
            keyring=KEYRING,
            clock=world.clock,
            work=False,
        )
        async with engine, world.on(engine, flow_digest=lambda name: flows.latest(name).digest) as running:
            yield House(world=running, engine=engine, postbox=postbox)


async def test_password_consent_assertion_and_approval_are_one_journey(house: House) -> None:
    auth_req_id = await house.world.asked()
    step = await house.open(auth_req_id, "login-1")
    assert (step.node, as_error(await house.world.poll(auth_req_id))) == (
        "ask_password",
        (400, "authorization_pending"),
    )
    step = await house.act(step, "submit", password="open sesame")
    assert step.node == "ask_consent"
    step = await house.act(step, "allow", granted=["openid"])
    assert (step.status, step.outcome) == ("ended", "approved")
    tokens = await house.world.poll(auth_req_id)
    assert (tokens.status_code, tokens.json()["scope"]) == (200, "openid")


@pytest.mark.parametrize("action", ["deny", "not_me"])
async def test_a_refusal_reaches_the_next_poll(house: House, action: str) -> None:
    auth_req_id = await house.world.asked()
    step = await house.act(await house.open(auth_req_id, "login-1"), "submit", password="open sesame")
    step = await house.act(step, action)
    assert (step.status, step.outcome) == ("ended", "denied")
    assert as_error(await house.world.poll(auth_req_id)) == (400, "access_denied")
    assert (await house.world.ask()).status_code == (403 if action == "not_me" else 200)


async def test_a_lockout_reaches_the_next_poll(house: House) -> None:
    auth_req_id = await house.world.asked()
    await house.act(await house.open(auth_req_id, "login-1"), "submit", password="locked")
    assert as_error(await house.world.poll(auth_req_id)) == (400, "access_denied")
    assert (await house.world.row(auth_req_id)).reason == "lockout"


async def test_not_me_before_signing_in_needs_its_box(house: House) -> None:
    auth_req_id = await house.world.asked()
    step = await house.act(await house.open(auth_req_id, "login-1"), "not_me")
    step = await house.act(step, "stop", sure=False)
    assert as_error(await house.world.poll(auth_req_id)) == (400, "authorization_pending")
    await house.act(step, "stop", sure=True)
    assert (await house.world.row(auth_req_id)).reason == "not_me_unverified"
    assert (await house.world.ask()).status_code == 200


async def test_a_message_that_nobody_can_take_reaches_the_next_poll(house: House) -> None:
    auth_req_id = await house.world.asked(login_hint="bob")
    assert as_error(await house.world.poll(auth_req_id)) == (400, "expired_token")
    assert (await house.world.row(auth_req_id)).reason == "undeliverable: no_address"


async def test_a_fault_reaches_the_next_poll(house: House) -> None:
    auth_req_id = await house.world.asked()
    first, second = [await house.open(auth_req_id, name) for name in ("login-1", "login-2")]
    await house.act(first, "submit", password="open sesame")
    elsewhere = await house.act(second, "submit", password="open sesame")
    assert elsewhere.outcome == "fault"
    assert (await house.world.row(auth_req_id)).login_execution_id == house.world.real("login-1")
    assert as_error(await house.world.poll(auth_req_id)) == (400, "authorization_pending")
    await house.engine.cancel(house.world.real("login-1"), reason="operator")
    assert (await house.world.row(auth_req_id)).reason == "cancelled: operator"


async def test_both_flows_end_with_the_request(house: House) -> None:
    auth_req_id = await house.world.asked()
    await house.open(auth_req_id, "login-1")
    house.world.clock.forward(120)
    await house.engine.run_due()
    row = await house.world.row(auth_req_id)
    assert row.status is State.EXPIRED
    for execution in (row.flow_execution_id, house.world.real("login-1")):
        assert (await house.engine.inspect(execution)).status == "ended"


async def test_who_comes_before_the_message_is_known_to_be_delivered_signs_in_all_the_same(house: House) -> None:
    auth_req_id = await house.world.asked()
    early = await house.open(auth_req_id, "early", delivered=False)
    assert (early.execution, early.node) == ("early", "ask_password")
    later = await house.open(auth_req_id, "later")
    await house.act(await house.act(early, "submit", password="open sesame"), "allow", granted=["openid"])
    assert (await house.world.row(auth_req_id)).login_execution_id == "early"
    assert (await house.world.poll(auth_req_id)).status_code == 200
    assert (await house.act(later, "submit", password="open sesame")).outcome == "fault"
    row = await house.world.row(auth_req_id)
    assert row.status is State.REDEEMED


async def test_a_request_has_one_execution_under_one_flow_and_two_under_two(house: House) -> None:
    auth_req_id = await house.world.asked()
    await house.open(auth_req_id, "login-1")
    row = await house.world.row(auth_req_id)
    joined = house.world.real("login-1") == row.flow_execution_id
    assert joined is (house.world.settings.composition == "one_flow")
    other = await house.open(auth_req_id, "login-2")
    assert other.execution == "login-2", "another browser has an attempt of its own"


async def test_a_request_begun_under_one_flow_is_finished_after_the_setting_has_changed(house: House) -> None:
    auth_req_id = await house.world.asked()
    object.__setattr__(house.world.settings, "composition", "two_flows")
    step = await house.act(await house.open(auth_req_id, "login-1"), "submit", password="open sesame")
    assert (await house.act(step, "allow", granted=["openid"])).outcome == "approved"
    assert (await house.world.poll(auth_req_id)).status_code == 200


async def test_a_press_that_is_refused_leaves_the_journey_waiting(house: House) -> None:
    auth_req_id = await house.world.asked()
    await house.deliver(auth_req_id)
    row, now, ciba = await house.world.row(auth_req_id), house.world.clock.now(), house.world.ciba
    link = house.postbox.links[row.request_id]
    house.world.people.disabled.add("sub-ann")
    refused = await house.world.database.run(lambda unit: ciba.open_attempt(unit, link=link, execution="x", now=now))
    assert refused == Closed("unavailable")
    house.world.people.disabled.clear()
    assert (await house.open(auth_req_id, "login-1")).node == "ask_password"

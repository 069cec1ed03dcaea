"""CIBA on the real engine and the shipped flows: option B, two flows at two times."""

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
from protocols.oauth2 import OAUTH2_TABLES, KeyMaterial
from protocols.oauth2_ciba import CIBA_TABLES, CibaRecords, Opened
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

    def run(self, unit: Unit, context: Context, inputs: Mapping[str, Any]) -> Done | Deferred:
        if inputs["channel"] == "sms":
            return Done("undeliverable", {"reason": "no_channel"})
        if inputs["recipient"] == "sub-bob":
            return Done("undeliverable", {"reason": "no_address"})
        self.links[context.correlation] = str(inputs["link"]).rsplit("/", 1)[1]
        return Deferred(until=inputs["until"])


@dataclass(frozen=True, kw_only=True)
class House:
    """A world whose flows run on an engine."""

    world: World
    engine: Engine
    postbox: Postbox

    async def open(self, auth_req_id: str, execution: str) -> Step:
        """Press the button behind the link."""
        link = self.postbox.links[(await self.world.row(auth_req_id)).request_id]
        now, ciba = self.world.clock.now(), self.world.ciba
        opened = await self.world.database.run(
            lambda unit: ciba.open_attempt(unit, link=link, execution=execution, now=now)
        )
        assert opened == Opened(None)
        return await self.engine.inspect(execution)

    async def act(self, step: Step, action: str, **values: Any) -> Step:
        """Press a button of a step."""
        assert step.token is not None
        after = await self.engine.submit(step.execution, token=step.token, action=action, values=values)
        return after if after.status != "working" else await self.engine.inspect(step.execution, wait=5)


@pytest.fixture
async def house(database: Database, key_material: KeyMaterial) -> AsyncIterator[House]:
    flows = load_flows(flow_definitions.folder(), contracts=CONTRACTS)
    async with make_world(database, key_material) as world:
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
    assert (await house.world.row(auth_req_id)).login_execution_id == "login-1"
    assert as_error(await house.world.poll(auth_req_id)) == (400, "authorization_pending")
    await house.engine.cancel("login-1", reason="operator")
    assert (await house.world.row(auth_req_id)).reason == "cancelled: operator"


async def test_both_flows_end_with_the_request(house: House) -> None:
    auth_req_id = await house.world.asked()
    await house.open(auth_req_id, "login-1")
    house.world.clock.forward(120)
    await house.engine.run_due()
    row = await house.world.row(auth_req_id)
    assert row.status is State.EXPIRED
    for execution in (row.flow_execution_id, "login-1"):
        assert (await house.engine.inspect(execution)).status == "ended"

"""The shipped flows with the shipped executors on a real engine: what the parts promise each other holds."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

import flow_definitions
from engine import Engine, Sender, Step
from engine.storage import Database, Keyring
from engine.testing import FakeClock
from executors.assertion_post import AssertionPost
from executors.channels.email import EmailRenderer, SmtpSender
from executors.channels.rendered import RenderedSender
from executors.channels.sms import SmsRenderer
from executors.consent import Consent
from executors.contact_channels import ContactChannels
from executors.notification_dispatch import Contact, MessageChannel, NotificationDispatch
from executors.password_auth import PasswordAuth
from tests.executors.fakes import Book, Ledger, Receiver, Said, Signer, Verifier
from tests.executors.samples import NOON, later
from tests.fixtures.databases import _sqlite_store, owners, sqlite_database
from tests.fixtures.mailbox import Behaviour, Mailbox, mailbox
from tests.flow_definitions.shipped import shipped

__all__ = ["_sqlite_store", "mailbox", "owners", "sqlite_database"]

pytestmark = pytest.mark.anyio

MESSAGE = {"id": "approval.request", "params": {"requester": "Shop", "binding_message": "W4SCT"}}
LINK = "https://id.example/a/t0ken"


class World:
    """An engine with everything in it, and a clock to move."""

    def __init__(self, database: Database, *, port: int = 25, phone: "Phone | None" = None) -> None:
        self.clock = FakeClock(NOON)
        self.verifier, self.ledger, self.receiver = Verifier(), Ledger(), Receiver(Signer())
        templates = flow_definitions.folder() / "templates" / "email"
        mails = EmailRenderer(folder=templates, sender="Lockhouse <no-reply@id.example>")
        server = SmtpSender(host="127.0.0.1", port=port, security="none")
        channels: dict[str, MessageChannel] = {"email": mails}
        senders: dict[str, Sender] = {"email": RenderedSender(renderer=mails, sender=server)}
        book = Book()
        if phone is not None:
            channels["sms"] = texts = SmsRenderer(folder=templates.with_name("sms"))
            senders["sms"] = RenderedSender(renderer=texts, sender=phone)
            book.known["ann", "sms"] = Contact(address="+491701234567")
        self.engine = Engine(
            database=database,
            flows=shipped(),
            executors=[
                PasswordAuth(verifier=self.verifier),
                Consent(ledger=self.ledger),
                ContactChannels(contacts=book),
                NotificationDispatch(contacts=book, channels=channels),
                AssertionPost(issuer="https://id.example", signer=self.receiver.signer, local={"test": self.receiver}),
            ],
            on_end={"test.end": lambda _unit, _ended: None},
            senders=senders,
            keyring=Keyring({"k1": bytes(range(32))}, "k1"),
            clock=self.clock,
            work=False,
        )

    async def begin(self, flow: str, **inputs: Any) -> Step:
        return await self.engine.begin(
            execution="e1", flow=flow, inputs=inputs, on_end="test.end", correlation="request-1"
        )

    async def notify(self) -> Step:
        return await self.begin(
            "notification_dispatch", recipient="ann", message=MESSAGE, link=LINK, expires_at=later(120)
        )

    async def log_in(self) -> Step:
        asked = [{"name": "openid", "title": "Who you are", "required": True}, {"name": "pay", "title": "Pay"}]
        return await self.begin(
            "login_approval",
            subject="ann",
            requester="Shop",
            binding_message="W4SCT",
            permissions=asked,
            callback="test",
            correlation="request-1",
            expires_at=later(120),
        )

    async def act(self, step: Step, action: str, **values: Any) -> Step:
        assert step.token is not None
        return await self.engine.submit("e1", token=step.token, action=action, values=values)

    async def after(self, seconds: float) -> Step:
        self.clock.advance(timedelta(seconds=seconds))
        await self.engine.run_due()
        return await self.engine.inspect("e1")


def end(step: Step) -> tuple[str | None, Mapping[str, Any]]:
    return step.outcome, dict(step.result)


async def test_a_message_goes_out_once_and_the_flow_says_so(sqlite_database: Database, mailbox: Mailbox) -> None:
    world = World(sqlite_database, port=mailbox.port)
    async with world.engine:
        assert (await world.notify()).status == "waiting"

        assert end(await world.after(0)) == ("sent", {"channel": "email"})
        await world.after(60)

    (received,) = mailbox.messages
    assert LINK in received.part("plain")


async def test_a_mail_server_that_is_down_is_waited_for(sqlite_database: Database, mailbox: Mailbox) -> None:
    world = World(sqlite_database, port=mailbox.port)
    mailbox.stop()
    async with world.engine:
        await world.notify()
        assert (await world.after(0)).status == "waiting"
        mailbox.start()

        assert end(await world.after(60)) == ("sent", {"channel": "email"})

    assert len(mailbox.messages) == 1


async def test_a_mail_server_that_stays_down_ends_with_the_request(sqlite_database: Database, mailbox: Mailbox) -> None:
    world = World(sqlite_database, port=mailbox.port)
    mailbox.stop()
    async with world.engine:
        await world.notify()
        await world.after(0)

        assert (await world.after(120)).outcome == "undeliverable"
        mailbox.start()
        await world.after(600)

    assert mailbox.messages == []


async def test_a_refused_recipient_ends_as_undeliverable_with_the_reason(
    sqlite_database: Database, mailbox: Mailbox
) -> None:
    world = World(sqlite_database, port=mailbox.port)
    mailbox.behave(Behaviour.REFUSE)
    async with world.engine:
        await world.notify()

        assert end(await world.after(0)) == ("undeliverable", {"reason": "recipient_refused"})


async def test_a_person_signs_in_at_the_second_try_and_approves(sqlite_database: Database) -> None:
    world = World(sqlite_database)
    async with world.engine:
        step = await world.act(await world.log_in(), "submit", password="wrong")
        assert [message.text for message in step.messages] == ["That password is not right. Tries left: 4."]

        step = await world.act(step, "submit", password="correct horse")
        assert (step.node, [choice.required for choice in step.fields[0].choices or ()]) == (
            "ask_consent",
            [True, False],
        )
        step = await world.act(step, "allow", granted=["openid", "pay"])

    assert end(step) == ("approved", {"granted": ["openid", "pay"]})
    assert world.receiver.effects == 1
    ((assertion, _),) = world.receiver.taken.values()
    assert '"sub": "ann"' in assertion
    assert [decision.shown for decision in world.ledger.kept.values()] == ["W4SCT"]


async def test_five_wrong_passwords_end_as_lockout(sqlite_database: Database) -> None:
    world = World(sqlite_database)
    async with world.engine:
        step = await world.log_in()
        for _ in range(5):
            step = await world.act(step, "submit", password="wrong")

    assert end(step) == ("denied", {"by": "lockout"})
    assert world.receiver.effects == 0


async def test_not_me_before_signing_in_needs_the_tick(sqlite_database: Database) -> None:
    world = World(sqlite_database)
    async with world.engine:
        step = await world.act(await world.log_in(), "not_me")
        step = await world.act(step, "stop", sure=False)
        assert step.node == "ask_stop"

        step = await world.act(step, "stop", sure=True)

    assert end(step) == ("denied", {"by": "not_me_unverified"})


async def test_a_callback_that_has_decided_otherwise_ends_as_expired(sqlite_database: Database) -> None:
    world = World(sqlite_database)
    world.receiver.answer = Said(accepted=False, reason="decided")
    async with world.engine:
        step = await world.act(await world.log_in(), "submit", password="correct horse")
        step = await world.act(step, "allow", granted=["openid"])

    assert end(step) == ("expired", {})


async def test_the_second_browser_to_sign_in_ends_as_a_fault_that_says_why(sqlite_database: Database) -> None:
    world = World(sqlite_database)
    world.verifier.claimed_by = "another execution"
    async with world.engine:
        step = await world.act(await world.log_in(), "submit", password="correct horse")

    assert end(step) == ("fault", {"code": "claimed_elsewhere", "node": "check"})


async def test_nobody_who_comes_too_late_is_asked(sqlite_database: Database) -> None:
    world = World(sqlite_database)
    async with world.engine:
        await world.log_in()

        assert end(await world.after(120)) == ("expired", {})


class Phone:
    """Takes every text message."""

    def __init__(self) -> None:
        self.taken: list[Mapping[str, Any]] = []

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:
        self.taken.append(payload)


async def test_after_twenty_seconds_one_text_message_goes_out_and_the_mail_is_withdrawn(
    sqlite_database: Database, mailbox: Mailbox
) -> None:
    phone = Phone()
    world = World(sqlite_database, port=mailbox.port, phone=phone)
    mailbox.stop()
    async with world.engine:
        await world.notify()
        await world.after(0)
        await world.after(19)
        assert phone.taken == []
        await world.after(1)
        assert end(await world.after(0)) == ("sent", {"channel": "sms"})
        mailbox.start()
        await world.after(60)

    assert [message["recipient"] for message in phone.taken] == ["+491701234567"]
    assert mailbox.messages == []

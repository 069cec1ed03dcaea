"""Mail that does not get through: the person is texted once; or, without a telephone, mailed when it can be."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import flow_definitions
from tests.fixtures.gateway import Called, Conduct, Gateway
from tests.fixtures.mail_server import Delivered, MailServer
from tests.fixtures.relying_party import Person, RelyingParty, link_in
from tests.fixtures.server import Lockhouse, patience, running

NUMBER = "+491701234567"
PASSWORD = "a password of bea's"
SECRET = "canary-gateway-secret"


@dataclass(kw_only=True)
class House:
    """A deployment with both channels. `bea` has a telephone, `ann` has none. What came before a test is left out."""

    lockhouse: Lockhouse
    client: RelyingParty
    mail_server: MailServer
    gateway: Gateway
    mails_before: int = field(default=0)
    calls_before: int = field(default=0)

    def texts(self, count: int) -> list[Called]:
        """Return this test's calls of the gateway when there are *count*."""
        return self.gateway.wait_for(self.calls_before + count, seconds=60)[self.calls_before :]

    def mails(self, count: int) -> list[Delivered]:
        """Return this test's mails when there are *count*."""
        return self.mail_server.wait_for(self.mails_before + count, within=60)[self.mails_before :]

    def outbox(self, count: int) -> str:
        """Return channel and status of the newest *count* messages, newest first."""
        listed = self.said(count)
        pairs = zip(re.findall(r'"channel": "(\w+)"', listed), re.findall(r'"status": "(\w+)"', listed), strict=True)
        return ", ".join(f"{channel} {state}" for channel, state in pairs)

    def said(self, count: int) -> str:
        """Return what the command line says of the newest *count* messages."""
        config = str(self.lockhouse.config)
        return self.lockhouse.run("outbox", "list", "--json", "--limit", str(count), "--config", config)

    def wait_for(self, expected: str, *, within: float = 60) -> None:
        """Return when the newest messages stand so."""
        found, count = "", expected.count(",") + 1
        for _ in patience(within, pause=0.3):
            if (found := self.outbox(count)) == expected:
                return
        raise AssertionError(f"expected {expected} within {within} s, found {found}")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("text-messages")
    flows = folder / "flows"
    shutil.copytree(flow_definitions.folder(), flows, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    file = flows / "notification_dispatch.yaml"
    shipped = file.read_text()  # one thing is made quicker: how long the mail is waited for
    assert "{after: 20s, to: by_sms}" in shipped
    file.write_text(shipped.replace("{after: 20s, to: by_sms}", "{after: 1s, to: by_sms}"))
    gateway = Gateway().start()
    with MailServer() as mail_server:
        settings = {
            **mail_server.settings,
            **gateway.settings,
            "SMS__AUTHENTICATION": "bearer",
            "SMS__SECRET": SECRET,
            "SMS__TIMEOUT": "2",
            "SMS__DEFAULT_COUNTRY": "DE",
        }
        with running(folder / "op", FLOWS__DIRECTORY=str(flows), **settings) as lockhouse:
            contacts = ["--email", "bea@example.com", "--phone", "0170 123 45 67"]
            stdin = ["--password-stdin", "--config", str(lockhouse.config)]
            lockhouse.run("person", "add", "bea", *contacts, *stdin, text=f"{PASSWORD}\n")
            with RelyingParty(lockhouse=lockhouse) as client:
                yield House(lockhouse=lockhouse, client=client, mail_server=mail_server, gateway=gateway)
    gateway.stop()


@pytest.fixture
def house(deployed: House) -> Iterator[House]:
    deployed.mails_before, deployed.calls_before = len(deployed.mail_server.delivered), len(deployed.gateway.calls)
    yield deployed
    deployed.mail_server.stop()
    deployed.mail_server.start()
    deployed.mail_server.refused.clear()
    deployed.gateway.behave(Conduct.TAKE)


def test_a_mail_server_that_refuses_connections_makes_one_text_message(house: House) -> None:
    house.mail_server.stop()
    asked = house.client.ask(login_hint="tel:0170 1234567", binding_message="W4SCT")
    (called,) = house.texts(1)
    house.mail_server.start()
    house.wait_for("sms delivered, email withdrawn")

    assert called.json["to"] == NUMBER
    assert "W4SCT" in called.json["text"]
    assert called.headers["authorization"] == f"Bearer {SECRET}"
    link = re.search(r"http://\S+/a/\S+", called.json["text"])
    assert link
    with Person.at(link[0]) as person:
        person.approve(PASSWORD)
    assert "id_token" in asked.outcome()
    assert len(house.texts(1)) == 1
    assert house.mails(0) == [], "a mail that was withdrawn must not come after all"
    log = house.lockhouse.log.read_text()
    assert all(secret not in log for secret in (SECRET, NUMBER, link[0]))


def test_a_mailbox_that_refuses_makes_one_text_message(house: House) -> None:
    house.mail_server.refused["bea@example.com"] = "550 5.1.1 no such mailbox"
    house.client.ask(login_hint="bea@example.com")

    house.wait_for("sms delivered, email undeliverable")

    assert len(house.texts(1)) == 1


def test_without_a_telephone_the_mail_goes_out_when_the_server_is_back(house: House) -> None:
    house.mail_server.stop()
    house.client.ask()
    for _ in patience(60):
        if re.search(r'"tries": [1-9]', house.said(1)):
            break
    house.mail_server.start()
    (mail,) = house.mails(1)
    house.wait_for("email delivered")

    assert link_in(mail.message)
    assert len(house.mails(1)) == 1
    assert house.texts(0) == []


def test_a_gateway_that_refuses_the_number_sends_back_to_the_mail(house: House) -> None:
    house.mail_server.stop()
    house.gateway.behave(Conduct.REFUSAL_IN_BODY)
    house.client.ask(login_hint="bea@example.com")
    house.texts(1)
    house.mail_server.start()
    house.wait_for("email delivered, sms undeliverable, email withdrawn")

    assert (len(house.texts(1)), len(house.mails(1))) == (1, 1)


@pytest.mark.parametrize("conduct", [Conduct.ERROR_IN_BODY, Conduct.HANG, Conduct.REDIRECT])
def test_a_gateway_in_trouble_is_tried_again_under_one_key(house: House, conduct: Conduct) -> None:
    house.mail_server.refused["bea@example.com"] = "550 5.1.1 no such mailbox"
    house.gateway.behave(conduct)
    house.client.ask(login_hint="bea@example.com")
    house.texts(1)
    house.gateway.behave(Conduct.TAKE)
    house.texts(2)
    house.wait_for("sms delivered, email undeliverable")

    calls = house.texts(2)
    assert {called.path for called in calls} == {"/send"}, "no redirect is followed"
    assert len({called.headers["idempotency-key"] for called in calls}) == 1


def test_a_server_with_a_wrong_template_or_gateway_does_not_start(tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    shutil.copytree(flow_definitions.folder(), flows, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    template = flows / "templates" / "sms" / "en" / "approval.request.txt.j2"
    lockhouse = Lockhouse.make(tmp_path / "op", FLOWS__DIRECTORY=str(flows))
    serve = ["serve", "--config", str(lockhouse.config), "--port", "0"]

    template.write_text("{{ requester }}\n{{ lnik }}")
    said = lockhouse.run(*serve, fails=True)
    assert re.search(r"sms/en/approval\.request\.txt\.j2:2: 'lnik' is undefined; correct the template", said)

    template.write_text("{{ requester }} {{ link }}")
    lockhouse.environ["LOCKHOUSE_SMS__URL"] = "https://gateway.example/{{ text | shout }}"
    assert "sms.url: No filter named 'shout'" in lockhouse.run(*serve, fails=True)

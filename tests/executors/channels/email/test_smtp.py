"""The sender against a real SMTP server: what is delivered, refused for good, or tried again."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import Refused, Transient
from executors.channels.email import MailFolder, Security, SmtpSender
from tests.executors.channels.email.letters import letter
from tests.fixtures.mailbox import (
    Behaviour,
    Certificates,
    Mailbox,
    MakeMailbox,
    certificates,
    closed_port,
    mailbox,
    make_mailbox,
)

__all__ = ["certificates", "mailbox", "make_mailbox"]

pytestmark = pytest.mark.anyio


def sender(box: Mailbox, **more: Any) -> SmtpSender:
    return SmtpSender(**{"host": box.host, "port": box.port, "security": "none", **more})


async def deliver(box: Mailbox, payload: Mapping[str, Any] | None = None, **more: Any) -> None:
    await sender(box, **more).deliver(key="key-1", payload=payload or letter())


async def test_the_rendered_bytes_arrive_unchanged(mailbox: Mailbox) -> None:
    await deliver(mailbox)

    (received,) = mailbox.messages
    assert (received.sender, received.recipients) == ("no-reply@id.example", ("ann@example.org",))
    assert received.mail["Message-ID"] == letter()["message_id"]
    assert "https://id.example/a/t0ken" in received.part("plain")
    assert "https://id.example/a/t0ken" in received.part("html")


async def test_every_try_sends_the_same_bytes(mailbox: Mailbox) -> None:
    await deliver(mailbox)
    await deliver(mailbox)

    first, second = mailbox.messages
    assert first.content == second.content


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [(Behaviour.REFUSE, "recipient_refused"), (Behaviour.REFUSE_MESSAGE, "message_refused")],
)
async def test_what_the_server_refuses_for_good_is_undeliverable(
    mailbox: Mailbox, behaviour: Behaviour, reason: str
) -> None:
    mailbox.behave(behaviour)

    with pytest.raises(Refused) as caught:
        await deliver(mailbox)

    assert caught.value.reason == reason
    assert "ann@example.org" not in str(caught.value)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Behaviour.DEFER, "recipient_refused_for_now"),
        (Behaviour.DEFER_MESSAGE, "message_refused_for_now"),
        (Behaviour.REFUSE_SENDER, "mail_server_refused"),
        (Behaviour.DIE_BEFORE_250, "mail_server_away"),
    ],
)
async def test_what_may_work_later_is_tried_again(mailbox: Mailbox, behaviour: Behaviour, reason: str) -> None:
    mailbox.behave(behaviour)

    with pytest.raises(Transient) as caught:
        await deliver(mailbox)
    mailbox.behave(Behaviour.ACCEPT)
    await deliver(mailbox)

    assert caught.value.reason == reason
    assert {received.mail["Message-ID"] for received in mailbox.messages} == {letter()["message_id"]}


async def test_a_server_that_dies_after_250_has_taken_the_message(mailbox: Mailbox) -> None:
    mailbox.behave(Behaviour.DIE_AFTER_250)

    await deliver(mailbox)

    assert len(mailbox.messages) == 1


async def test_a_server_that_hangs_costs_no_more_than_the_time_limit(mailbox: Mailbox) -> None:
    mailbox.behave(Behaviour.HANG)

    with pytest.raises(Transient) as caught:
        await deliver(mailbox, timeout=timedelta(milliseconds=300))

    assert caught.value.reason == "mail_server_away"


async def test_a_delivery_that_is_cancelled_ends_at_once(mailbox: Mailbox) -> None:
    mailbox.behave(Behaviour.HANG)
    delivery = asyncio.create_task(deliver(mailbox))
    await mailbox.arrived(1)

    delivery.cancel()

    with pytest.raises(asyncio.CancelledError):
        await delivery


async def test_a_server_that_is_down_is_tried_again_and_gets_the_message_when_it_is_back(mailbox: Mailbox) -> None:
    mailbox.stop()
    with pytest.raises(Transient) as caught:
        await deliver(mailbox)
    mailbox.start()

    await deliver(mailbox)

    assert caught.value.reason == "mail_server_away"
    assert len(mailbox.messages) == 1


async def test_a_name_that_nobody_has_is_tried_again() -> None:
    nowhere = SmtpSender(host="mail.invalid", port=closed_port(), security="none", timeout=timedelta(seconds=5))

    with pytest.raises(Transient):
        await nowhere.deliver(key="key-1", payload=letter())


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_message_crosses_the_network_secured(
    make_mailbox: MakeMailbox, certificates: Certificates, security: Security
) -> None:
    box = make_mailbox(security=security)

    await deliver(box, security=security, tls=certificates.client)

    assert [received.secured for received in box.messages] == [True]


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_stops_the_message(
    make_mailbox: MakeMailbox, security: Security
) -> None:
    box = make_mailbox(security=security)

    with pytest.raises(Transient) as caught:
        await deliver(box, security=security, tls=ssl.create_default_context())

    assert caught.value.reason == "mail_server_tls"
    assert box.messages == []


async def test_a_server_without_starttls_gets_nothing_in_clear(mailbox: Mailbox) -> None:
    with pytest.raises(Transient) as caught:
        await deliver(mailbox, security="starttls")

    assert caught.value.reason == "mail_server_unfit"
    assert mailbox.messages == []


async def test_the_sender_logs_in(make_mailbox: MakeMailbox, certificates: Certificates) -> None:
    box = make_mailbox(security="starttls", user="lockhouse", password="s3cret")

    await deliver(box, security="starttls", tls=certificates.client, user="lockhouse", password="s3cret")

    assert [received.user for received in box.messages] == ["lockhouse"]


async def test_a_wrong_password_is_tried_again_and_never_shown(
    make_mailbox: MakeMailbox, certificates: Certificates
) -> None:
    box = make_mailbox(security="starttls", user="lockhouse", password="s3cret")

    with pytest.raises(Transient) as caught:
        await deliver(box, security="starttls", tls=certificates.client, user="lockhouse", password="canary")

    assert caught.value.reason == "mail_server_refused"
    assert "canary" not in f"{caught.value!r} {caught.value}"


async def test_a_password_is_never_sent_in_clear_beyond_this_machine() -> None:
    with pytest.raises(ValueError, match="in clear"):
        SmtpSender(host="mail.example", port=25, security="none", user="lockhouse", password="s3cret")


async def test_an_address_beyond_ascii_is_delivered(mailbox: Mailbox) -> None:
    await deliver(mailbox, letter(address="änn@bücher.example"))

    (received,) = mailbox.messages
    assert received.recipients == ("änn@xn--bcher-kva.example",)


async def test_the_folder_gets_a_copy_of_what_was_accepted_and_of_nothing_else(
    mailbox: Mailbox, tmp_path: Path
) -> None:
    folder = MailFolder(tmp_path / "mail")
    mailbox.behave(Behaviour.REFUSE)
    with pytest.raises(Refused):
        await deliver(mailbox, folder=folder)
    assert not (tmp_path / "mail").exists()

    mailbox.behave(Behaviour.ACCEPT)
    await deliver(mailbox, folder=folder)

    (file,) = (tmp_path / "mail").iterdir()
    assert file.read_bytes() == mailbox.messages[0].content


async def test_a_folder_that_cannot_be_written_does_not_undo_a_delivery(mailbox: Mailbox, tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where a folder belongs")

    await deliver(mailbox, folder=MailFolder(tmp_path / "mail"))

    assert len(mailbox.messages) == 1

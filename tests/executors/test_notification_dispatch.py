from dataclasses import dataclass
from typing import Any

import pytest

from engine import Deferred, Fault
from executors.notification_dispatch import NotificationDispatch
from tests.executors.answers import NO_UNIT, settled
from tests.executors.fakes import Book
from tests.executors.samples import context, later

GIVEN = {
    "channel": "email",
    "recipient": "ann",
    "message": {"id": "approval.request", "params": {"requester": "Shop"}},
    "link": "https://id.example/a/t0ken",
    "until": later(120),
}


@dataclass
class Channel:
    """Knows one message."""

    refuses: str | None = None

    def check(self, *, address: str, message: str, locale: str) -> str | None:
        assert (address, locale) == ("ann@example.org", "de")
        if message != "approval.request":
            raise Fault("message_unknown")
        return self.refuses


def dispatch(*, book: Book | None = None, via: Channel | None = None, **given: Any) -> Any:
    executor = NotificationDispatch(contacts=book or Book(), channels={"email": via or Channel()})
    return executor.run(NO_UNIT, context(), {**GIVEN, **given})


def test_a_message_is_queued_and_the_outbox_completes_the_node() -> None:
    answer = dispatch()

    assert isinstance(answer, Deferred)
    (message,) = answer.send
    declared = NotificationDispatch.contract.outcomes
    assert answer.until == message.give_up_at == later(120)
    assert (message.sender, message.delivered, message.undeliverable) == ("email", "accepted", "undeliverable")
    assert set(message.delivered_fields) == set(declared["accepted"])
    assert set(declared["undeliverable"]) == {"reason"}


def test_the_channel_is_told_all_that_it_needs() -> None:
    (message,) = dispatch().send

    assert message.payload["recipient"] == "ann@example.org"
    assert (message.payload["name"], message.payload["locale"]) == ("Ann", "de")
    assert (message.payload["key"], message.payload["correlation"]) == ("key-1", "request-1")
    assert (message.payload["message"], message.payload["link"]) == (GIVEN["message"], GIVEN["link"])
    assert message.payload["until"] == later(120)


def test_the_same_task_asked_twice_queues_the_same_message() -> None:
    assert dispatch() == dispatch()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"recipient": "nobody"}, "no_address"),
        ({"channel": "sms"}, "no_channel"),
        ({"via": Channel(refuses="address_invalid")}, "address_invalid"),
    ],
)
def test_what_cannot_be_sent_is_said_at_once(given: dict[str, Any], reason: str) -> None:
    assert settled(NotificationDispatch.contract, dispatch(**given)) == ("undeliverable", {"reason": reason})


def test_an_unknown_message_is_a_fault_of_the_flow() -> None:
    with pytest.raises(Fault) as caught:
        dispatch(message={"id": "nonsense"})

    assert caught.value.reason in NotificationDispatch.contract.faults


def test_no_address_is_shown_in_a_contact() -> None:
    assert "ann" not in repr(Book().known["ann", "email"]).lower()

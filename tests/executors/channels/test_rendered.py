"""A message becomes words when it leaves."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

from engine import Fault, Refused, Transient
from executors.channels.notice import Notice
from executors.channels.rendered import RenderedSender
from tests.executors.samples import NOON, later

pytestmark = pytest.mark.anyio

QUEUED = {
    "key": "key-1",
    "correlation": "request-1",
    "now": NOON,
    "recipient": "ann@example.org",
    "name": "Ann",
    "locale": "de",
    "message": {"id": "approval.request", "params": {"requester": "Shop"}},
    "link": "https://id.example/a/t0ken",
    "until": later(120),
}


@dataclass
class Writer:
    """Writes what it is given, as it is."""

    answer: Exception | str | None = None

    def render(self, notice: Notice) -> Mapping[str, Any] | str:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or asdict(notice)


@dataclass
class Post:
    """Takes everything, but for the first *busy* times."""

    busy: int = 0
    taken: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:
        self.taken.append((key, payload))
        if len(self.taken) <= self.busy:
            raise Transient("busy", "try again")


async def test_the_words_are_made_from_what_was_queued() -> None:
    post = Post()

    await RenderedSender(renderer=Writer(), sender=post).deliver(key="key-1.1.0", payload=QUEUED)

    ((key, written),) = post.taken
    address = {"address": QUEUED["recipient"]}
    assert (key, written) == ("key-1.1.0", {name: QUEUED[name] for name in QUEUED if name != "recipient"} | address)


async def test_another_try_sends_the_same() -> None:
    post = Post(busy=1)
    sender = RenderedSender(renderer=Writer(), sender=post)

    with pytest.raises(Transient):
        await sender.deliver(key="key-1.1.0", payload=QUEUED)
    await sender.deliver(key="key-1.1.0", payload=QUEUED)

    first, second = post.taken
    assert first == second


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(Fault("message_incomplete", "no requester"), "message_incomplete"), ("address_invalid", "address_invalid")],
)
async def test_what_cannot_be_written_is_refused_for_good(answer: Exception | str, reason: str) -> None:
    post = Post()

    with pytest.raises(Refused) as caught:
        await RenderedSender(renderer=Writer(answer), sender=post).deliver(key="key-1.1.0", payload=QUEUED)

    assert (caught.value.reason, post.taken) == (reason, [])

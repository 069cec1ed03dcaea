from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine import Refused
from executors.channels.guarded import GuardedSender, Leave

pytestmark = pytest.mark.anyio


@dataclass
class Guard:
    verdicts: Mapping[str, Leave]

    async def judge(self, correlation: str) -> Leave:
        return self.verdicts.get(correlation, Leave.REFUSED)


@dataclass
class Sent:
    keys: list[str] = field(default_factory=list)

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:
        self.keys.append(key)


async def test_only_what_the_guard_lets_through_is_sent() -> None:
    sent = Sent()
    sender = GuardedSender(sender=sent, guard=Guard({"request-1": Leave.SENT}))

    await sender.deliver(key="one", payload={"correlation": "request-1"})
    with pytest.raises(Refused) as caught:
        await sender.deliver(key="two", payload={"correlation": "request-2"})

    assert (sent.keys, caught.value.reason) == (["one"], "not_allowed")


async def test_what_is_for_nobody_goes_nowhere_and_counts_as_sent() -> None:
    sent = Sent()
    sender = GuardedSender(sender=sent, guard=Guard({"decoy": Leave.DISCARDED}))

    await sender.deliver(key="one", payload={"correlation": "decoy"})

    assert sent.keys == []

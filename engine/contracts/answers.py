"""What an executor is told, and what it may answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.storage import Unit


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where and when a task runs. ``key`` names this visit of this node: the same key, the same piece of work."""

    key: str
    execution: str
    correlation: str
    flow: str
    digest: str
    node: str
    visit: int
    attempt: int
    now: datetime
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing for the outbox to deliver, stored together with the answer that carries it.

    ``payload`` is JSON, times and durations among it, and is sealed at rest. ``delivered`` and ``undeliverable`` name
    the outcomes that complete the deferred node when the sender has delivered (with ``delivered_fields``), or has given
    up (with the field ``reason``).
    """

    sender: str
    payload: Mapping[str, Any] = field(repr=False)
    delivered: str | None = None
    delivered_fields: Mapping[str, Any] = field(default_factory=_nothing, repr=False)
    undeliverable: str | None = None
    give_up_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The task has an outcome: one that its contract declares, with exactly the fields declared for it."""

    outcome: str
    fields: Mapping[str, Any] = field(default_factory=_nothing, repr=False)
    send: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """The answer comes later, by ``engine.complete``; at ``until`` the node ends as fault ``deferred_timeout``."""

    until: datetime
    send: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """Effects on our own database, run inside the transaction that records the result: exactly once.

    ``act`` may run again where that transaction is repeated: it takes no time, randomness or id of its own.
    """

    act: Callable[[Unit], Done]


Answer = Done | Deferred | Commit

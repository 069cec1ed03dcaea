"""What the runtime needs of others: executors, senders, and who is told of an end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from engine.contracts import Answer, Context, Contract, Deferred, Done
from engine.storage import Unit


class TransactionalExecutor(Protocol):
    """An executor whose work is rows of ours: it runs inside the recording transaction, exactly once."""

    @property
    def contract(self) -> Contract:
        """What it promises; ``effect`` is ``transactional``."""
        ...

    def run(self, unit: Unit, context: Context, inputs: Mapping[str, Any]) -> Done | Deferred:
        """Work without I/O of any other kind, or raise Transient, Refused or Fault."""
        ...


class ExternalExecutor(Protocol):
    """An executor that touches the world: it runs outside any transaction, at least once, under one key."""

    @property
    def contract(self) -> Contract:
        """What it promises; ``effect`` is ``external``."""
        ...

    async def run(self, context: Context, inputs: Mapping[str, Any]) -> Answer:
        """Work, or raise Transient, Refused or Fault."""
        ...


Executor = TransactionalExecutor | ExternalExecutor


class Sender(Protocol):
    """Delivers one kind of message from the outbox."""

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:
        """Deliver, the same each time for the same key; Transient is tried again, Refused is undeliverable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an execution came to its end. ``outcome`` may also be ``fault`` {code, node} or ``cancelled`` {reason}."""

    execution: str
    flow: str
    outcome: str
    fields: Mapping[str, Any] = field(repr=False)
    correlation: str
    at: datetime


OnEnd = Callable[[Unit, Ended], None]

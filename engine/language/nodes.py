"""The parts of a compiled flow: nodes of six kinds, and the ways between them. Frozen, and nothing of YAML.

Everything that running needs is here (types, contracts, positions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from typing import Literal as OneOf

from engine.contracts import Contract, Declaration, Scalar, frozen
from engine.language.values import Expression, Value

ACTION: Final = Declaration(type=Scalar("id"))
SENDER: Final = Declaration(type=Scalar("id"))


def _none() -> Mapping[str, Any]:
    return frozen({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the source something was written: line and column count from one."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A message for the person, shown at the next prompt."""

    id: str
    params: Mapping[str, Value] = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to go, what to remember on the way, and what to say."""

    to: str
    set: Mapping[str, Value] = field(default_factory=_none)
    say: Say | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """When a node that waits is left: ``after`` counts from each entry, ``at`` is a time. Exactly one is given."""

    after: timedelta | None = None
    at: Value | None = None
    to: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxVisits:
    """How often a node runs; the next entry goes on to ``to`` without running it."""

    times: int
    to: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """When the whole flow is over, and the node where it then goes on."""

    at: Value
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Which faults of a task are tried again, how often, and how long to wait before each try."""

    errors: tuple[str, ...]
    attempts: int
    backoff: timedelta
    factor: float
    max: timedelta
    jitter: OneOf["full", "none"]

    @classmethod
    def defaults(cls) -> Retry:
        """Return what holds where the author writes nothing: no wait before a retry, doubling and jitter after one."""
        return cls(
            errors=("transient",), attempts=2, backoff=timedelta(0), factor=2.0, max=timedelta(minutes=1), jitter="full"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Catch:
    """Where faults of these classes (``transient``, ``refused``, ``fault``) or reasons lead. No ``errors``: all."""

    errors: tuple[str, ...]
    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way out of a decision."""

    when: Expression
    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptField:
    """One thing that a person is asked for. ``choose`` gives texts or records with ``name`` to choose from."""

    declaration: Declaration
    choose: Value | None = None
    default: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteralTexts:
    """Texts written in the flow itself, where there is no catalogue."""

    title: str
    help: str | None = None
    fields: Mapping[str, str] = field(default_factory=_none)
    actions: Mapping[str, str] = field(default_factory=_none)
    show: Mapping[str, str] = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskNode:
    """Have an executor work; ``contract`` is what it promised when the flow was compiled."""

    id: str
    executor: str
    contract: Contract
    arguments: Mapping[str, Value] = field(default_factory=_none)
    retry: Retry | None = None
    catch: tuple[Catch, ...] = ()
    timeout: Timeout | None = None
    max_visits: MaxVisits | None = None
    routes: Mapping[str, Target] = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptNode:
    """Ask a person. ``texts`` is an id of the catalogue, or texts of its own."""

    id: str
    texts: str | LiteralTexts
    show: Mapping[str, Value] = field(default_factory=_none)
    fields: Mapping[str, PromptField] = field(default_factory=_none)
    submits: tuple[str, ...] = ("submit",)
    by: Value | None = None
    timeout: Timeout | None = None
    max_visits: MaxVisits | None = None
    routes: Mapping[str, Target] = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideNode:
    """Take the first case that holds, or ``otherwise``."""

    id: str
    cases: tuple[Case, ...]
    otherwise: Target
    timeout: Timeout | None = None
    max_visits: MaxVisits | None = None
    routes: Mapping[str, Target] = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNode:
    """Run another flow in a frame of its own. ``callee`` is the digest that the name and major number meant.

    ``catch`` holds what ``routes: {fault: node}`` means; without it a fault of the callee is this flow's fault.
    """

    id: str
    flow: str
    major: int
    callee: str
    inputs: Mapping[str, Declaration]
    outcomes: Mapping[str, Mapping[str, Declaration]]
    arguments: Mapping[str, Value] = field(default_factory=_none)
    catch: tuple[Catch, ...] = ()
    timeout: Timeout | None = None
    max_visits: MaxVisits | None = None
    routes: Mapping[str, Target] = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitNode:
    """Wait for a signal of the flow."""

    id: str
    signal: str
    timeout: Timeout | None = None
    max_visits: MaxVisits | None = None
    routes: Mapping[str, Target] = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndNode:
    """The flow is over, with one of its outcomes."""

    id: str
    outcome: str
    fields: Mapping[str, Value] = field(default_factory=_none)
    timeout: Timeout | None = None
    max_visits: MaxVisits | None = None
    routes: Mapping[str, Target] = field(default_factory=_none)


Node = TaskNode | PromptNode | DecideNode | CallNode | WaitNode | EndNode


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalDeclaration:
    """A message from outside that a flow can wait for: who may send it, what is in it, and whether it may be early."""

    sender: Value
    payload: Mapping[str, Declaration] = field(default_factory=_none)
    early: OneOf["keep", "refuse"] = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """How executions of an older version go on in this one: old node by old node."""

    from_version: str
    nodes: Mapping[str, str]

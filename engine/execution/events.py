"""What can happen to an execution, and what a transition asks for in answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.contracts import FieldProblem


def _nothing() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A flow begins. The inputs may be in either form; they are checked here."""

    execution: str
    digest: str
    inputs: Mapping[str, Any] = field(repr=False)
    locale: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A person answered the step at ``position``. Typed secrets among ``values`` are handles.

    ``token``, ``body`` and ``held`` are kept as the accepted answer, so that a repetition can be recognised.
    """

    position: str
    action: str
    values: Mapping[str, Any] = field(default_factory=_nothing, repr=False)
    token: str = ""
    body: str | None = None
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalled:
    """A signal arrived."""

    signal: str
    sender: str
    payload: Mapping[str, Any] = field(default_factory=_nothing, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """A task answered with an outcome."""

    outcome: str
    fields: Mapping[str, Any] = field(default_factory=_nothing, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A task raised: ``kind`` is the class (transient, refused, fault), ``code`` the reason."""

    kind: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """A task deferred its answer until a time."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnded:
    """The task with this key came back."""

    key: str
    result: Succeeded | Failed | Promised


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired:
    """Time has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """Somebody who may wants the execution to stop."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenUp:
    """The process that ran the task is gone, and another one takes the execution up."""


Event = Started | Submitted | Signalled | TaskEnded | TimerFired | Cancelled | TakenUp
EVENTS: tuple[type[Event], ...] = (Started, Submitted, Signalled, TaskEnded, TimerFired, Cancelled, TakenUp)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTask:
    """Have an executor work, under this key."""

    executor: str
    key: str
    node: str
    visit: int
    attempt: int
    arguments: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitInput:
    """A person is to be asked, at this node."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitSignal:
    """A signal is awaited."""

    signal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeAt:
    """The earliest timer."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """A deferred node was left: stop what it has not sent yet."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The execution is over."""

    outcome: str
    fields: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The event does not fit: nothing of it was applied. ``code`` says why."""

    code: str
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One line of the history: what happened at a node. Secrets and values for other eyes are masked.

    ``depth`` counts the flows below the one that it happened in: a called flow may have nodes of the same names.
    """

    kind: str
    node: str
    facts: Mapping[str, Any] = field(default_factory=_nothing)
    depth: int = field(default=0, compare=False)


Command = RunTask | AwaitInput | AwaitSignal | WakeAt | Withdraw | Finish | Refuse | Note

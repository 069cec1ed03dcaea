"""What a caller sees of an execution: the current step, without a word of HTML, so that any front end can draw it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text with the id and the parameters it was made from; ``id`` is empty for a text written in the flow."""

    text: str
    id: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One value that a prompt shows. ``value`` is JSON."""

    name: str
    label: str
    type: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing that may be chosen; one that is ``required`` cannot be left out."""

    name: str
    title: str
    description: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One thing that a person is asked for. ``default`` is what is shown first, None where there is nothing."""

    name: str
    type: str
    label: str
    required: bool
    constraints: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Choice, ...] | None = None
    default: Any = None
    autocomplete: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAction:
    """One way to answer. Only an action that ``submits`` takes the fields."""

    id: str
    label: str
    submits: bool
    style: Literal["primary", "secondary", "danger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMessage:
    """Something to tell the person, about one ``field`` or about the whole."""

    id: str
    level: Literal["info", "warning", "error"]
    text: str
    params: Mapping[str, Any] = field(default_factory=dict)
    field: str | None = None


Status = Literal["working", "prompt", "waiting", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where an execution stands. ``token`` names the step of a prompt; ``outcome`` and ``result`` belong to the end."""

    execution: str
    flow: str
    status: Status
    token: str | None = None
    node: str | None = None
    title: Text | None = None
    help: Text | None = None
    show: tuple[Shown, ...] = ()
    fields: tuple[FormField, ...] = ()
    actions: tuple[StepAction, ...] = ()
    messages: tuple[StepMessage, ...] = ()
    by: str | None = None
    expires_at: datetime | None = None
    outcome: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """What happened at one revision: lines of (kind, node, facts), secrets masked."""

    revision: int
    at: datetime
    kind: str
    node: str
    facts: Mapping[str, Any]

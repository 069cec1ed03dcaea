"""What the API tells, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal, TypeVar

T = TypeVar("T")
Status = Literal["working", "prompt", "waiting", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text, with the id and the parameters it was made from."""

    text: str
    id: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One value to show."""

    name: str
    label: str
    type: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing that may be chosen; a required one cannot be left out."""

    name: str
    title: str
    description: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing to ask for."""

    name: str
    type: str
    label: str
    required: bool
    constraints: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Choice, ...] | None = None
    default: Any = None
    autocomplete: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One way to answer; only one that ``submits`` takes the fields."""

    id: str
    label: str
    submits: bool
    style: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something to tell the person."""

    id: str
    level: str
    text: str
    params: Mapping[str, Any] = field(default_factory=dict)
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where an execution stands. ``outcome`` and ``result`` belong to the end."""

    execution: str
    flow: str
    status: Status
    token: str | None = None
    node: str | None = None
    title: Text | None = None
    help: Text | None = None
    show: tuple[Shown, ...] = ()
    fields: tuple[Field, ...] = ()
    actions: tuple[Action, ...] = ()
    messages: tuple[Message, ...] = ()
    expires_at: datetime | None = None
    outcome: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Return whether nothing more happens."""
        return self.status == "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An execution and the one token that drives it: keep it where secrets are kept. ``step`` is the first one."""

    id: str
    capability: str = field(repr=False)
    step: Step


def read_step(told: Mapping[str, Any]) -> Step:
    """Return the step that *told* describes; what a newer server tells besides is passed over."""
    expires = told.get("expires_at")
    parts: dict[str, Any] = {
        **told,
        "title": _text(told.get("title")),
        "help": _text(told.get("help")),
        "show": tuple(_read(Shown, each) for each in told.get("show", ())),
        "fields": tuple(_field(each) for each in told.get("fields", ())),
        "actions": tuple(_read(Action, each) for each in told.get("actions", ())),
        "messages": tuple(_read(Message, each) for each in told.get("messages", ())),
        "expires_at": None if expires is None else datetime.fromisoformat(expires),
    }
    return _read(Step, parts)


def _read(kind: type[T], told: Mapping[str, Any]) -> T:
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type] # every kind here is a dataclass
    return kind(**{name: value for name, value in told.items() if name in known})


def _text(told: Mapping[str, Any] | None) -> Text | None:
    return None if told is None else _read(Text, told)


def _field(told: Mapping[str, Any]) -> Field:
    choices = told.get("choices")
    offered = None if choices is None else tuple(_read(Choice, each) for each in choices)
    return _read(Field, {**told, "choices": offered})

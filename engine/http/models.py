"""What crosses the wire: the models that validate requests, and the step as any front end can draw it."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from engine.runtime.steps import Step

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
Locale = Annotated[
    str, Field(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", description="such as en or pt-BR")
]
_CLOSED: Final = ConfigDict(extra="forbid", strict=True, frozen=True)
_TOLD: Final = ConfigDict(from_attributes=True, frozen=True)


class Start(BaseModel):
    """Begins an execution."""

    model_config = _CLOSED

    inputs: dict[str, Any] = Field(default={}, description="the flow's inputs; times and durations as ISO 8601 text")
    locale: Locale = "en"


class Submit(BaseModel):
    """Answers a step."""

    model_config = _CLOSED

    action: Name = Field(description="one of the step's actions")
    values: dict[str, Any] = Field(default={}, description="the step's fields by name; actions that do not submit: {}")


class Cancel(BaseModel):
    """Ends an execution."""

    model_config = _CLOSED

    reason: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")] = "initiator"


class Signal(BaseModel):
    """Tells a flow something that it may wait for. Who sends it stands in the token."""

    model_config = _CLOSED

    payload: dict[str, Any] = Field(default={}, description="the fields that the flow declares for this signal")


class TextBody(BaseModel):
    """A text, with the id and the parameters it was made from; the id is empty for one written in the flow."""

    model_config = _TOLD

    id: str
    text: str
    params: dict[str, Any]


class ShownBody(BaseModel):
    """One value to show."""

    model_config = _TOLD

    name: str
    label: str
    type: str
    value: Any


class ChoiceBody(BaseModel):
    """One thing that may be chosen; a required one cannot be left out."""

    model_config = _TOLD

    name: str
    title: str
    description: str | None
    required: bool


class FieldBody(BaseModel):
    """One thing to ask for."""

    model_config = _TOLD

    name: str
    type: str
    label: str
    required: bool
    constraints: dict[str, Any]
    choices: list[ChoiceBody] | None
    default: Any
    autocomplete: str | None


class ActionBody(BaseModel):
    """One way to answer."""

    model_config = _TOLD

    id: str
    label: str
    submits: bool
    style: Literal["primary", "secondary", "danger"]


class MessageBody(BaseModel):
    """Something to tell the person, about one field or about the whole."""

    model_config = _TOLD

    id: str
    level: Literal["info", "warning", "error"]
    text: str
    params: dict[str, Any]
    field: str | None


class StepBody(BaseModel):
    """Where an execution stands. No word of HTML: any front end can draw it."""

    model_config = _TOLD

    execution: str
    flow: str
    token: str | None = Field(description="names the step in the address of the answer; a prompt's only")
    status: Literal["working", "prompt", "waiting", "ended"]
    node: str | None
    title: TextBody | None
    help: TextBody | None
    show: list[ShownBody]
    fields: list[FieldBody]
    actions: list[ActionBody]
    messages: list[MessageBody]
    expires_at: datetime | None
    outcome: str | None = Field(description="how it ended: one of the flow's outcomes, fault or cancelled")
    result: dict[str, Any] = Field(description="the outcome's fields")


class Started(BaseModel):
    """A new execution. ``capability`` goes into the Authorization header of all that follows."""

    model_config = _TOLD

    step: StepBody
    capability: str


class FieldError(BaseModel):
    """What is wrong with one value. The value itself is not in it."""

    field: str
    code: str
    message: str
    params: dict[str, Any]


class ProblemBody(BaseModel):
    """What went wrong (RFC 9457). ``code`` is stable."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] = Field(default=[], description="with 422: each field that does not fit")
    outcome: str | None = Field(default=None, description="with 410: how it ended")
    step: StepBody | None = Field(default=None, description="with 409 and 410: where the execution stands now")


_STEP: Final = TypeAdapter(Step)


def step_json(step: Step, *, person: str | None = None) -> dict[str, Any]:
    """Return *step* as JSON, as *person* may see it; None is whoever started the execution.

    A step that asks somebody else (``by``) is one to wait for: it has no token, no words, no fields. A person is told
    of no other step than theirs, and not how it ended: the outcome is for whoever started it.
    """
    if is_held_by_another(step, person=person):
        step = replace(_outline(step), node=step.node, expires_at=step.expires_at, status="waiting")
    if person is not None and step.status != "prompt":
        step = _outline(step)
    told: dict[str, Any] = _STEP.dump_python(step, mode="json")
    del told["by"]
    return told


def is_held_by_another(step: Step, *, person: str | None = None) -> bool:
    """Return whether *step* asks somebody who is not *person*; None is whoever started the execution."""
    return step.status == "prompt" and step.by != person


def _outline(step: Step) -> Step:
    return Step(execution=step.execution, flow=step.flow, status=step.status)

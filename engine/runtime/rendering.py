"""From state to step: pure, and the only place where texts meet an execution."""

from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

from engine.contracts import Declaration, EnumOf, ListOf, Scalar, ValueType, plain
from engine.execution import SECRET_LOST_MESSAGE, Phase, Said, State, choices, scope_of
from engine.language import ExpressionFailed, Graph, LiteralTexts, PromptField, PromptNode, Value, evaluate
from engine.runtime.steps import Choice, FormField, Shown, Status, Step, StepAction, StepMessage, Text


class Texts(Protocol):
    """Finds texts by id and language."""

    def text(self, text_id: str, *, locale: str, params: Mapping[str, Any]) -> str | None:
        """Return the text in the language nearest to *locale*, or None where there is none of this id."""
        ...


ENGINE_TEXTS: Final[Mapping[str, str]] = {
    SECRET_LOST_MESSAGE: "Your answer could not be checked because the service was interrupted. Please enter it again.",
}
_AUTOCOMPLETE: Final[Mapping[str, str]] = {
    "password": "current-password",
    "code": "one-time-code",
    "email": "email",
    "phone": "tel",
}
_STATUS: Final[Mapping[Phase, Status]] = {
    Phase.NEW: "working",
    Phase.RUNNING: "working",
    Phase.RETRYING: "working",
    Phase.DEFERRED: "waiting",
    Phase.WAITING: "waiting",
    Phase.PROMPT: "prompt",
    Phase.ENDED: "ended",
}


def render_step(
    graphs: Mapping[str, Graph], state: State, *, flow: str, token: str | None, texts: Texts, ended: bool = True
) -> Step:
    """Return the step that *state* stands at. An end that is not *ended* yet is still being told to its owner."""
    if state.phase is Phase.ENDED:
        if not ended:
            return Step(execution=state.execution, flow=flow, status="working")
        return Step(
            execution=state.execution, flow=flow, status="ended", outcome=state.outcome, result=_json(state.result)
        )
    expires = state.deadline
    node = graphs[state.top.digest].nodes[state.top.node]
    if state.phase is not Phase.PROMPT or not isinstance(node, PromptNode):
        return Step(
            execution=state.execution,
            flow=flow,
            status=_STATUS[state.phase],
            node=node.id,
            expires_at=expires,
        )
    return _Page(graphs[state.top.digest], state, node, texts).step(flow, token)


class _Page:
    """One prompt being drawn."""

    def __init__(self, graph: Graph, state: State, node: PromptNode, texts: Texts) -> None:
        self._graph, self._state, self._node, self._texts = graph, state, node, texts
        self._scope = scope_of(state, state.top, state.deadline)
        self._own = node.texts if isinstance(node.texts, LiteralTexts) else None

    def step(self, flow: str, token: str | None) -> Step:
        node, state = self._node, self._state
        return Step(
            execution=state.execution,
            flow=flow,
            status="prompt",
            token=token,
            node=node.id,
            title=self._title(),
            help=self._help(),
            show=tuple(self._shown(name, value) for name, value in node.show.items()),
            fields=tuple(self._field(name, asked) for name, asked in node.fields.items()),
            actions=tuple(self._action(action) for action in node.routes),
            messages=tuple(self._message(said) for said in state.messages),
            by=asked_person(node, self._scope),
            expires_at=_earlier(state),
        )

    def _title(self) -> Text:
        if self._own is not None:
            return Text(text=self._own.title)
        return self._catalogued("title", self._node.id)

    def _help(self) -> Text | None:
        if self._own is not None:
            return None if self._own.help is None else Text(text=self._own.help)
        found = self._catalogued("help", "")
        return found if found.text else None

    def _catalogued(self, part: str, otherwise: str) -> Text:
        name = f"{self._node.texts}.{part}"
        params = self._params()
        return Text(id=name, text=self._find(name, params) or otherwise, params=params)

    def _params(self) -> dict[str, Any]:
        return {name: shown for name, value in self._node.show.items() if (shown := self._value(value)) is not None}

    def _label(self, kind: Literal["fields", "actions", "show"], name: str) -> str:
        if self._own is not None:
            literal: Mapping[str, str] = getattr(self._own, kind)
            return literal.get(name) or _worded(name)
        suffix = "" if kind == "show" else ".label"
        return self._find(f"{self._node.texts}.{kind}.{name}{suffix}", self._params()) or _worded(name)

    def _find(self, name: str, params: Mapping[str, Any]) -> str | None:
        return self._texts.text(name, locale=self._state.locale, params=params)

    def _value(self, value: Value) -> Any:
        """Return *value* as JSON, or None where it cannot be computed: a page is drawn without it."""
        try:
            return plain(evaluate(value, self._scope))
        except ExpressionFailed:
            return None

    def _shown(self, name: str, value: Value) -> Shown:
        found = self._value(value)
        return Shown(name=name, label=self._label("show", name), type=_kind_of(found), value=found)

    def _field(self, name: str, asked: PromptField) -> FormField:
        declaration = asked.declaration
        return FormField(
            name=name,
            type=str(declaration.type),
            label=self._label("fields", name),
            required=not declaration.optional,
            constraints=_constraints(declaration),
            choices=_choices(asked, self._scope),
            default=self._default(asked),
            autocomplete=_autocomplete(declaration.type),
        )

    def _default(self, asked: PromptField) -> Any:
        return None if asked.default is None or asked.declaration.held else self._value(asked.default)

    def _action(self, action: str) -> StepAction:
        node = self._node
        style: Literal["primary", "secondary", "danger"] = "primary" if action in node.submits else "secondary"
        return StepAction(id=action, label=self._label("actions", action), submits=action in node.submits, style=style)

    def _message(self, said: Said) -> StepMessage:
        text = self._find(said.id, said.params) or ENGINE_TEXTS.get(said.id) or said.id
        return StepMessage(id=said.id, level="warning", text=text, params=_json(said.params))


def asked_person(node: PromptNode, scope: Mapping[str, Any]) -> str | None:
    """Return whom *node* asks: None is whoever started the execution; the empty text, which nobody is called, nobody.

    A ``by`` that cannot be computed opens the step to nobody.
    """
    if node.by is None:
        return None
    try:
        found = plain(evaluate(node.by, scope))
    except ExpressionFailed:
        return ""
    return found if isinstance(found, str) else ""


def _earlier(state: State) -> Any:
    times = [at for frame in state.frames for at in (frame.deadline, frame.due) if at is not None]
    return min(times, default=None)


def _json(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in values.items()}


def _worded(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _kind_of(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case list():
            return "list"
        case Mapping():
            return "record"
        case _:
            return "string"


def _constraints(declaration: Declaration) -> dict[str, Any]:
    options = {"min": declaration.min, "max": declaration.max, "pattern": declaration.pattern}
    return {name: value for name, value in options.items() if value is not None}


def _autocomplete(value_type: ValueType) -> str | None:
    return _AUTOCOMPLETE.get(value_type.name) if isinstance(value_type, Scalar) else None


def _choices(asked: PromptField, scope: Mapping[str, Any]) -> tuple[Choice, ...] | None:
    offered = choices(asked, scope)
    if offered is not None:
        return tuple(_choice(record) for record in offered)
    inner = asked.declaration.type.item if isinstance(asked.declaration.type, ListOf) else asked.declaration.type
    if isinstance(inner, EnumOf):
        return tuple(Choice(name=value, title=_worded(value)) for value in inner.values)
    return None


def _choice(record: Mapping[str, Any]) -> Choice:
    name, description = str(record["name"]), record.get("description")
    return Choice(
        name=name,
        title=str(record.get("title", name)),
        description=None if description is None else str(description),
        required=record.get("required") is True,
    )

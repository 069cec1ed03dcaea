"""Turn the fields of any engine step into controls that a template can draw without knowing the flow.

One table says which control draws which type. Pure. A password or a code is never filled in again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from lockhouse.gate.forms import Kind
from lockhouse.gate.wording import Wording

__all__ = ["Asked", "Choice", "Control", "Option", "Problem", "controls_of", "problem_text"]

Draw = Literal["input", "area", "check", "checks", "radios", "select"]

_MANY = 6


class Choice(Protocol):
    """One thing that may be chosen, as a step of the engine names it."""

    @property
    def name(self) -> str:
        """What is sent."""
        ...

    @property
    def title(self) -> str:
        """What is read."""
        ...

    @property
    def description(self) -> str | None:
        """A second sentence."""
        ...

    @property
    def required(self) -> bool:
        """Whether it cannot be left out."""
        ...


class Asked(Protocol):
    """One field of a step of the engine: what is needed of it to draw it."""

    @property
    def name(self) -> str:
        """Its name among the values."""
        ...

    @property
    def type(self) -> str:
        """Its type, as the flow language writes it."""
        ...

    @property
    def label(self) -> str:
        """What is asked."""
        ...

    @property
    def required(self) -> bool:
        """Whether an answer must be given."""
        ...

    @property
    def constraints(self) -> Mapping[str, Any]:
        """`min`, `max`, `pattern`."""
        ...

    @property
    def choices(self) -> Sequence[Choice] | None:
        """What may be chosen; None where anything may be written."""
        ...

    @property
    def default(self) -> Any:
        """What is shown first; None for nothing."""
        ...

    @property
    def autocomplete(self) -> str | None:
        """What browsers call such a field."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with an answer; `field` is the path to it, empty for the answer as a whole."""

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing that can be chosen. A fixed one is chosen and cannot be left out."""

    value: str
    title: str
    about: str = ""
    chosen: bool = False
    fixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One field as it is drawn. `name` carries the kind, by which the answer is read (`forms`)."""

    id: str
    name: str
    draw: Draw
    label: str
    required: bool
    value: str = ""
    input_type: str = "text"
    options: tuple[Option, ...] = ()
    attributes: Mapping[str, str]
    hint: str = ""
    problems: tuple[str, ...] = ()

    @property
    def described_by(self) -> str:
        """Return the ids of the texts that describe the control, for aria-describedby."""
        parts = [f"{self.id}-hint"] * bool(self.hint) + [f"{self.id}-problem"] * bool(self.problems)
        return " ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    draw: Draw
    kind: Kind
    input_type: str = "text"
    attributes: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    secret: bool = False


_WORD = (("autocapitalize", "none"), ("spellcheck", "false"))

LOOKS: Mapping[str, _Look] = {
    "string": _Look(draw="input", kind="text"),
    "id": _Look(draw="input", kind="text", attributes=_WORD),
    "endpoint": _Look(draw="input", kind="text", attributes=_WORD),
    "url": _Look(draw="input", kind="text", input_type="url"),
    "email": _Look(draw="input", kind="text", input_type="email", attributes=(("autocomplete", "email"),)),
    "phone": _Look(draw="input", kind="text", input_type="tel", attributes=(("autocomplete", "tel"),)),
    "integer": _Look(draw="input", kind="integer", input_type="number", attributes=(("step", "1"),)),
    "number": _Look(draw="input", kind="number", input_type="number", attributes=(("step", "any"),)),
    "boolean": _Look(draw="check", kind="boolean"),
    "time": _Look(draw="input", kind="time", input_type="datetime-local", hint="hints.utc"),
    "duration": _Look(draw="input", kind="text", hint="hints.duration", attributes=_WORD),
    "json": _Look(draw="area", kind="json", attributes=_WORD),
    "message": _Look(draw="area", kind="json", attributes=_WORD),
    "password": _Look(
        draw="input",
        kind="text",
        input_type="password",
        attributes=(("autocomplete", "current-password"), *_WORD),
        secret=True,
    ),
    "code": _Look(
        draw="input",
        kind="text",
        attributes=(("autocomplete", "one-time-code"), ("inputmode", "numeric"), *_WORD),
        secret=True,
    ),
}
_LIST_OF_TEXT = _Look(draw="area", kind="lines", hint="hints.lines")
_ANYTHING = _Look(draw="area", kind="json", hint="hints.json", attributes=_WORD)


def controls_of(
    fields: Sequence[Asked],
    *,
    wording: Wording,
    refill: Mapping[str, Any] | None = None,
    problems: Sequence[Problem] = (),
) -> tuple[Control, ...]:
    """Return a control for each of *fields*, holding what was typed (*refill*) and what was wrong with it."""
    return tuple(_control(field, wording=wording, refill=refill, problems=problems) for field in fields)


def _control(
    field: Asked, *, wording: Wording, refill: Mapping[str, Any] | None, problems: Sequence[Problem]
) -> Control:
    mine = tuple(dict.fromkeys(problem_text(one, wording) for one in problems if _belongs(one.field, field.name)))
    given = field.default if refill is None else refill.get(field.name)
    many = field.type.startswith("list of ")
    if field.choices is not None:
        return _chooser(field, many=many, given=given, problems=mine)
    look = LOOKS.get(field.type) or (_LIST_OF_TEXT if many and _is_text(field.type) else _ANYTHING)
    shown = "" if look.secret or given is None else _as_text(look, given)
    return Control(
        id=f"field-{field.name}",
        name=f"{field.name}:{look.kind}",
        draw="area" if look.draw == "input" and "\n" in shown else look.draw,
        label=field.label,
        # A box that need not be ticked is no box that must be: "required" of a boolean means "true or false".
        required=field.required and look.draw != "check",
        value=shown,
        input_type=look.input_type,
        attributes={**dict(look.attributes), **_own_autocomplete(field), **_limits(field)},
        hint=wording.plain(look.hint) if look.hint else "",
        problems=mine,
    )


def _chooser(field: Asked, *, many: bool, given: Any, problems: tuple[str, ...]) -> Control:
    chosen = set(given) if many and isinstance(given, list | tuple) else {given}
    options = tuple(
        Option(
            value=choice.name,
            title=choice.title or choice.name,
            about=choice.description or "",
            chosen=choice.name in chosen or (many and choice.required),
            fixed=many and choice.required,
        )
        for choice in field.choices or ()
    )
    draw: Draw = "checks" if many else "radios" if len(options) <= _MANY else "select"
    return Control(
        id=f"field-{field.name}",
        name=f"{field.name}:{'list' if many else 'text'}",
        draw=draw,
        label=field.label,
        required=field.required and not many,
        options=options,
        attributes={},
        problems=problems,
    )


def _belongs(path: str, name: str) -> bool:
    return path == name or path.startswith((f"{name}[", f"{name}."))


def _is_text(type_name: str) -> bool:
    return type_name.removeprefix("list of ") in {"string", "id", "url", "email", "phone", "endpoint"}


def _as_text(look: _Look, value: Any) -> str:
    match look.kind:
        case "boolean":
            return "true" if value is True else ""
        case "json" if not isinstance(value, str):
            return json.dumps(value, ensure_ascii=False, indent=2)
        case "lines" if isinstance(value, list | tuple):
            return "\n".join(map(str, value))
        case "time":
            return str(value).removesuffix("Z").removesuffix("+00:00")
        case _:
            return str(value)


def _own_autocomplete(field: Asked) -> Mapping[str, str]:
    return {"autocomplete": field.autocomplete} if field.autocomplete else {}


def _limits(field: Asked) -> Mapping[str, str]:
    """Return the hints that a browser can check as well. Patterns stay with us: their dialects differ."""
    least, most = field.constraints.get("min"), field.constraints.get("max")
    low, high = ("min", "max") if field.type in {"integer", "number"} else ("minlength", "maxlength")
    if field.type in {"time", "duration", "json", "boolean"}:
        return {}
    return {key: str(bound) for key, bound in ((low, least), (high, most)) if bound is not None}


def problem_text(problem: Problem, wording: Wording) -> str:
    """Return *problem* as a person reads it: in the words for its code, else in the engine's."""
    key = f"problems.{problem.code}"
    if key in wording:
        return wording.plain(key)
    return f"{problem.message[:1].upper()}{problem.message[1:]}".rstrip(".") + "."

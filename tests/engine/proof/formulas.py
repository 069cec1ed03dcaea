"""What values are, said a second time: expressions by Jinja2 itself, forms by the design. For interpreter and tests.

The environment of Jinja2 looks up items only, never an attribute of a Python object, and is strict about the undefined.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, cast

from jinja2 import Environment, StrictUndefined, UndefinedError

from engine.contracts import UNSET, Declaration, check_fields, decode_fields, with_defaults

Raw = dict[str, Any]


class Absent(Exception):
    """The expression has no value here."""


class ItemsOnly(Environment):
    """Never an attribute of a Python object."""

    def getitem(self, obj: Any, argument: Any) -> Any:
        try:
            return obj[argument]
        except (LookupError, TypeError):
            return self.undefined(obj=obj, name=argument)

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)


class Steps(dict[str, Any]):
    """A node that was not visited has produced nothing, which is no mistake."""

    def __missing__(self, _name: str) -> Mapping[str, Any]:
        return {}


JINJA = ItemsOnly(undefined=StrictUndefined, autoescape=False)
JINJA.filters["names"] = lambda records: [record["name"] for record in records]


@cache
def compiled(source: str) -> Callable[..., Any]:
    """Return *source* as Jinja2 compiles it, once."""
    return JINJA.compile_expression(source, undefined_to_none=False)


def answer(source: str, scope: Mapping[str, Any]) -> Any:
    """Return what Jinja2 answers; Absent where it says that something is undefined."""
    try:
        found = compiled(source)(**scope)
    except UndefinedError as error:
        raise Absent from error
    if isinstance(found, StrictUndefined):
        raise Absent
    return found


def value(raw: Mapping[str, Any], scope: Mapping[str, Any]) -> Any:
    """Return what a value of a graph's JSON is in *scope*."""
    match raw:
        case {"literal": constant}:
            return constant
        case {"list": parts}:
            return [value(part, scope) for part in parts]
        case {"record": parts}:
            return values(parts, scope)
        case _:
            return answer(raw["expression"], scope)


def values(raw: Mapping[str, Any], scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return what values of a graph's JSON are in *scope*, name by name."""
    return {name: value(part, scope) for name, part in raw.items()}


def fitted(raw: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return *given* as expressions see it, with defaults; None where it does not fit the declarations *raw*."""
    parts = {name: Declaration.from_json(part) for name, part in raw.items()}
    return None if check_fields(parts, given) else decode_fields(parts, with_defaults(parts, given))


def fitting(raw: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same; Absent where it does not fit."""
    if (found := fitted(raw, given)) is None:
        raise Absent
    return found


def answers(node: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a person's answer sets; Absent where a field is wrong. A default never stands in for an answer."""
    asked = {name: field["declaration"] for name, field in node["fields"].items()}
    return fitting({name: {**part, "default": UNSET} for name, part in asked.items()}, given)


def first(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return what variables hold at the beginning: their defaults."""
    return fitted({name: part for name, part in variables.items() if "default" in part}, {}) or {}


class Frame:
    """One flow that was entered: what it has learned and what it waits for."""

    def __init__(self, graph: Raw, inputs: Raw) -> None:
        self.graph, self.inputs, self.node, self.visits = graph, inputs, graph["start"], Counter[str]()
        self.vars, self.steps, self.attempt = first(graph["variables"]), Steps(), 1
        self.kept: dict[str, list[Raw]] = defaultdict(list)
        self.timers: dict[str, datetime] = {}

    def at(self) -> Raw:
        """Return the node that it stands at."""
        return cast("Raw", self.graph["nodes"][self.node])


def scope_of(frame: Frame, stack: list[Frame], began: datetime) -> Raw:
    """Return what the expressions of *frame* read."""
    ends = [each.timers["deadline"] for each in stack if "deadline" in each.timers]
    about = {"id": "e", "locale": "en", "started_at": began, **({"expires_at": min(ends)} if ends else {})}
    return {"inputs": frame.inputs, "vars": frame.vars, "steps": frame.steps, "execution": about}


def moment(raw: Raw, scope: Raw) -> datetime:
    """Return the time that a value of a graph's JSON is."""
    return cast("datetime", (fitted({"at": {"type": "time"}}, {"at": value(raw, scope)}) or {})["at"])


def position_of(stack: list[Frame]) -> str:
    """Return node and visit of every frame from the root."""
    return "/".join(f"{frame.node}:{frame.visits[frame.node]}" for frame in stack)


def timers_of(stack: list[Frame], pauses: Mapping[str, datetime]) -> list[tuple[bool, datetime, int, str]]:
    """Return every timer, so that they sort as they fire: a retry last, then by time, outer frames first."""
    own = [(False, at, n, kind) for n, frame in enumerate(stack) for kind, at in frame.timers.items()]
    return sorted(own + [(kind == "retry", at, len(stack), kind) for kind, at in pauses.items()])


def declaring(stack: list[Frame], signal: str) -> Frame:
    """Return the innermost flow that knows the signal; Absent where none does."""
    for frame in reversed(stack):
        if signal in frame.graph["signals"]:
            return frame
    raise Absent

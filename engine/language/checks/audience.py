"""Who may see a value: the initiator, the person, approvers, operators or nobody; and where others would see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.contracts import Declaration, ListOf, RecordOf, Scalar, ValueType
from engine.language.diagnostics import Diagnostic
from engine.language.document import CallDraft
from engine.language.graph import PromptNode
from engine.language.inference import declared_along
from engine.language.paths import reached_from, within
from engine.language.study import PlacedValue, Study, expressions
from engine.language.terms import Read, Term, Tested, children

_SHOWN: Final = frozenset({"show", "choose", "default", "say"})
_MESSAGE: Final = frozenset({"person", "approvers"})


@dataclass(frozen=True, slots=True)
class _Place:
    """Who sees what stands somewhere, in words, and which audiences that suits."""

    seen_by: str
    suits: frozenset[str]
    remedy: str


def check_audience(study: Study) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every value that would be seen by others than those whom it is for."""
    for placed in study.values:
        for path, expression in expressions(placed):
            place: _Place | None = None
            for read in _telling(expression.term):
                for audience in _audiences(study, read):
                    place = place or _place(study, placed)
                    if place is not None and audience not in place.suits:
                        name = ".".join(read.path)
                        span = study.document.spots.inside(path, read.at, len(name))
                        message = f"'{name}' is for {_WORDS[audience]}, and {place.seen_by} would see it here"
                        yield study.report("LH806", span, message, hint=place.remedy)


_WORDS: Final = {
    "initiator": "the initiator",
    "person": "the person",
    "approvers": "approvers",
    "operators": "operators",
    "nobody": "nobody's eyes",
}


def _telling(term: Term) -> Iterator[Read]:
    """Yield the reads that tell something of their value: asking whether it is there tells nothing."""
    if isinstance(term, Read):
        yield term
    elif not isinstance(term, Tested):
        for child in children(term):
            yield from _telling(child)


def _audiences(study: Study, read: Read) -> Iterator[str]:
    """Yield the audiences that a value or its parts are meant for, the innermost last."""
    along = list(declared_along(study, read.path))
    own = next((declared.audience for declared in reversed(along) if declared.audience is not None), None)
    if own is not None:
        yield own
    if along:
        yield from sorted(_inner(along[-1].type) - {own})


def _inner(value_type: ValueType) -> set[str]:
    match value_type:
        case ListOf(item):
            return _inner(item)
        case RecordOf(fields):
            own = {part.audience for part in fields.values() if part.audience is not None}
            return own.union(*(_inner(part.type) for part in fields.values()))
        case _:
            return set()


def _place(study: Study, placed: PlacedValue) -> _Place | None:
    """Return who sees what stands at *placed*; None where it is only computed with."""
    match placed.role:
        case role if role in _SHOWN:
            return _prompted(study, placed)
        case "end":
            return _kept(placed.expected, "whoever started the flow", {"initiator"}, "the outcome's field")
        case "set":
            return _kept(placed.expected, "everybody who sees the variable", set(), "the variable")
        case "argument":
            return _argument(study, placed)
        case _:
            return None


def _prompted(study: Study, placed: PlacedValue) -> _Place:
    prompts = _next_prompts(study, placed) if placed.role == "say" else [study.document.nodes[placed.node or ""]]
    audiences = {"approvers" if isinstance(node, PromptNode) and node.by is not None else "person" for node in prompts}
    suits = frozenset(audiences) if len(audiences) == 1 else frozenset[str]()
    seen_by = " and ".join(_WORDS[audience] for audience in sorted(audiences)) or "the next person asked"
    return _Place(seen_by, suits, "leave it out, or show it in a prompt for those whom it is for")


def _next_prompts(study: Study, placed: PlacedValue) -> list[object]:
    nodes = study.document.nodes
    target = next((way.target.to for way in study.ways[placed.node or ""] if way.name == placed.after), "")
    prompts = {name for name, node in nodes.items() if isinstance(node, PromptNode)}
    if target in prompts:
        return [nodes[target]]
    ways = {name: [way.target.to for way in leaving] for name, leaving in study.ways.items()}
    before = reached_from(within(ways, nodes.keys() - prompts), [target])  # a target that nobody knows leads nowhere
    return [nodes[to] for name in before for to in ways.get(name, ()) if to in prompts]


def _argument(study: Study, placed: PlacedValue) -> _Place | None:
    wanted = placed.expected
    if wanted is None:
        return None
    if wanted.type == Scalar("message"):
        return _Place("whoever gets the message", _MESSAGE, "leave it out of the message")
    if isinstance(study.document.nodes[placed.node or ""], CallDraft):
        return _kept(wanted, "whoever the called flow shows it to", set(), "the input of the called flow")
    return None if wanted.audience is None else _kept(wanted, _WORDS[wanted.audience], set(), "the input")


def _kept(declared: Declaration | None, everybody: str, besides: set[str], what: str) -> _Place | None:
    if declared is None:
        return None
    audience = declared.audience
    if audience == "nobody":
        return None
    suits = frozenset({audience} if audience is not None else besides)
    seen_by = _WORDS[audience] if audience is not None else everybody
    return _Place(seen_by, suits, f"leave it out, or declare {what} with the same 'audience'")

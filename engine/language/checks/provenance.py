"""An approval is proven: who signed in, what that person consented to, and that it was asked of a person at all.

An executor's contract says what its outcomes establish and what its inputs require. A value that lacks the proof, on
any path, is reported with such a path.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from engine.contracts import Contract, ValueType
from engine.language.diagnostics import Diagnostic
from engine.language.document import TaskDraft
from engine.language.graph import PromptNode
from engine.language.inference import assignable
from engine.language.origins import EARLIER, Origin, same
from engine.language.proving import Knowledge, Proving
from engine.language.study import Study
from engine.language.terms import Read
from engine.language.values import Expression, Literal, Value

_MOST_STATES: Final = 5000
_WANTED: Final = {
    "authentication": "must come from a sign-in",
    "consent": "must be what a person consented to",
    "answer": "must be a person's own answer to a prompt",
}
_REMEDY: Final = {
    "authentication": "add a task that signs the person in, and read it from there",
    "consent": "add a task that records the consent, and read it from there",
    "answer": "ask for it in a prompt",
}


@dataclass(frozen=True, slots=True)
class _Flaw:
    """An input that lacks its proof (``other`` is None), or is about another person than the input ``other``."""

    input: str
    label: str
    origin: Origin
    other: str | None = None


def check_provenance(study: Study) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every value that lacks the proof that a task requires, with a path on which it does."""
    if not study.connected:
        return
    asking = {name: contract for name, contract in _tasks(study) if contract.requires}
    if not asking:
        return
    sinks = [value for name in asking for value in _arguments(study, name).values()]
    proving = Proving(study, sinks)
    entering = proving.entering()
    for name, contract in asking.items():
        if name in entering:
            for flaw in _flaws(proving, name, contract, entering[name]):
                yield _report(proving, name, contract, flaw)


def _tasks(study: Study) -> Iterator[tuple[str, Contract]]:
    for name, node in study.document.nodes.items():
        if isinstance(node, TaskDraft) and node.executor in study.contracts:
            yield name, study.contracts[node.executor]


def _arguments(study: Study, name: str) -> Mapping[str, Value]:
    node = study.document.nodes[name]
    return node.arguments if isinstance(node, TaskDraft) else {}


def _flaws(proving: Proving, name: str, contract: Contract, known: Knowledge) -> Iterator[_Flaw]:
    arguments = _arguments(proving.study, name)
    origins = {
        given: origin
        for given in contract.requires
        if given in arguments and (origin := proving.origin(arguments[given], known)) is not None and origin.known
    }
    proven: list[tuple[str, str]] = []
    for given, origin in origins.items():
        label = contract.requires[given]
        if label in origin.labels:
            proven.append((given, label))
        else:
            yield _Flaw(given, label, origin)
    first = next((given for given, label in proven if label == "authentication"), None)
    for given, label in proven:
        if first is not None and given != first:
            ours, theirs = origins[given].labels[label], origins[first].labels["authentication"]
            if not same(ours, theirs):
                yield _Flaw(given, label, origins[given], first)


def _report(proving: Proving, name: str, contract: Contract, flaw: _Flaw) -> Diagnostic:
    study = proving.study
    where = ("nodes", name, "with", flaw.input)
    path = _path(proving, name, contract, flaw)
    on = f": on the path {' → '.join(path)}" if len(path) > 1 else ""
    span = study.document.spots.value(*where)
    if flaw.other is None:
        found = _shown(_arguments(study, name)[flaw.input])
        message = f"'{flaw.input}' {_WANTED[flaw.label]}, and {found} proves nothing of the kind{on}"
        return study.report("LH851", span, message, hint=_hint(study, contract, flaw))
    message = f"'{flaw.input}' may be about another person than '{flaw.other}'{on}"
    earlier = EARLIER in flaw.origin.labels.values()
    hint = "take both from one sign-in" + ("; here somebody may have signed in anew in between" if earlier else "")
    related = ((study.document.spots.value("nodes", name, "with", flaw.other), f"'{flaw.other}' is given here"),)
    return study.report("LH852", span, message, hint=hint, related=related)


def _shown(value: Value) -> str:
    match value:
        case Expression(term=Read(path=path)):
            return f"'{'.'.join(path)}'"
        case Expression():
            return "this expression"
        case Literal():
            return "a text that stands in the flow"
        case _:
            return "this"


def _hint(study: Study, contract: Contract, flaw: _Flaw) -> str:
    wanted = contract.inputs[flaw.input].type
    found = [
        (node, field)
        for node, field, label in _establishing(study)
        if label == flaw.label and assignable(_type(study, node, field), wanted)
    ]
    if not found:
        return _REMEDY[flaw.label]
    node, field = next((one for one in found if one[1] == flaw.input), found[0])
    return f"write =steps.{node}.{field}, and let every path to here go through '{node}'"


def _establishing(study: Study) -> Iterator[tuple[str, str, str]]:
    for name, contract in _tasks(study):
        for proofs in contract.establishes.values():
            for field, label in proofs.items():
                yield name, field, label
    for name, node in study.document.nodes.items():
        if isinstance(node, PromptNode):
            for field in node.fields:
                yield name, field, "answer"


def _type(study: Study, node: str, field: str) -> ValueType:
    return (study.produced(node) or {})[field][0].type


def _path(proving: Proving, name: str, contract: Contract, flaw: _Flaw) -> tuple[str, ...]:
    """Return a shortest path from a beginning to *name* that has the flaw; nothing where no single path has it."""
    study, first = proving.study, proving.first()
    waiting: deque[tuple[str, Knowledge, tuple[str, ...]]] = deque((root, first, (root,)) for root in study.roots)
    seen: dict[str, list[Knowledge]] = {}
    for _ in range(_MOST_STATES):
        if not waiting:
            break
        node, known, path = waiting.popleft()
        if known in seen.setdefault(node, []):
            continue
        seen[node].append(known)
        if node == name:
            found = ((one.input, one.other) for one in _flaws(proving, name, contract, known))
            if (flaw.input, flaw.other) in found:
                return path
        waiting.extend((to, after, (*path, to)) for _, to, after in proving.leaving(node, known))
    return ()

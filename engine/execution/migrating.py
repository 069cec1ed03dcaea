"""Moving a state to another version of its flow: pure, and only where every value that the rest reads is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from engine.contracts import UNSET, check_fields, check_value, decode_value
from engine.execution.state import Frame, Phase, State
from engine.language.graph import CallNode, Graph, Node, Target, TaskNode, WaitNode
from engine.language.values import Expression

Graphs = Mapping[str, Graph]
_STANDING: Final = frozenset({Phase.PROMPT, Phase.WAITING, Phase.DEFERRED, Phase.RETRYING})


class NotMigrated(Exception):
    """An execution cannot go on in another version. ``problems`` says why, one line each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


def migrated(graphs: Graphs, state: State, new: Graph) -> State:
    """Return *state* as it stands in *new*; NotMigrated where that version does not say how, or lacks a value.

    The frames of flows that are called stay in their versions; the two versions must call the same ones there.
    """
    old = graphs[state.frames[0].digest] if state.frames else None
    if old is None or state.phase not in _STANDING:
        raise NotMigrated((f"expected an execution that stands and waits, found one that is {state.phase.value}",))
    plan = new.migrate
    if plan is None or plan.from_version != old.version:
        source = "no version" if plan is None else plan.from_version
        raise NotMigrated((f"'{new.name}' {new.version} says how to migrate from {source}, not from {old.version}",))
    frame = state.frames[0]
    target = plan.nodes.get(frame.node, frame.node)
    if problems := (*_misfits(old, new, frame, target, alone=len(state.frames) == 1), *_absent(new, frame, target)):
        raise NotMigrated(problems)
    visits = {plan.nodes.get(node, node): count for node, count in frame.visits.items()}
    steps = {plan.nodes.get(node, node): values for node, values in frame.steps.items()}
    moved = replace(frame, digest=new.digest, node=target, visits=visits, steps=steps, vars=_variables(new, frame))
    return replace(state, frames=(moved, *state.frames[1:]))


def _misfits(old: Graph, new: Graph, frame: Frame, target: str, *, alone: bool) -> Iterator[str]:
    before, after = old.nodes[frame.node], new.nodes.get(target)
    if after is None or type(after) is not type(before):
        yield f"'{frame.node}' would go on at '{target}', which is not such a node in {new.version}"
        return
    match before, after:
        case TaskNode(), TaskNode() if before.contract.digest != after.contract.digest:
            yield f"'{target}' runs another contract than '{frame.node}' did when it began"
        case WaitNode(), WaitNode() if old.signals[before.signal] != new.signals[after.signal]:
            yield f"'{target}' waits for another signal than '{frame.node}'"
        case CallNode(), CallNode() if not alone and before.callee != after.callee:
            yield f"'{target}' calls another version of '{after.flow}' than the one that runs"
        case _:
            pass
    for problem in check_fields(new.inputs, frame.inputs):
        if problem.code not in {"required", "unknown"}:  # what no later node of its version reads was not kept
            yield f"inputs.{problem.field}: {problem.message}"
    for name, value in frame.vars.items():
        if name in new.variables and check_value(new.variables[name], value):
            yield f"vars.{name}: its value is not of the type that it has in {new.version}"


def _absent(new: Graph, frame: Frame, target: str) -> Iterator[str]:
    """Yield what the rest of *new* may read, from *target* on, that the frame does not hold and nothing there makes."""
    if target not in new.nodes:
        return
    rest = _reachable(new, target)
    for path in sorted({path for node in rest for path in _reads(new.nodes[node])}):
        match path:
            case ("inputs", name, *_) if name not in frame.inputs and not new.inputs[name].optional:
                yield f"inputs.{name}: {new.version} reads it, and it was never given"
            case ("vars", name, *_) if name not in frame.vars and new.variables[name].default is UNSET:
                yield f"vars.{name}: {new.version} reads it, and it has no value"
            case ("steps", node, *part) if node not in rest - {target} and not _holds(new, frame, node, part):
                yield f"steps.{'.'.join((node, *part))}: {new.version} reads it, and it was not learned"
            case _:
                pass


def _holds(new: Graph, frame: Frame, node: str, part: list[str]) -> bool:
    if new.migrate is None:
        return False
    names = {after: before for before, after in new.migrate.nodes.items()}
    learned = frame.steps.get(names.get(node, node), {})
    return node == frame.node or (bool(learned) and (not part or part[0] in learned))


def _variables(new: Graph, frame: Frame) -> dict[str, Any]:
    defaults = {
        name: decode_value(part, part.default) for name, part in new.variables.items() if part.default is not UNSET
    }
    return {**defaults, **{name: value for name, value in frame.vars.items() if name in new.variables}}


def _reachable(graph: Graph, start: str) -> frozenset[str]:
    seen, left = {start}, [start]
    while left:
        for found in _inside(graph.nodes[left.pop()], Target):
            if found.to not in seen:
                seen.add(found.to)
                left.append(found.to)
    if graph.deadline is not None and graph.deadline.to not in seen:
        seen |= _reachable(replace(graph, deadline=None), graph.deadline.to)
    return frozenset(seen)


def _reads(node: Node) -> Iterator[tuple[str, ...]]:
    for expression in _inside(node, Expression):
        yield from expression.reads


def _inside(value: Any, kind: type) -> Iterator[Any]:
    """Yield every *kind* in the parts of *value*."""
    if isinstance(value, kind):
        yield value
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _inside(part, kind)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _inside(part, kind)
    elif is_dataclass(value) and not isinstance(value, Expression | type):
        for field in fields(value):
            yield from _inside(getattr(value, field.name), kind)

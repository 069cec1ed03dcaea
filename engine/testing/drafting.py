"""A test for a path: its inputs, answers and script made up by type, and tried until the flow takes that path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice, product
from typing import Any, Final

from engine.contracts import Declaration, ListOf, plain
from engine.execution import Phase, choices, scope_of
from engine.language import (
    CallNode,
    DecideNode,
    ExpressionFailed,
    Graph,
    PromptNode,
    TaskNode,
    WaitNode,
    evaluate,
    reads_of,
)
from engine.testing.finding import Path
from engine.testing.mocks import FAULTS, Mocks, NoAnswer
from engine.testing.plain_yaml import yaml_of
from engine.testing.routes import DEADLINE, MAX_VISITS, TIMEOUT, Way
from engine.testing.samples import LATER, candidates, sample_fields
from engine.testing.simulation import Simulation, TooManyTasks

MOST_TRIES: Final = 200
_LONG: Final = "30d"
_CATCH: Final = "fault"
_SOON: Final = (LATER, "+1m", "+5s")

# Where a value that decisions look at comes from: the flow's inputs (an empty node) or what a node gave.
Dial = tuple[str, str]


@dataclass(slots=True)
class Draft:
    """A test in the making: plain data, as it is written."""

    inputs: dict[str, Any]
    mocks: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    script: list[dict[str, Any]] = field(default_factory=list)
    ends: tuple[str, dict[str, Any]] = ("", {})


class Astray(Exception):
    """The flow did not take the path."""


def draft(graphs: Mapping[str, Graph], graph: Graph, path: Path) -> Draft | None:
    """Return a test that takes *path* through *graph*; None where no values that were tried lead along it."""
    dials = _dials(graph, path)
    for values in islice(product(*dials.values()), MOST_TRIES):
        try:
            return _Walk(graphs, graph, path, dict(zip(dials, values, strict=True))).draft()
        except (Astray, NoAnswer, TooManyTasks):
            continue
    return None


def _dials(graph: Graph, path: Path) -> dict[Dial, list[Any]]:
    """Return what the decisions on *path* look at, each with the values to try."""
    passed = [graph.nodes.get(way.node) for way in path]
    expressions = [case.when for node in passed if isinstance(node, DecideNode) for case in node.cases]
    sources = " ".join(expression.source for expression in expressions)
    routes = {way.node: way.route for way in path}
    found: dict[Dial, list[Any]] = {}
    if graph.deadline is not None and any(way.route == DEADLINE and not way.node for way in path):
        named = {read[1] for read in reads_of(graph.deadline.at) if read[0] == "inputs" and read[1] in graph.inputs}
        found |= {("", name): list(_SOON) for name in sorted(named)}
    for read in sorted({read for expression in expressions for read in expression.reads}):
        match read:
            case ("inputs", name, *_) if name in graph.inputs:
                found["", name] = candidates(name, graph.inputs[name], sources)
            case ("steps", step, name, *_) if step in routes:
                declared = graph.produced(step, routes[step])
                if name in declared and name not in {"action", "sender"}:
                    found[step, name] = candidates(name, declared[name], sources)
    return found


class _Walk:
    """One try to take a path."""

    def __init__(self, graphs: Mapping[str, Graph], graph: Graph, path: Path, chosen: Mapping[Dial, Any]) -> None:
        self._graph, self._path, self._chosen = graph, path, chosen
        self._draft = Draft(inputs=self._fields("", graph.inputs))
        for place, way in enumerate(path):
            # The deadline strikes where the way before it led to.
            stands = way.node or (path[place - 1].to if place else graph.start)
            self._mock(Way(stands, way.route, way.to))
        mocks = Mocks(self._draft.mocks)
        self._simulation = Simulation(mocks.graphs(graphs), graph, mocks)

    def draft(self) -> Draft:
        """Return the test; Astray where the flow went another way."""
        if self._simulation.start(self._draft.inputs) is not None:
            raise Astray
        for way in self._path:
            self._step(way)
        state = self._simulation.state
        taken = tuple(each.way for each in self._simulation.taken if each.digest == self._graph.digest)
        if state.phase is not Phase.ENDED or taken != self._path:
            raise Astray
        self._draft.ends = (state.outcome or "", {name: plain(value) for name, value in state.result.items()})
        return self._draft

    def _fields(self, node: str, declared: Mapping[str, Declaration]) -> dict[str, Any]:
        chosen = {name: value for (where, name), value in self._chosen.items() if where == node and name in declared}
        return {**sample_fields(declared), **chosen}

    # what executors answer

    def _mock(self, way: Way) -> None:
        node = self._graph.nodes.get(way.node)
        if isinstance(node, TaskNode):
            name, outcomes = node.executor, node.contract.outcomes
        elif isinstance(node, CallNode):
            name, outcomes = f"{node.flow}@{node.major}", node.outcomes
        else:
            return
        answers = self._draft.mocks.setdefault(name, [])
        if way.route in outcomes:
            answers.append((way.route, self._fields(way.node, outcomes[way.route])))
        elif way.route in (TIMEOUT, DEADLINE):
            answers.append(("deferred", {"for": _LONG}))
        elif way.route.startswith(_CATCH):
            answers += [_fault(way.route)] * _tries(node, way.route)

    # what people do

    def _step(self, way: Way) -> None:
        state = self._simulation.state
        node = self._graph.nodes.get(way.node)
        if way.route == DEADLINE and not way.node:
            self._pass(None if state.phase is Phase.ENDED else state.frames[0].deadline)
        elif way.route == TIMEOUT:
            self._pass(None if state.phase is Phase.ENDED else state.frames[0].due)
        elif way.route == MAX_VISITS or state.phase is Phase.ENDED:
            return
        elif isinstance(node, PromptNode):
            self._answer(node, way)
        elif isinstance(node, WaitNode) and state.phase is Phase.WAITING:
            self._signal(node)

    def _pass(self, due: Any) -> None:
        simulation = self._simulation
        if due is None or simulation.state.phase is Phase.RUNNING:
            raise Astray
        span: timedelta = due - simulation.now
        place = "/".join(frame.node for frame in simulation.state.frames)
        self._draft.script.append({"expect": place, "advance": span})
        simulation.advance(span)

    def _answer(self, node: PromptNode, way: Way) -> None:
        state = self._simulation.state
        if state.phase is not Phase.PROMPT or state.top.node != node.id or state.top.digest != self._graph.digest:
            raise Astray
        step: dict[str, Any] = {"expect": node.id, "act": way.route}
        if way.route in node.submits:
            declared = {name: asked.declaration for name, asked in node.fields.items()}
            step["with"] = {**self._fields(node.id, declared), **self._chosen_fields(node)}
        self._do(step, self._simulation.submit(way.route, step.get("with", {})))

    def _chosen_fields(self, node: PromptNode) -> dict[str, Any]:
        """Return what a person takes where there is something to choose from: all, or the first."""
        state = self._simulation.state
        scope = scope_of(state, state.top, state.deadline)
        found = {}
        for name, asked in node.fields.items():
            offered = choices(asked, scope)
            if offered and (node.id, name) not in self._chosen:
                names = [record["name"] for record in offered]
                found[name] = names if isinstance(asked.declaration.type, ListOf) else names[0]
        return found

    def _signal(self, node: WaitNode) -> None:
        state, declared = self._simulation.state, self._graph.signals[node.signal]
        try:
            allowed = evaluate(declared.sender, scope_of(state, state.top, state.deadline))
        except ExpressionFailed as error:
            raise Astray from error
        sender = str(allowed[0] if isinstance(allowed, list) and allowed else allowed)
        payload = self._fields(node.id, declared.payload)
        step = {"expect": node.id, "signal": node.signal, "from": sender, "with": payload}
        self._do(step, self._simulation.signal(node.signal, sender, payload))

    def _do(self, step: dict[str, Any], refused: object) -> None:
        if refused is not None:
            raise Astray
        self._draft.script.append({name: value for name, value in step.items() if value != {}})


def _fault(route: str) -> tuple[str, dict[str, Any]]:
    """Return an answer that the catch called *route* takes."""
    first = route.partition(": ")[2].partition(", ")[0]
    if first in FAULTS:
        return first, {"code": "some_reason"}
    return "fault", {"code": first or "some_reason"}


def _tries(node: TaskNode | CallNode, route: str) -> int:
    """Return how often the executor is asked before its fault counts."""
    if isinstance(node, CallNode) or node.retry is None:
        return 1
    kind, fields = _fault(route)
    return node.retry.attempts if kind in node.retry.errors or fields["code"] in node.retry.errors else 1


def written(name: str, test: Draft) -> str:
    """Return *test* as YAML, to stand under ``tests:``."""
    return "\n".join(_lines(name, test)) + "\n"


def _lines(name: str, test: Draft) -> Iterator[str]:
    yield f"  {yaml_of(name)}:"
    if test.inputs:
        yield f"    inputs: {yaml_of(test.inputs)}"
    if test.mocks:
        yield "    mocks:"
        for executor, answers in test.mocks.items():
            shown = [{outcome: fields} for outcome, fields in answers]
            yield f"      {executor}: {yaml_of(shown[0] if len(shown) == 1 else shown)}"
    if test.script:
        yield "    script:"
        yield from (f"      - {yaml_of(step)}" for step in test.script)
    yield f"    ends: {yaml_of({test.ends[0]: test.ends[1]})}"

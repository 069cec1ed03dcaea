"""LH95x: what a test of a flow says is held against the flow before it runs, so that a slip is no failure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from engine.contracts import Declaration, check_fields, parse_duration
from engine.language.diagnostics import Diagnostic, Span, diagnostic, nearest
from engine.language.flow_tests import FlowTest, PlannedAnswer, ScriptStep
from engine.language.graph import CallNode, DecideNode, Graph, Node, PromptNode, Target, TaskNode
from engine.language.relative import moved_fields
from engine.language.yaml_tree import Path, YamlList, YamlMap, has_bad

FAULTS: Final = ("transient", "refused", "fault")
OWN_ENDS: Final = ("fault", "cancelled")
_DEFERRED: Final = "deferred"
_SAID_BY_THE_ENGINE: Final = "engine.secret_lost"
_NOW: Final = datetime(2030, 1, 1, 12, tzinfo=UTC)  # any: it stands in for the time of the run
_PART: Final = re.compile(r"[^.\[\]]+")
_MOCK_ANSWERS = Mapping[str, Mapping[str, Declaration]]


def check_tests(graph: Graph, graphs: Mapping[str, Graph], tests: Sequence[FlowTest]) -> Iterator[Diagnostic]:
    """Yield what is wrong with *tests* of *graph*; *graphs* has what it calls, by digest."""
    first: dict[str, FlowTest] = {}
    for test in tests:
        before = first.setdefault(test.name, test)
        check = _TestCheck(graph, graphs, test)
        if before is not test:
            message = f"'{test.name}' is the name of a test at {before.place} already"
            place = test.place
            span = Span(place.line, place.column, place.line, place.column + len(test.name))
            yield diagnostic("LH958", place.file, span, message, hint="give one of them another name")
        if not has_bad(test.spots.root):  # what was reported already is not reported once more, as a missing value
            yield from check.everything()


class _TestCheck:
    """One test beside what it is about."""

    def __init__(self, graph: Graph, graphs: Mapping[str, Graph], test: FlowTest) -> None:
        self._graph, self._test = graph, test
        self._all = [graph, *_called(graph, graphs)]
        self._graphs = graphs
        nodes = [node for each in self._all for node in each.nodes.values()]
        self._answers: dict[str, _MOCK_ANSWERS] = {}
        self._defers = {node.executor for node in nodes if isinstance(node, TaskNode) and node.contract.defers}
        for node in nodes:
            if isinstance(node, TaskNode):
                self._answers[node.executor] = node.contract.outcomes
            elif isinstance(node, CallNode):
                self._answers[f"{node.flow}@{node.major}"] = node.outcomes
        self._said = {target.say.id for node in nodes for target in _targets(node) if target.say is not None}

    def at(self, code: str, path: Path, message: str, hint: str = "") -> Diagnostic:
        """Return a diagnostic at the key or value of the test that *path* leads to."""
        spots, place = self._test.spots, self._test.place
        return diagnostic(code, place.file, spots.value(*path), message, hint=hint)

    def key(self, code: str, path: Path, message: str, hint: str = "") -> Diagnostic:
        """Return a diagnostic at the key that *path* ends with."""
        return diagnostic(code, self._test.place.file, self._test.spots.key(*path), message, hint=hint)

    def everything(self) -> Iterator[Diagnostic]:
        """Yield what is wrong."""
        yield from self._fields(self._graph.inputs, self._test.inputs, ("inputs",))
        for name, answers in self._test.mocks.items():
            yield from self._mock(name, answers)
        for place, step in enumerate(self._test.script):
            yield from self._step(step, ("script", place))
        yield from self._ends()

    def _fields(
        self, declared: Mapping[str, Declaration], values: Mapping[str, Any], path: Path
    ) -> Iterator[Diagnostic]:
        for problem in check_fields(declared, moved_fields(declared, values, _NOW)):
            parts = tuple(int(part) if part.isdecimal() else part for part in _PART.findall(problem.field))
            message, where = f"'{problem.field}': {problem.message}", (*path, *parts)
            if problem.code != "unknown":
                yield self.at("LH956", where, message)
                continue
            hint = nearest(str(parts[0]), declared) if len(parts) == 1 else ""
            yield self.key("LH956", where, message, hint)

    def _mock(self, name: str, answers: Sequence[PlannedAnswer]) -> Iterator[Diagnostic]:
        outcomes = self._answers.get(name)
        path: Path = ("mocks", name)
        if outcomes is None:
            message = f"neither '{self._graph.name}' nor what it calls runs '{name}'"
            yield self.key("LH952", path, message, nearest(name, self._answers))
            return
        mocks = self._test.spots.root.get("mocks") if isinstance(self._test.spots.root, YamlMap) else None
        listed = isinstance(mocks, YamlMap) and isinstance(mocks.get(name), YamlList)
        for place, answer in enumerate(answers):
            own = (*path, place) if listed else path
            yield from self._answer(name, outcomes, answer, own)

    def _answer(self, name: str, outcomes: _MOCK_ANSWERS, answer: PlannedAnswer, path: Path) -> Iterator[Diagnostic]:
        outcome, fields = answer
        more = (*FAULTS, *((_DEFERRED,) if name in self._defers or "@" in name else ()))
        if outcome in outcomes:
            yield from self._fields(outcomes[outcome], fields, (*path, outcome))
        elif outcome not in more:
            known = f"known: {', '.join((*outcomes, *more))}"
            hint = nearest(outcome, [*outcomes, *more], known)
            yield self.at("LH953", path, f"'{name}' has no outcome '{outcome}'", hint)
        elif outcome == _DEFERRED and not _is_duration(fields.get("for", "1d")):
            yield self.at("LH956", (*path, outcome, "for"), "'for': expected a duration like 30s, 5m or 24h")

    # steps

    def _step(self, step: ScriptStep, path: Path) -> Iterator[Diagnostic]:
        if step.expect is not None and not self._exists(step.expect):
            known = {name for each in self._all for name in each.nodes}
            hint = nearest(step.expect.rpartition("/")[2], known)
            yield self.at("LH954", (*path, "expect"), f"there is no node '{step.expect}'", hint)
            return
        if step.says is not None and step.says not in {*self._said, _SAID_BY_THE_ENGINE}:
            hint = nearest(step.says, self._said)
            yield self.at("LH957", (*path, "says"), f"the flow never says '{step.says}'", hint)
        prompts = self._prompts(step.expect)
        yield from self._shown(step, prompts, path)
        yield from self._acted(step, prompts, path)
        yield from self._signalled(step, path)
        yield from self._completed(step, path)

    def _exists(self, expected: str) -> bool:
        *calls, last = expected.split("/")
        graphs: Iterable[Graph] = self._all
        for call in calls:
            callers = [graph.nodes.get(call) for graph in graphs]
            graphs = [self._graphs[node.callee] for node in callers if isinstance(node, CallNode)]
        return any(last in graph.nodes for graph in graphs) or (len(calls) == 1 and last == "answer")

    def _prompts(self, expected: str | None) -> list[PromptNode]:
        """Return the prompts that a step may stand at."""
        name = None if expected is None else expected.rpartition("/")[2]
        nodes = [node for each in self._all for node in each.nodes.values() if name is None or node.id == name]
        return [node for node in nodes if isinstance(node, PromptNode)]

    def _shown(self, step: ScriptStep, prompts: Sequence[PromptNode], path: Path) -> Iterator[Diagnostic]:
        known = {name for prompt in prompts for name in prompt.show}
        for name in step.shows or ():
            if name not in known:
                message = f"'{name}' is not shown there"
                yield self.key("LH957", (*path, "shows", name), message, nearest(name, known))

    def _acted(self, step: ScriptStep, prompts: Sequence[PromptNode], path: Path) -> Iterator[Diagnostic]:
        if step.act is None:
            return
        actions = {action for prompt in prompts for action in prompt.routes}
        if step.act not in actions and step.refused is None:
            where = f"'{step.expect}'" if step.expect else "the flow"
            hint = nearest(step.act, actions)
            yield self.at("LH955", (*path, "act"), f"{where} has no action '{step.act}'", hint)
        elif len(prompts) == 1 and step.act in prompts[0].submits and step.refused is None:
            declared = {name: asked.declaration for name, asked in prompts[0].fields.items()}
            yield from self._fields(declared, step.values, (*path, "with"))

    def _signalled(self, step: ScriptStep, path: Path) -> Iterator[Diagnostic]:
        if step.signal is None:
            return
        signals = {name: declared for each in self._all for name, declared in each.signals.items()}
        if step.signal not in signals:
            hint = nearest(step.signal, signals)
            yield self.at("LH955", (*path, "signal"), f"the flow declares no signal '{step.signal}'", hint)
        elif step.refused is None:
            yield from self._fields(signals[step.signal].payload, step.values, (*path, "with"))

    def _completed(self, step: ScriptStep, path: Path) -> Iterator[Diagnostic]:
        if step.answer is None or step.expect is None:
            return
        name = step.expect.rpartition("/")[2]
        tasks = [node for each in self._all if isinstance(node := each.nodes.get(name), TaskNode)]
        if len(tasks) == 1:
            yield from self._answer(tasks[0].executor, tasks[0].contract.outcomes, step.answer, (*path, "answer"))

    def _ends(self) -> Iterator[Diagnostic]:
        if self._test.ends is None:
            return
        outcome, fields = self._test.ends
        known = self._graph.outcomes
        if outcome in known and fields is not None:
            yield from self._fields(known[outcome], fields, ("ends", outcome))
        elif outcome not in {*known, *OWN_ENDS}:
            hint = nearest(outcome, [*known, *OWN_ENDS])
            message = f"'{self._graph.name}' has no outcome '{outcome}'"
            tell = self.at if fields is None else self.key
            yield tell("LH959", ("ends",) if fields is None else ("ends", outcome), message, hint)


def _called(graph: Graph, graphs: Mapping[str, Graph]) -> Iterator[Graph]:
    """Yield the flows that *graph* calls, directly and through others."""
    seen: set[str] = set()
    left = [graph]
    while left:
        for node in left.pop().nodes.values():
            if isinstance(node, CallNode) and node.callee not in seen and node.callee in graphs:
                seen.add(node.callee)
                left.append(graphs[node.callee])
                yield graphs[node.callee]


def _targets(node: Node) -> Iterator[Target]:
    yield from node.routes.values()
    if isinstance(node, DecideNode):
        yield from (case.target for case in node.cases)
        yield node.otherwise
    if isinstance(node, TaskNode | CallNode):
        yield from (each.target for each in node.catch)
    yield from (bound.to for bound in (node.timeout, node.max_visits) if bound is not None)


def _is_duration(value: Any) -> bool:
    try:
        return parse_duration(str(value)) is not None
    except ValueError:
        return False

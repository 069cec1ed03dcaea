"""Playing the script of a test: what it expects is compared, what it does is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.contracts import check_fields, decode_fields, plain
from engine.execution import Phase, Promised, Refuse, scope_of
from engine.language import FlowTest, Graph, Place, PromptNode, ScriptStep, TaskNode, ValueAbsent, evaluate
from engine.language.relative import moved_fields
from engine.testing.mocks import NoAnswer, answered
from engine.testing.simulation import Sent, Simulation
from engine.testing.telling import fields, shown, standing


class Unexpected(AssertionError):
    """Something went another way than the test says: the first difference."""

    def __init__(self, expected: str, happened: str, place: Place) -> None:
        self.expected, self.happened, self.place = expected, happened, place
        super().__init__(f"{place.file}:{place.line}: expected {expected}, {happened}")


class Player:
    """Plays one test on one simulation."""

    def __init__(self, simulation: Simulation, graph: Graph, test: FlowTest) -> None:
        self._simulation, self._graph, self._test = simulation, graph, test
        self._seen = 0

    def start(self) -> None:
        """Begin the flow with the test's inputs; Unexpected where they do not fit."""
        place = _place_of(self._test, "inputs")
        if refused := self._simulation.start(self._test.inputs):
            raise Unexpected("inputs that fit", f"they were refused: {_reason(refused)}", place)

    def play(self, step: ScriptStep) -> None:
        """Do one step; Unexpected at the first difference."""
        self._look(step)
        if step.advance is not None:
            self._simulation.advance(step.advance)
        self._do(step)

    def finish(self) -> None:
        """Compare the end and all that was sent."""
        test = self._test
        if test.ends is not None:
            self._expect_end(*test.ends, _place_of(test, "ends"))
        if test.sends is not None:
            _expect_sent(test.sends, self._simulation.sent, _place_of(test, "sends"))

    # looking

    def _look(self, step: ScriptStep) -> None:
        state = self._simulation.state
        if step.expect is not None:
            path = [] if state.phase is Phase.ENDED else [frame.node for frame in state.frames]
            wanted = step.expect.split("/")
            if path[-len(wanted) :] != wanted:
                raise Unexpected(f"'{step.expect}'", f"the flow stands at {standing(state)}", step.place)
        said = [each.id for each in state.messages]
        if step.says is not None and step.says not in said:
            raise Unexpected(f"the message '{step.says}'", f"found {', '.join(said) or 'none'}", step.place)
        if step.shows is not None:
            self._expect_shown(step.shows, step.place)
        if step.sends is not None:
            _expect_sent(step.sends, self._simulation.sent[self._seen :], step.place)
        self._seen = len(self._simulation.sent)

    def _expect_shown(self, wanted: Mapping[str, Any], place: Place) -> None:
        state = self._simulation.state
        node = self._simulation.graphs[state.top.digest].nodes[state.top.node] if state.phase is Phase.PROMPT else None
        if not isinstance(node, PromptNode):
            raise Unexpected("a prompt that shows something", f"the flow stands at {standing(state)}", place)
        scope = scope_of(state, state.top, state.deadline)
        for name, value in wanted.items():
            if name not in node.show:
                raise Unexpected(f"'{name}' to be shown", f"'{node.id}' shows {', '.join(node.show) or 'none'}", place)
            try:
                found = plain(evaluate(node.show[name], scope))
            except ValueAbsent as absent:
                raise Unexpected(f"'{name}' to show {shown(value)}", str(absent), place) from absent
            if found != value:
                raise Unexpected(f"'{name}' to show {shown(value)}", f"it shows {shown(found)}", place)

    def _expect_end(self, outcome: str, given: Mapping[str, Any] | None, place: Place) -> None:
        state = self._simulation.state
        if state.phase is not Phase.ENDED:
            raise Unexpected(f"the end '{outcome}'", f"the flow still stands at {standing(state)}", place)
        if state.outcome != outcome:
            raise Unexpected(f"the end '{outcome}'", f"found {standing(state)}", place)
        if given is None:
            return
        declared = self._graph.outcomes.get(outcome, {})
        wanted = moved_fields(declared, given, self._simulation.now)
        if not check_fields(declared, wanted) or outcome not in self._graph.outcomes:
            wanted = decode_fields(declared, wanted)
        if wanted != state.result:
            raise Unexpected(f"'{outcome}' with {fields(wanted)}", f"found {fields(state.result)}", place)

    # doing

    def _do(self, step: ScriptStep) -> None:
        simulation, what = self._simulation, ""
        refused: Refuse | None = None
        if step.act is not None:
            what = f"'{step.act}'"
            if simulation.state.phase is not Phase.PROMPT:
                raise Unexpected(f"a prompt for {what}", f"the flow stands at {standing(simulation.state)}", step.place)
            refused = simulation.submit(step.act, step.values)
        elif step.signal is not None:
            what = f"the signal '{step.signal}'"
            refused = simulation.signal(step.signal, step.sender or "", step.values)
        elif step.answer is not None:
            what, refused = f"the answer '{step.answer[0]}'", self._complete(step)
        elif step.cancel is not None:
            what, refused = "the cancel", simulation.cancel(step.cancel)
        _compare_refusal(step, what, refused)

    def _complete(self, step: ScriptStep) -> Refuse | None:
        state = self._simulation.state
        node = None if state.phase is Phase.ENDED else self._simulation.graphs[state.top.digest].nodes[state.top.node]
        if state.phase is not Phase.DEFERRED or not isinstance(node, TaskNode) or step.answer is None:
            happened = f"the flow stands at {standing(state)}, and nothing is deferred"
            raise Unexpected("a deferred task to answer", happened, step.place)
        try:
            result = answered(node.contract, *step.answer, self._simulation.now)
        except NoAnswer as error:
            raise Unexpected("an outcome of the task", str(error), step.place) from error
        if isinstance(result, Promised):
            raise Unexpected("an outcome of the task", "it cannot be deferred once more", step.place)
        return self._simulation.complete(result)


def _compare_refusal(step: ScriptStep, what: str, refused: Refuse | None) -> None:
    if step.refused is None:
        if refused is not None:
            raise Unexpected(f"{what} to be accepted", f"it was refused: {_reason(refused)}", step.place)
        return
    wanted = step.refused if isinstance(step.refused, str) else ", ".join(step.refused)
    if refused is None:
        raise Unexpected(f"{what} to be refused: {wanted}", "it was accepted", step.place)
    bad = tuple(dict.fromkeys(problem.field for problem in refused.problems))
    found: str | tuple[str, ...] = refused.code if isinstance(step.refused, str) else bad
    if found != step.refused:
        raise Unexpected(f"{what} to be refused: {wanted}", f"it was refused: {_reason(refused)}", step.place)


def _expect_sent(wanted: Sequence[Mapping[str, Any]], sent: Sequence[Sent], place: Place) -> None:
    told = "; ".join(fields(each.shown) for each in sent) or "none"
    if len(wanted) != len(sent):
        raise Unexpected(f"{len(wanted)} messages to be sent", f"found {len(sent)}: {told}", place)
    for pattern, each in zip(wanted, sent, strict=True):
        if not all(_matches(value, each.arguments.get(name)) for name, value in pattern.items()):
            raise Unexpected(f"the message {fields(pattern)}", f"found {fields(each.shown)}", place)


def _matches(wanted: Any, found: Any) -> bool:
    """Return whether *found* is *wanted*; a message may be named by its id, and records by some of their parts."""
    if isinstance(found, Mapping):
        if isinstance(wanted, str):
            return bool(found.get("id") == wanted)
        return isinstance(wanted, Mapping) and all(_matches(part, found.get(name)) for name, part in wanted.items())
    return bool(plain(wanted) == found)


def _reason(refused: Refuse) -> str:
    what = "; ".join(f"{problem.field}: {problem.message}" for problem in refused.problems)
    return f"{refused.code}{f' ({what})' if what else ''}"


def _place_of(test: FlowTest, key: str) -> Place:
    span = test.spots.key(key)
    if span.line < test.place.line:  # a test that was not read from a file
        return test.place
    return Place(file=test.place.file, line=span.line, column=span.column)

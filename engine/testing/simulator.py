"""Trying a flow without a server: its tests are run on the real transition, with a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from engine.contracts import Declaration, ListOf, RecordOf, Scalar, ValueType, decode_fields, parse_duration, plain
from engine.execution import (
    Command,
    Event,
    Failed,
    Note,
    Phase,
    Promised,
    Refuse,
    RunTask,
    Signalled,
    Started,
    State,
    Submitted,
    Succeeded,
    TaskEnded,
    TimerFired,
    position,
    transition,
)
from engine.language import FlowSet, FlowTest, Graph, PromptNode, ScriptStep, TaskNode
from engine.runtime.secrets_held import hide

NOON: Final = datetime(2030, 1, 1, 12, tzinfo=UTC)
MOST_TASKS: Final = 1000
_FAULTS: Final = ("transient", "refused", "fault")


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What came of one test of a flow. ``trace`` tells what happened, line by line."""

    __test__ = False  # pytest: this is not a class of tests

    flow: str
    test: str
    problem: str | None
    trace: tuple[str, ...]
    visited: frozenset[str] = field(default_factory=frozenset)

    @property
    def passed(self) -> bool:
        """Return whether everything was as the test expects."""
        return self.problem is None

    def report(self) -> str:
        """Return what a person needs to see: one line where it passed, the trace where it did not."""
        if self.problem is None:
            return f"passed: {self.flow}: {self.test}"
        return "\n".join(
            [f"failed: {self.flow}: {self.test}", f"  {self.problem}", *(f"    {line}" for line in self.trace)]
        )


class Unexpected(AssertionError):
    """Something went another way than the test says."""


def run_flow_tests(flows: FlowSet, *, names: Iterable[str] | None = None) -> tuple[TestResult, ...]:
    """Run the tests of *flows* (of those called *names*, if given) and return what came of each."""
    wanted = None if names is None else set(names)
    return tuple(
        simulate(flows.by_digest, flows.latest(name), test)
        for name, tests in flows.tests.items()
        if wanted is None or name in wanted
        for test in tests
    )


def simulate(graphs: Mapping[str, Graph], graph: Graph, test: FlowTest, *, now: datetime = NOON) -> TestResult:
    """Run one test and return what came of it."""
    simulation = Simulation(graphs, graph, test.mocks, now=now)
    problem: str | None = None
    try:
        simulation.start(test.inputs)
        for step in test.script:
            simulation.play(step)
        if test.ends is not None:
            simulation.expect_end(*test.ends)
    except Unexpected as error:
        problem = str(error)
    return TestResult(
        flow=graph.name,
        test=test.name,
        problem=problem,
        trace=tuple(simulation.trace),
        visited=frozenset(simulation.visited),
    )


class Simulation:
    """One execution in memory: tasks are answered by outcome, time is moved by the test."""

    def __init__(
        self,
        graphs: Mapping[str, Graph],
        graph: Graph,
        mocks: Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]],
        *,
        now: datetime = NOON,
    ) -> None:
        self._graphs, self._graph, self.now = graphs, graph, now
        self._answers = {name: list(answers) for name, answers in mocks.items()}
        self._state: State | None = None
        self._secrets = 0
        self._next_task: RunTask | None = None
        self.trace: list[str] = []
        self.visited: set[str] = set()

    @property
    def state(self) -> State:
        """Return where the execution stands."""
        if self._state is None:
            raise Unexpected("the flow was not started")
        return self._state

    def start(self, inputs: Mapping[str, Any]) -> None:
        """Begin; a time written as ``+5m`` counts from now."""
        given = self._moved(self._graph.inputs, inputs)
        self._apply(Started(execution="simulation", digest=self._graph.digest, inputs=given), "the inputs do not fit")

    def play(self, step: ScriptStep) -> None:
        """Do one step of a script: expect, let time pass, act or signal."""
        where = f"{step.place.file}:{step.place.line}"
        if step.expect is not None and (at := self._standing()) != step.expect:
            raise Unexpected(f"{where}: expected '{step.expect}', the flow stands at '{at}'")
        said = [each.id for each in self.state.messages]
        if step.says is not None and step.says not in said:
            raise Unexpected(f"{where}: expected the message '{step.says}', found {', '.join(said) or 'none'}")
        if step.advance is not None:
            self.advance(step.advance)
        if step.act is not None:
            self._submit(step.act, step.values, where)
        if step.signal is not None:
            event = Signalled(signal=step.signal, sender=step.sender or "", payload=step.values)
            self._apply(event, f"{where}: the signal '{step.signal}' was refused")

    def advance(self, span: timedelta) -> None:
        """Let time pass; timers fire when they are due, one after the other."""
        until = self.now + span
        self.trace.append(f"time    +{plain(span)}")
        while (at := self.state.wake_at) is not None and at <= until:
            self.now = max(self.now, at)
            self._apply(TimerFired(), "a timer did not fire")
        self.now = until

    def expect_end(self, outcome: str, fields: Mapping[str, Any] | None) -> None:
        """Raise Unexpected unless the execution ended with *outcome*, and *fields* where they are given."""
        state = self.state
        if state.phase is not Phase.ENDED:
            raise Unexpected(f"expected the end '{outcome}', the flow still stands at '{self._standing()}'")
        if state.outcome != outcome:
            raise Unexpected(f"expected the end '{outcome}', found '{state.outcome}' {plain(state.result)}")
        if fields is None:
            return
        wanted = decode_fields(self._declared_end(outcome), self._moved(self._declared_end(outcome), fields))
        if wanted != state.result:
            raise Unexpected(f"expected '{outcome}' with {plain(wanted)}, found {plain(state.result)}")

    # the rest

    def _declared_end(self, outcome: str) -> Mapping[str, Declaration]:
        return self._graph.outcomes.get(outcome, {})

    def _standing(self) -> str:
        state = self.state
        return f"the end '{state.outcome}'" if state.phase is Phase.ENDED else state.top.node

    def _submit(self, action: str, values: Mapping[str, Any], where: str) -> None:
        state = self.state
        if state.phase is not Phase.PROMPT:
            raise Unexpected(f"{where}: '{action}' needs a prompt, the flow stands at '{self._standing()}'")
        node = self._graphs[state.top.digest].nodes[state.top.node]
        given = values
        if isinstance(node, PromptNode):
            self._secrets += 1
            declared = {name: asked.declaration for name, asked in node.fields.items()}
            given = hide(node, self._moved(declared, values), f"s{self._secrets}")
        event = Submitted(position=position(state.frames), action=action, values=given)
        self._apply(event, f"{where}: '{action}' was refused")

    def _apply(self, event: Event, complaint: str) -> None:
        self._change(event, complaint)
        for _ in range(MOST_TASKS):
            run = self._next_task
            if run is not None:
                self._change(TaskEnded(key=run.key, result=self._answer(run)), f"the task '{run.node}' was refused")
            elif self.state.phase is Phase.RETRYING and self.state.wake_at is not None:
                # Nobody wants to write down the pauses of a retry: they pass by themselves.
                self.now = max(self.now, self.state.wake_at)
                self._change(TimerFired(), "a retry did not begin")
            else:
                return
        raise Unexpected(f"more than {MOST_TASKS} tasks ran without anybody being asked")

    def _change(self, event: Event, complaint: str) -> None:
        self._state, commands = transition(self._graphs, self._state, event, self.now)
        self._next_task = next((each for each in commands if isinstance(each, RunTask)), None)
        self.visited |= {frame.node for frame in self._state.frames}
        for command in commands:
            self._tell(command, complaint)

    def _tell(self, command: Command, complaint: str) -> None:
        match command:
            case Note(kind=kind, node=node, facts=facts):
                self.visited.add(node)
                self.trace.append(f"{kind:<8}{node}: {plain(facts)}")
            case Refuse(code=code, problems=problems):
                what = "; ".join(f"{problem.field}: {problem.message}" for problem in problems)
                raise Unexpected(f"{complaint}: {code}{f' ({what})' if what else ''}")
            case _:
                pass

    def _answer(self, run: RunTask) -> Succeeded | Failed | Promised:
        answers = self._answers.get(run.executor)
        if not answers:
            raise Unexpected(f"the task '{run.node}' runs '{run.executor}', for which 'mocks' has no answer")
        outcome, fields = answers.pop(0) if len(answers) > 1 else answers[0]
        node = self._graphs[self.state.top.digest].nodes[run.node]
        declared = node.contract.outcomes.get(outcome) if isinstance(node, TaskNode) else None
        if declared is None and outcome in _FAULTS:
            return Failed(kind=outcome, code=str(fields.get("code", outcome)))
        if declared is None and outcome == "deferred":
            return Promised(until=self.now + parse_duration(str(fields.get("for", "1d"))))
        if declared is None:
            raise Unexpected(f"'{run.executor}' has no outcome '{outcome}'")
        return Succeeded(outcome=outcome, fields=self._moved(declared, fields))

    def _moved(self, declared: Mapping[str, Declaration], values: Mapping[str, Any]) -> dict[str, Any]:
        """Return *values* with times like ``+5m`` counted from now."""
        return {
            name: _moved(declared[name].type, value, self.now) if name in declared else value
            for name, value in values.items()
        }


def _moved(value_type: ValueType, value: Any, now: datetime) -> Any:
    match value_type:
        case Scalar("time") if isinstance(value, str) and value.startswith(("+", "-")):
            span = parse_duration(value[1:])
            return now + span if value.startswith("+") else now - span
        case ListOf(item) if isinstance(value, list | tuple):
            return [_moved(item, part, now) for part in value]
        case RecordOf(fields) if isinstance(value, Mapping):
            return {key: _moved(fields[key].type, part, now) if key in fields else part for key, part in value.items()}
        case _:
            return value

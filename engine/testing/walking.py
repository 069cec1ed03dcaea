"""Walking through a flow by hand: whoever sits at the terminal is the person, the executors and the clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from engine.contracts import Declaration, FieldProblem, check_fields, parse_duration
from engine.execution import Failed, Handle, Phase, Promised, Refuse, RunTask, Succeeded
from engine.language import Catalogue, Graph, TaskNode
from engine.language.relative import moved_fields
from engine.runtime import FormField, Step, render_step
from engine.testing.drawing import drawn, rule
from engine.testing.entering import NotAValue, entered
from engine.testing.mocks import DEFERRED, FAULTS, MOST_PROMISED, NoAnswer, answered
from engine.testing.samples import sample
from engine.testing.simulation import Simulation
from engine.testing.telling import fields, shown, span, standing, told

HELP: Final = """\
  NUMBER or NAME      take an action
  +5m                 let time pass
  signal NAME         send a signal
  answer              give the answer that a deferred task has promised
  cancel REASON       cancel the execution
  trace               show what happened so far
  quit                leave"""


class Terminal(Protocol):
    """Where a person reads and writes."""

    def tell(self, text: str) -> None:
        """Show a line."""
        ...

    def ask(self, question: str, *, hidden: bool = False) -> str:
        """Return the line that is typed in answer; EOFError where there is no more to come."""
        ...


class Left(Exception):
    """The person has left before the end."""


class Walk:
    """One execution, walked by hand."""

    def __init__(self, graphs: Mapping[str, Graph], graph: Graph, texts: Catalogue, terminal: Terminal) -> None:
        self._graph, self._texts, self._terminal = graph, texts, terminal
        self._simulation = Simulation(graphs, graph, self)
        self._began = self._simulation.now

    @property
    def simulation(self) -> Simulation:
        """Return the execution."""
        return self._simulation

    def start(self, given: Mapping[str, Any]) -> None:
        """Ask for the inputs that are not *given* and begin; NotAValue where those that are do not fit."""
        inputs, known = dict(given), {name: self._graph.inputs[name] for name in self._graph.inputs if name in given}
        _refuse(check_fields(known, moved_fields(known, given, self._began)))
        for name, declared in self._graph.inputs.items():
            if name not in inputs and (value := self._field(name, declared, str(declared.type))) is not None:
                inputs[name] = value
        if refused := self._simulation.start(inputs):
            _refuse(refused.problems)

    def go_on(self) -> None:
        """Do what the person says until the flow has ended; Left where they leave before."""
        drawn_at = None
        while not self._simulation.ended:
            if drawn_at != (stands := len(self._simulation.history)):
                self._draw()
                drawn_at = stands
            try:
                self._obey(self._terminal.ask("what now? ").strip())
            except NotAValue as error:
                self._terminal.tell(f"  {error}")
        state = self._simulation.state
        self._terminal.tell(rule(f"The end: {state.outcome}", f"after {span(self._simulation.now - self._began)}"))
        for name, value in state.result.items():
            self._terminal.tell(f"  {name}: {shown(value)}")

    # the executors

    def answer(self, run: RunTask, node: TaskNode, now: datetime) -> Succeeded | Failed | Promised:
        """Ask what the executor of *run* answers."""
        given = {name: "•••" if self._hides(node, name, value) else value for name, value in run.arguments.items()}
        attempt = f", try {run.attempt}" if run.attempt > 1 else ""
        self._terminal.tell(rule(f"{node.executor} {fields(given)}", f"{run.node}{attempt}"))
        return self._outcome(node, now)

    def _hides(self, node: TaskNode, name: str, value: Any) -> bool:
        declared = node.contract.inputs.get(name)
        return isinstance(value, Handle) or (declared is not None and declared.takes_secrets)

    def _outcome(self, node: TaskNode, now: datetime) -> Succeeded | Failed | Promised:
        contract = node.contract
        own = list(contract.outcomes)
        known = [*own, *FAULTS, *([DEFERRED] if contract.defers else [])]
        for place, outcome in enumerate(own, 1):
            declared = _types(contract.outcomes[outcome])
            self._terminal.tell(f"  [{place}] {outcome}{' ' + fields(declared) if declared else ''}")
        self._terminal.tell(f"  or {', '.join(known[len(own) :])}, with a reason")
        while True:
            word, _, rest = self._terminal.ask("outcome? ").strip().partition(" ")
            if word in ("quit", "trace"):
                self._obey(word)
                continue
            name = _chosen(word, known)
            try:
                return answered(contract, name, self._details(name, contract.outcomes, rest), now)
            except (NoAnswer, ValueError) as error:
                self._terminal.tell(f"  {error}")

    def _details(self, name: str, outcomes: Mapping[str, Mapping[str, Declaration]], rest: str) -> dict[str, Any]:
        if name in outcomes:
            asked = {part: self._field(part, declared, part) for part, declared in outcomes[name].items()}
            return {part: value for part, value in asked.items() if value is not None}
        return {"for" if name == DEFERRED else "code": rest} if rest else {}

    # the person

    def _draw(self) -> None:
        simulation = self._simulation
        step = self._step()
        if step.status == "prompt":
            for line in drawn(step, simulation.now):
                self._terminal.tell(line)
            return
        waits = "waits for a signal" if simulation.state.phase is Phase.WAITING else "waits for an answer"
        left = (
            ""
            if simulation.state.wake_at is None
            else f"; a timer in {span(simulation.state.wake_at - simulation.now)}"
        )
        self._terminal.tell(rule(f"The flow {waits}{left}", step.node or ""))

    def _step(self) -> Step:
        state = self._simulation.state
        return render_step(self._simulation.graphs, state, flow=self._graph.name, token=None, texts=self._texts)

    def _obey(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        simulation = self._simulation
        match word:
            case "":
                return
            case "quit":
                raise Left
            case "help" | "?":
                self._terminal.tell(HELP)
            case "trace":
                for entry in simulation.history:
                    self._terminal.tell(f"  {told(entry, self._began)}")
            case "cancel":
                self._hear(simulation.cancel(rest or "cancelled"))
            case "signal":
                self._send(rest)
            case "answer":
                self._complete()
            case _ if word.startswith("+"):
                self._advance(word[1:])
            case _:
                self._act(word)

    def _advance(self, text: str) -> None:
        try:
            length = parse_duration(text)
        except ValueError as error:
            raise NotAValue(str(error)) from error
        if length > MOST_PROMISED:
            raise NotAValue("time passes by ten years at most")
        self._simulation.advance(length)
        self._terminal.tell(f"  it is {span(self._simulation.now - self._began)} after the start")

    def _act(self, word: str) -> None:
        step = self._step()
        actions = {action.id: action for action in step.actions}
        name = _chosen(word, list(actions))
        if name not in actions:
            what = f"expected one of {', '.join(actions)}" if actions else "there is nobody to act"
            raise NotAValue(f"{what}, found '{word}'; `help` lists what else there is")
        values = dict(self._answers(step)) if actions[name].submits else {}
        self._hear(self._simulation.submit(name, values))

    def _answers(self, step: Step) -> Iterator[tuple[str, Any]]:
        state = self._simulation.state
        node = self._simulation.graphs[state.top.digest].nodes[state.top.node]
        for each in step.fields:
            declared = node.fields[each.name].declaration  # type: ignore[union-attr] # a step with fields is a prompt
            value = self._field(each.name, declared, each.label, asked=each)
            if value is not None:
                yield each.name, value

    def _send(self, name: str) -> None:
        graphs = [self._simulation.graphs[frame.digest] for frame in self._simulation.state.frames]
        declared = next((graph.signals[name] for graph in reversed(graphs) if name in graph.signals), None)
        if declared is None:
            known = ", ".join(sorted({each for graph in graphs for each in graph.signals})) or "none"
            raise NotAValue(f"expected `signal NAME` with one of: {known}")
        sender = self._terminal.ask("  from? ").strip()
        payload = {part: self._field(part, each, part) for part, each in declared.payload.items()}
        whole = {part: value for part, value in payload.items() if value is not None}
        self._hear(self._simulation.signal(name, sender, whole))

    def _complete(self) -> None:
        state = self._simulation.state
        node = self._simulation.graphs[state.top.digest].nodes[state.top.node]
        if state.phase is not Phase.DEFERRED or not isinstance(node, TaskNode):
            raise NotAValue(f"no task has promised an answer: the flow stands at {standing(state)}")
        result = self._outcome(node, self._simulation.now)
        if isinstance(result, Promised):
            raise NotAValue("an answer that was promised cannot be deferred once more")
        self._hear(self._simulation.complete(result))

    def _hear(self, refused: Refuse | None) -> None:
        if refused is not None:
            problems = [f"{problem.field}: {problem.message}" for problem in refused.problems]
            raise NotAValue(f"refused, {refused.code}{': ' if problems else ''}{'; '.join(problems)}")

    def _field(self, name: str, declared: Declaration, label: str, *, asked: FormField | None = None) -> Any:
        """Ask for one value until it fits; None where an optional one is left out."""
        first = _first(name, declared, asked)
        question = _question(name, declared, label, first, asked)
        while True:
            text = self._terminal.ask(question, hidden=declared.held)
            if not text.strip():
                if first is not None or not declared.required:
                    return first
                self._terminal.tell("  this must be given")
                continue
            try:
                return entered(name, declared, text)
            except NotAValue as error:
                self._terminal.tell(f"  {error}")


def _refuse(problems: Sequence[FieldProblem]) -> None:
    if problems:
        raise NotAValue("; ".join(f"{problem.field}: {problem.message}" for problem in problems))


def _types(declared: Mapping[str, Declaration]) -> dict[str, str]:
    return {name: str(part.type) for name, part in declared.items()}


def _chosen(word: str, known: list[str]) -> str:
    """Return the one of *known* that a number from one stands for, or *word* itself."""
    return known[int(word) - 1] if word.isdecimal() and 1 <= int(word) <= len(known) else word


def _first(name: str, declared: Declaration, asked: FormField | None) -> Any:
    """Return what Enter stands for: a prompt's own default; of inputs and outcomes, something that fits."""
    if asked is not None:
        return asked.default
    return None if not declared.required or declared.held else sample(name, declared)


def _question(name: str, declared: Declaration, label: str, first: Any, asked: FormField | None) -> str:
    named = name if label in (name, "") else f"{name} ({label})"
    of = f", of {', '.join(choice.name for choice in asked.choices)}" if asked is not None and asked.choices else ""
    enter = "" if first is None else f" [{shown(first)}]"
    absent = "" if declared.required else ", optional"
    return f"  {named}{of}{absent}{enter}: "

"""The transition does what the design says: it agrees with an interpreter that was written from the design alone."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.execution import (
    AwaitInput,
    AwaitSignal,
    Cancelled,
    Command,
    Event,
    Failed,
    Finish,
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
    TakenUp,
    TaskEnded,
    TimerFired,
    WakeAt,
    Withdraw,
    position,
    transition,
)
from engine.language import Graph
from tests.engine.proof import formulas, interpreter
from tests.engine.proof.formulas import position_of, timers_of
from tests.engine.proof.interpreter import Interpreter
from tests.engine.proof.random_flows import NOON, compile_flows, happening, inputs, write_flows

VISITED = {"called", "decided", "fault", "limit", "timer"}
TOLD = {"run", "prompt", "waiting", "wake", "withdraw", "ended", "refuse"}
ASKED = {
    "prompt": ["submit", "submit", "submit", "signal", "timer"],
    "running": ["ended", "ended", "ended", "signal", "taken"],
    "waiting": ["signal", "signal", "timer"],
    "deferred": ["ended", "timer", "signal"],
}


class Pair:
    """One execution, done twice: by the transition and by the interpreter."""

    def __init__(self, graphs: Mapping[str, Graph], raw: dict[str, Any]) -> None:
        self.graphs, self.now, self.state = graphs, NOON, State(execution="e", phase=Phase.NEW)
        self.other = Interpreter(raw, NOON)
        self.places: dict[str, str] = {}
        self.seen: set[str] = set()

    def apply(self, happened: dict[str, Any]) -> None:
        """Apply one event to both, and compare everything that can be seen."""
        facts = {**happened, "position": self._position(happened), "place": self._place(happened)}
        answered = self.other.handle(facts, self.now)
        expected = [] if answered == "refused" else [*self.other.withdrawn, *needs(self.other)]
        expected += [("refuse",)] if answered != "taken" else []
        self.state, commands = transition(self.graphs, self.state, self._event(facts), self.now)
        assert State.from_json(json.loads(json.dumps(self.state.to_json()))) == self.state
        self.places |= {each.key: position(self.state.frames) for each in commands if isinstance(each, RunTask)}
        told = [each for each in commands if not isinstance(each, Note)]
        assert [self._told(each) for each in told] == expected
        notes = [(each.kind, each.node) for each in commands if isinstance(each, Note) and each.kind in VISITED]
        assert notes == self.other.trail
        self.seen |= {each[0] for each in expected} | {kind for kind, _ in notes}
        self._compare()

    def _compare(self) -> None:
        state, other = self.state, self.other
        assert state.phase == other.mode
        if state.phase == "ended":
            assert (state.outcome, dict(state.result)) == other.end
            return
        assert position(state.frames) == position_of(other.frames)
        assert [each.id for each in state.messages] == other.said
        for frame, twin in zip(state.frames, other.frames, strict=True):
            assert frame.visits == twin.visits
            assert (frame.vars, frame.steps, frame.inputs) == (twin.vars, twin.steps, twin.inputs)

    def _position(self, happened: dict[str, Any]) -> str:
        return "elsewhere:1" if happened.get("stale") else position_of(self.other.frames)

    def _place(self, happened: dict[str, Any]) -> str:
        return "elsewhere:1" if happened.get("stale") else self.other.place

    def _event(self, facts: dict[str, Any]) -> Event:
        kind = facts["event"]
        keys = {place: key for key, place in self.places.items()}
        if kind == "start":
            return Started(execution="e", digest=facts["digest"], inputs=facts["inputs"])
        if kind == "submit":
            return Submitted(position=facts["position"], action=facts["action"], values=facts["values"])
        if kind == "signal":
            return Signalled(signal=facts["signal"], sender=facts["sender"], payload=facts["payload"])
        if kind == "ended":
            return TaskEnded(key=keys.get(facts["place"], "elsewhere"), result=_result(facts["result"]))
        if kind == "cancel":
            return Cancelled(reason=facts["reason"])
        return TimerFired() if kind == "timer" else TakenUp()

    def _told(self, command: Command) -> tuple[Any, ...]:  # noqa: PLR0911 - one line for each command
        match command:
            case RunTask():
                place = self.places[command.key]
                return ("run", command.node, command.visit, command.attempt, place, command.arguments)
            case AwaitInput(node=node):
                return ("prompt", node)
            case AwaitSignal(signal=signal):
                return ("waiting", signal)
            case WakeAt(at=at):
                return ("wake", at)
            case Withdraw(key=key):
                return ("withdraw", self.places[key])
            case Finish(outcome=outcome, fields=fields):
                return ("ended", outcome, dict(fields))
            case Refuse():
                return ("refuse",)
            case Note():
                raise AssertionError("notes are compared apart")


def _result(raw: dict[str, Any]) -> Succeeded | Failed | Promised:
    if "until" in raw:
        return Promised(until=raw["until"])
    return Failed(**raw) if "kind" in raw else Succeeded(**raw)


def needs(other: Interpreter) -> list[tuple[Any, ...]]:
    """Return what the place where the interpreter stands asks of the world, as commands."""
    if other.mode == "ended":
        return [("ended", *other.end)]
    top, asked = other.frames[-1], list[tuple[Any, ...]]()
    if other.mode == "running" and other.fresh:
        asked = [("run", top.node, top.visits[top.node], top.attempt, other.place, other.given)]
    elif other.mode in {"prompt", "waiting"}:
        asked = [(other.mode, top.at().get("signal", top.node))]
    wakes = [at for _, at, *_ in timers_of(other.frames, other.pauses)] if other.mode != "running" else []
    return [*asked, *([("wake", min(wakes))] if wakes else [])]


def play(seed: int, sequences: int) -> list[Pair]:
    """Write flows from *seed*, let things happen to them, and return every pair; an AssertionError tells the seed."""
    rng, compiled = Random(seed), None
    while compiled is None:
        compiled = compile_flows(write_flows(rng))
    graphs = {graph.digest: graph for graph in compiled}
    raw = {digest: graph.to_json() for digest, graph in graphs.items()}
    pairs = []
    for sequence in range(sequences):
        pairs.append(pair := Pair(graphs, raw))
        story: list[dict[str, Any]] = [{"event": "start", "digest": compiled[-1].digest, "inputs": inputs(rng)}]
        try:
            pair.apply(story[0])
            for _ in range(rng.randint(4, 25)):
                happened, seconds = happening(rng, ASKED.get(pair.other.mode, ["timer", "signal"]))
                story.append(happened)
                pair.now += timedelta(seconds=seconds)
                pair.apply(happened)
        except Exception as error:
            error.add_note(f"seed {seed}, sequence {sequence}: {story[-3:]} at {pair.now.time()}")
            raise
    return pairs


def test_the_interpreter_is_small_and_knows_nothing_of_what_it_checks() -> None:
    source = Path(interpreter.__file__).read_text(encoding="utf-8")
    code = [line for line in source.split("\n") if line.strip()]
    assert len(code) <= 200
    read = source + Path(formulas.__file__).read_text(encoding="utf-8")
    assert "engine.execution" not in "\n".join(line for line in read.split("\n") if "import" in line)


def test_the_transition_agrees_with_an_independent_interpreter() -> None:
    pairs = [pair for seed in range(30) for pair in play(seed, 10)]
    assert len(pairs) == 300
    assert {what for pair in pairs for what in pair.seen} == VISITED | TOLD


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("chunk", range(10))
def test_they_agree_on_twenty_thousand_flows_and_sequences(chunk: int) -> None:
    pairs = [pair for seed in range(1000 + chunk * 100, 1100 + chunk * 100) for pair in play(seed, 20)]
    assert len(pairs) == 2000
    outcomes = {pair.state.outcome for pair in pairs}
    assert outcomes >= {"good", "bad", "odd", "fault", "cancelled", None}

"""What is stored of a state: the values that a later node can still read, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.execution import Frame, Phase, State
from engine.language import Graph, live_values


@dataclass(frozen=True, slots=True)
class _Live:
    """What is live at one node: names of inputs and variables, and of what each node learned (None for all of it)."""

    inputs: frozenset[str]
    vars: frozenset[str]
    steps: Mapping[str, frozenset[str] | None]

    @classmethod
    def made(cls, locations: Iterable[tuple[str, ...]]) -> _Live:
        """Return *locations* sorted by what they are of."""
        found: dict[str, set[str]] = {"inputs": set(), "vars": set()}
        steps: dict[str, frozenset[str] | None] = {}
        for kind, name, *part in locations:
            if kind != "steps":
                found[kind].add(name)
            elif not part:
                steps[name] = None
            elif (fields := steps.get(name, frozenset())) is not None:
                steps[name] = fields | {part[0]}
        return cls(frozenset(found["inputs"]), frozenset(found["vars"]), steps)

    def kept(self, frame: Frame) -> Frame:
        """Return *frame* with what is live of it: itself, where that is all."""
        inputs = _only(frame.inputs, self.inputs)
        variables = _only(frame.vars, self.vars)
        steps = {
            node: learned
            for node, values in frame.steps.items()
            if node in self.steps and (learned := _only(values, self.steps[node]))
        }
        if inputs is frame.inputs and variables is frame.vars and steps == frame.steps:
            return frame
        return Frame(
            digest=frame.digest,
            node=frame.node,
            visits=frame.visits,
            attempt=frame.attempt,
            inputs=inputs,
            vars=variables,
            steps=steps,
            deadline=frame.deadline,
            due=frame.due,
        )


class Keeping:
    """Knows, for each version of a flow, what is live at each of its nodes; worked out once."""

    def __init__(self) -> None:
        self._live: dict[str, Mapping[str, _Live]] = {}

    def kept(self, graphs: Mapping[str, Graph], state: State) -> tuple[Frame, ...]:
        """Return what is stored of the frames of *state*. After a fault that is all: its node can be run again."""
        if state.phase is Phase.ENDED:
            return state.frames
        return tuple([self._at(graphs[frame.digest], frame.node).kept(frame) for frame in state.frames])

    def _at(self, graph: Graph, node: str) -> _Live:
        live = self._live.get(graph.digest)
        if live is None:
            live = {name: _Live.made(locations) for name, locations in live_values(graph).items()}
            self._live[graph.digest] = live
        return live[node]


def _only(values: Mapping[str, Any], names: frozenset[str] | None) -> Mapping[str, Any]:
    """Return those of *values* that *names* has: themselves, where it has all of them."""
    if names is None or values.keys() <= names:
        return values
    return {name: value for name, value in values.items() if name in names}

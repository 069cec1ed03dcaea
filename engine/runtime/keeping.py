"""What is stored of a state: the values that a later node can still read, and no others."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.execution import Frame, Phase, State
from engine.language import Graph, live_values

Live = Mapping[str, frozenset[tuple[str, ...]]]


class Keeping:
    """Knows, for each version of a flow, what is live at each of its nodes; worked out once."""

    def __init__(self) -> None:
        self._live: dict[str, Live] = {}

    def kept(self, graphs: Mapping[str, Graph], state: State) -> State:
        """Return *state* as it is stored. After a fault all is kept, so that its node can be run again."""
        if state.phase is Phase.ENDED:
            return state
        frames = tuple(self._frame(graphs[frame.digest], frame) for frame in state.frames)
        return replace(state, frames=frames)

    def _frame(self, graph: Graph, frame: Frame) -> Frame:
        live = self._live.get(graph.digest)
        if live is None:
            live = self._live[graph.digest] = live_values(graph)
        here = live[frame.node]
        inputs = {name: value for name, value in frame.inputs.items() if ("inputs", name) in here}
        variables = {name: value for name, value in frame.vars.items() if ("vars", name) in here}
        steps = {node: learned for node, values in frame.steps.items() if (learned := _step(here, node, values))}
        return replace(frame, inputs=inputs, vars=variables, steps=steps)


def _step(live: frozenset[tuple[str, ...]], node: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    if ("steps", node) in live:
        return values
    return {name: value for name, value in values.items() if ("steps", node, name) in live}

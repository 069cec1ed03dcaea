"""Running the node of a fault once more, when a person says so."""

from dataclasses import replace
from datetime import datetime

from engine.execution.state import Phase, State
from engine.execution.transition import Passage
from engine.execution.walk import Graphs, Walk
from engine.language.graph import Target


def run_again(graphs: Graphs, state: State, now: datetime) -> Passage | None:
    """Return *state* with the node that its fault ended at entered anew, or None where there is nothing to run again.

    It is another visit, with a key and a timeout of its own; a deadline of the flow that has passed fires first.
    """
    if state.phase is not Phase.ENDED or state.outcome != "fault" or not state.frames:
        return None
    walk = Walk(graphs, replace(state, phase=Phase.NEW, outcome=None, result={}, task=None), now)
    walk.note("again", walk.spot.node)
    walk.spot.due = None
    walk.go(Target(to=walk.spot.node))
    walk.settle()
    return Passage(state, walk)

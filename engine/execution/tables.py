"""The state machine printed: generated from the table that runs, so that the picture cannot lie."""

from engine.execution.events import EVENTS
from engine.execution.rules import REFUSALS, RULES
from engine.execution.state import Phase


def describe(phase: Phase, event: type) -> str:
    """Return in one line what *event* does in *phase*."""
    rule = RULES[phase].get(event)
    if rule is None:
        return f"refused: {REFUSALS[event]}"
    return (rule.__doc__ or "").strip().partition("\n")[0]


def transition_table() -> str:
    """Return phase by event as a Markdown table."""
    rows = ["| phase | event | result |", "| --- | --- | --- |"]
    rows += [f"| {phase.value} | {event.__name__} | {describe(phase, event)} |" for phase in Phase for event in EVENTS]
    return "\n".join(rows) + "\n"

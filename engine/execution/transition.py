"""The pure heart: state and event in, state and commands out. No clock, database, template, randomness or await."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Self

from engine.execution.events import Command, Event, Failed, Promised, Refuse, RunTask, Succeeded
from engine.execution.rules import apply, take_result
from engine.execution.state import Phase, State
from engine.execution.walk import Graphs, Walk

NOTHING: Final = State(execution="", phase=Phase.NEW)

Changed = tuple[State, tuple[Command, ...]]


def transition(graphs: Graphs, state: State | None, event: Event, now: datetime) -> Changed:
    """Apply *event* to *state* at *now*; return the new state and what it needs of the world.

    A timer that is due at *now* fires first, except where a task is running: its result goes first, then timers,
    then a noted cancel. Where the event does not fit, ``Refuse`` is among the commands and at most timers changed
    the state.
    """
    return Passage.begin(graphs, state, event, now).close()


class Passage:
    """An event, and behind it the results of tasks that could run at once: one change, however many they are.

    It comes to what ``transition`` would, called for the event and then for each result, without writing down and
    reading again the states between, which nobody sees.
    """

    __slots__ = ("_before", "_walk", "refused")

    def __init__(self, before: State, walk: Walk | None, refused: Refuse | None = None) -> None:
        self._before, self._walk = before, walk
        self.refused = refused
        """Why nothing at all was applied, if so."""

    @classmethod
    def begin(cls, graphs: Graphs, state: State | None, event: Event, now: datetime) -> Self:
        """Apply *event* as ``transition`` does."""
        before = NOTHING if state is None else state
        moved = apply(graphs, before, event, now)
        return cls(before, None, moved) if isinstance(moved, Refuse) else cls(before, moved)

    @property
    def locale(self) -> str:
        """Return the language of the execution."""
        return self._before.locale if self._walk is None else self._walk.state.locale

    @property
    def run(self) -> RunTask | None:
        """Return the task that is to be run now, if the execution stands at one."""
        return None if self._walk is None else self._walk.run

    def end(self, result: Succeeded | Failed | Promised) -> None:
        """Apply the result of ``run``."""
        if self._walk is not None:
            self._walk.go_on()
            take_result(self._walk, result)

    def close(self) -> Changed:
        """Return the new state and what it needs of the world."""
        if self._walk is not None:
            return self._walk.close()
        return self._before, () if self.refused is None else (self.refused,)

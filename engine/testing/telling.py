"""What a person reads of a simulation: its history line by line, and where it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from engine.contracts import plain
from engine.execution import Phase, State
from engine.language import ScriptStep
from engine.runtime import HistoryEntry

_WIDTH = 9
_DAY = timedelta(days=1)


def told(entry: HistoryEntry, began: datetime) -> str:
    """Return one line of the history, with the time since it *began*.

    >>> at = datetime.fromisoformat("2030-01-01T12:00:00Z")
    >>> told(HistoryEntry(revision=2, at=at, kind="answered", node="ask", facts={"action": "submit"}), at)
    '    +0s  answered   ask: action submit'
    """
    facts = ", ".join(f"{name} {shown(value)}" for name, value in entry.facts.items())
    return f"{'+' + span(entry.at - began):>7}  {entry.kind:<{_WIDTH}}  {entry.node}{': ' if facts else ''}{facts}"


def shown(value: Any) -> str:
    """Return *value* as it stands in a line: JSON, texts without quotes."""
    simple = plain(value)
    return simple if isinstance(simple, str) and simple else json.dumps(simple, ensure_ascii=False)


def span(length: timedelta) -> str:
    """Return *length* as an author writes it.

    >>> span(timedelta(hours=25, seconds=2)), span(timedelta(milliseconds=1500)), span(timedelta(0))
    ('1d1h2s', '1s500ms', '0s')
    """
    seconds, rest = divmod(length.seconds, 60)
    hours, minutes = divmod(seconds, 60)
    parts = ((length.days, "d"), (hours, "h"), (minutes, "m"), (rest, "s"), (length.microseconds // 1000, "ms"))
    return "".join(f"{amount}{unit}" for amount, unit in parts if amount) or "0s"


def step_told(step: ScriptStep) -> str:
    """Return what a step of a script looks for and does, without the values that it gives."""
    parts = {"expect": step.expect, "says": step.says, "advance": step.advance and span(step.advance)}
    deeds = {"act": step.act, "signal": step.signal, "answer": step.answer and step.answer[0], "cancel": step.cancel}
    return ", ".join(f"{key} {part}" for key, part in {**parts, **deeds}.items() if part is not None)


def standing(state: State) -> str:
    """Return where *state* stands, as a test names it."""
    if state.phase is Phase.ENDED:
        return f"the end '{state.outcome}'" + (f" with {fields(state.result)}" if state.result else "")
    return f"'{'/'.join(frame.node for frame in state.frames)}'"


def fields(values: Mapping[str, Any]) -> str:
    """Return *values* in braces, as a test writes them."""
    return "{" + ", ".join(f"{name}: {shown(value)}" for name, value in values.items()) + "}"

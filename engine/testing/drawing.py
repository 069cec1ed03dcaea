"""A step as lines of text: what a person at a terminal sees of a flow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from engine.runtime import Step
from engine.testing.telling import shown, span

_WIDTH: Final = 72


def drawn(step: Step, now: datetime) -> Iterator[str]:
    """Yield the lines of a prompt: title, help, messages, what it shows, its actions by number."""
    yield rule(step.title.text if step.title else step.node or "", step.node or "")
    if step.help is not None:
        yield f"  {step.help.text}"
    yield from (f"  ! {message.text}" for message in step.messages)
    width = max((len(each.label) for each in step.show), default=0)
    yield from (f"  {each.label:<{width}}  {shown(each.value)}" for each in step.show)
    if step.by is not None:
        yield f"  for {step.by}"
    wide = max(len(action.id) for action in step.actions)
    yield from (f"  [{place}] {action.id:<{wide}}  {action.label}" for place, action in enumerate(step.actions, 1))
    if step.expires_at is not None:
        yield f"  time left: {span(step.expires_at - now)}"


def rule(title: str, place: str) -> str:
    """Return a line across, with *title* on its left and *place* on its right.

    >>> rule("Sign in", "ask")[:14]
    '── Sign in ───'
    """
    return f"── {title} {'─' * max(3, _WIDTH - len(title) - len(place))} {place} ──"

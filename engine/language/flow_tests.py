"""A test of a flow as its author wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from engine.contracts import frozen
from engine.language.diagnostics import Span
from engine.language.nodes import Place
from engine.language.yaml_tree import Spots, YamlBad

PlannedAnswer = tuple[str, Mapping[str, Any]]
_NOWHERE: Final = Spots(YamlBad(Span(1, 1, 1, 2)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStep:
    """One step of a test: look where the flow stands, let time pass, then do at most one thing.

    To look: ``expect`` (a node), ``says`` (a message), ``shows`` (values at the prompt), ``sends`` (messages that
    executors were given since the step before). To do: ``act``, ``signal``, ``answer`` (of a deferred task) or
    ``cancel``; ``refused`` says that it must be refused, by a code or by the names of bad fields.
    """

    place: Place
    expect: str | None = None
    says: str | None = None
    shows: Mapping[str, Any] | None = None
    sends: tuple[Mapping[str, Any], ...] | None = None
    advance: timedelta | None = None
    act: str | None = None
    signal: str | None = None
    sender: str | None = None
    answer: PlannedAnswer | None = None
    cancel: str | None = None
    refused: str | tuple[str, ...] | None = None
    values: Mapping[str, Any] = field(default_factory=lambda: frozen({}), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTest:
    """A test of a flow: what goes in, what executors answer, what people do, how it ends.

    ``mocks`` holds, for each executor or called flow (``name@major``), its answers in order, each ``(outcome,
    fields)``; the last one is repeated. ``sends`` lists all messages of the run. ``ends`` is the outcome and, where
    the author wrote them, its fields. ``spots`` finds the places of its parts in the file.
    """

    name: str
    place: Place
    inputs: Mapping[str, Any]
    mocks: Mapping[str, tuple[PlannedAnswer, ...]]
    script: tuple[ScriptStep, ...]
    ends: tuple[str, Mapping[str, Any] | None] | None
    sends: tuple[Mapping[str, Any], ...] | None = None
    spots: Spots = field(default=_NOWHERE, compare=False, repr=False)

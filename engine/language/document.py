"""A flow as its author wrote it: read, and not yet checked against anything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.contracts import Declaration, ValueType
from engine.language.flow_tests import FlowTest
from engine.language.graph import (
    Catch,
    Deadline,
    DecideNode,
    EndNode,
    MaxVisits,
    Migration,
    Place,
    PromptNode,
    Retry,
    SignalDeclaration,
    Target,
    Timeout,
    WaitNode,
)
from engine.language.values import Value
from engine.language.yaml_tree import Spots


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDraft:
    """A task whose executor was not looked up yet; ``routes`` may hold ``fault``."""

    id: str
    executor: str
    arguments: Mapping[str, Value]
    retry: Retry | None
    catch: tuple[Catch, ...]
    timeout: Timeout | None
    max_visits: MaxVisits | None
    routes: Mapping[str, Target]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDraft:
    """A call whose flow was not looked up yet; ``routes`` may hold ``fault``."""

    id: str
    flow: str
    major: int
    arguments: Mapping[str, Value]
    timeout: Timeout | None
    max_visits: MaxVisits | None
    routes: Mapping[str, Target]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenDraft:
    """A node with a fault of shape: it was reported, and its name and the ways out of it still count.

    ``whole`` says that all of its ways could be made out.
    """

    id: str
    ways: tuple[tuple[tuple[str | int, ...], str], ...] = ()
    whole: bool = False


NodeDraft = TaskDraft | PromptNode | DecideNode | CallDraft | WaitNode | EndNode | BrokenDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowDocument:
    """One flow file, read. ``broken`` says that something of its shape was wrong, so that some checks make no sense."""

    file: str
    name: str
    version: str
    title: str
    kind: str | None
    types: Mapping[str, ValueType]
    inputs: Mapping[str, Declaration]
    outcomes: Mapping[str, Mapping[str, Declaration]]
    variables: Mapping[str, Declaration]
    signals: Mapping[str, SignalDeclaration]
    deadline: Deadline | None
    start: str
    nodes: Mapping[str, NodeDraft]
    keep: tuple[str, ...]
    migrate: Migration | None
    tests: tuple[FlowTest, ...]
    spots: Spots
    broken: bool

    @property
    def major(self) -> int:
        """Return the first part of ``version``."""
        return int(self.version.partition(".")[0])

    @property
    def reference(self) -> str:
        """Return how a call names it."""
        return f"{self.name}@{self.major}"

    def place(self, *path: str | int) -> Place:
        """Return where the key at *path* stands."""
        span = self.spots.key(*path)
        return Place(file=self.file, line=span.line, column=span.column)

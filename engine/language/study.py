"""What the checks look at: one document with all that it refers to, its values and targets with their roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final
from typing import Literal as OneOf

from engine.contracts import Contract, Declaration, ListOf, Scalar, frozen
from engine.language.catalogue import Catalogue
from engine.language.diagnostics import Diagnostic, Span, closest, diagnostic
from engine.language.document import BrokenDraft, CallDraft, FlowDocument, NodeDraft, TaskDraft
from engine.language.graph import DecideNode, EndNode, PromptNode, Target, WaitNode
from engine.language.origins import Summary
from engine.language.values import Expression, Structure, Value
from engine.language.yaml_tree import Path

Declarations = Mapping[str, Declaration]
Outcomes = Mapping[str, Declarations]
Role = OneOf["argument", "show", "choose", "default", "by", "when", "set", "say", "end", "moment", "sender"]

ID: Final = Declaration(type=Scalar("id"))
TIME: Final = Declaration(type=Scalar("time"))
BOOLEAN: Final = Declaration(type=Scalar("boolean"))
IDS: Final = Declaration(type=ListOf(Scalar("id")))
NOTHING: Final[Declarations] = frozen({})
_MOST_GUESSES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedValue:
    """A value, where it stands, what it is for and what is wanted there.

    ``after`` is the way on which it is computed, once the node has its outcome; None: on entering the node.
    """

    path: Path
    value: Value
    role: Role
    node: str | None
    expected: Declaration | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedTarget:
    """A way from one node to another. ``way`` is the outcome, or ``timeout``, ``max_visits``, ``catch``, ``case``."""

    path: Path
    target: Target
    node: str
    way: str
    index: int = 0

    @property
    def name(self) -> str:
        """Return what tells this way from the others of its node: what ``PlacedValue.after`` has."""
        return f"{self.way}:{self.index}"


@dataclass(frozen=True, kw_only=True)
class Study:
    """One document and what it refers to. ``callees`` and what they prove are by ``name@major``.

    What several checks need is computed once, when the first asks for it.
    """

    document: FlowDocument
    contracts: Mapping[str, Contract]
    callees: Mapping[str, FlowDocument]
    catalogue: Catalogue
    proven: Mapping[str, Summary] = field(default_factory=lambda: frozen({}))

    @cached_property
    def values(self) -> tuple[PlacedValue, ...]:
        """Return every value of the document."""
        return tuple(placed_values(self))

    @cached_property
    def targets(self) -> tuple[PlacedTarget, ...]:
        """Return every way from a node to another; one to a misspelt name leads to the nearest, so that paths go on."""
        found = [(placed, self._nearest(placed.target.to)) for placed in placed_targets(self.document)]
        return tuple(
            placed if to == placed.target.to else replace(placed, target=replace(placed.target, to=to))
            for placed, to in found
            if to is not None
        )

    @cached_property
    def _guesses(self) -> Mapping[str, str | None]:
        """Return the nearest nodes of the first few names that no node bears."""
        document = self.document
        late = [document.deadline.to] if document.deadline else []
        names = [document.start, *late, *(placed.target.to for placed in placed_targets(document))]
        unknown = [name for name in dict.fromkeys(names) if name not in document.nodes][:_MOST_GUESSES]
        return {name: closest(name, tuple(document.nodes)) for name in unknown}

    def _nearest(self, name: str) -> str | None:
        return name if name in self.document.nodes else self._guesses.get(name)

    @cached_property
    def lost(self) -> bool:
        """Return whether some way leads nobody knows where, so that what is not reached may well be."""
        nodes = self.document.nodes.values()
        unread = any(isinstance(node, BrokenDraft) and not node.whole for node in nodes)
        return unread or any(self._nearest(placed.target.to) is None for placed in placed_targets(self.document))

    @cached_property
    def ways(self) -> Mapping[str, tuple[PlacedTarget, ...]]:
        """Return the ways out of each node."""
        found: dict[str, list[PlacedTarget]] = {name: [] for name in self.document.nodes}
        for placed in self.targets:
            found[placed.node].append(placed)
        return frozen({name: tuple(ways) for name, ways in found.items()})

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """Return the nodes where a walk may begin: the start, and where the deadline leads."""
        start = self._nearest(self.document.start)
        found = (start, self.late) if start is not None else ()
        return tuple(dict.fromkeys(name for name in found if name is not None))

    @cached_property
    def late(self) -> str | None:
        """Return the node where the deadline leads."""
        return self._nearest(self.document.deadline.to) if self.document.deadline else None

    @property
    def connected(self) -> bool:
        """Return whether there is a beginning, so that paths can be followed."""
        return bool(self.roots)

    def report(
        self, code: str, span: Span, message: str, *, hint: str = "", related: tuple[tuple[Span, str], ...] = ()
    ) -> Diagnostic:
        """Return a diagnostic about this document."""
        return diagnostic(code, self.document.file, span, message, hint=hint, related=related)

    def inputs_of(self, node: NodeDraft) -> Declarations | None:
        """Return what a task or call takes, where it is known."""
        match node:
            case TaskDraft(executor=executor):
                return self.contracts[executor].inputs if executor in self.contracts else None
            case CallDraft(flow=flow, major=major):
                callee = self.callees.get(f"{flow}@{major}")
                return callee.inputs if callee else None
            case _:
                return None

    def outcomes_of(self, node: NodeDraft) -> Outcomes | None:
        """Return the outcomes of a node with their fields, where they are known. A prompt's are its actions."""
        match node:
            case TaskDraft(executor=executor):
                return self.contracts[executor].outcomes if executor in self.contracts else None
            case CallDraft(flow=flow, major=major):
                callee = self.callees.get(f"{flow}@{major}")
                return callee.outcomes if callee else None
            case PromptNode():
                return frozen({action: _asked(node, action) for action in {*node.routes, *node.submits}})
            case WaitNode(signal=signal):
                declared = self.document.signals.get(signal)
                return frozen({"signalled": frozen({**declared.payload, "sender": ID})}) if declared else None
            case _:
                return None

    def produced(self, node_id: str) -> Mapping[str, tuple[Declaration, ...]] | None:
        """Return every field that a node may produce with its declarations by outcome; None where that is unknown."""
        node = self.document.nodes[node_id]
        if isinstance(node, DecideNode | EndNode):
            return {}
        outcomes = self.outcomes_of(node)
        if outcomes is None:
            return None
        asked = node.fields if isinstance(node, PromptNode) else {}
        found: dict[str, tuple[Declaration, ...]] = {name: (field.declaration,) for name, field in asked.items()}
        for fields in outcomes.values():
            for name, declaration in fields.items():
                found[name] = (*found.get(name, ()), declaration)
        return found


def _asked(node: PromptNode, action: str) -> Declarations:
    taken = {name: field.declaration for name, field in node.fields.items()} if action in node.submits else {}
    return frozen({**taken, "action": ID})


def placed_targets(document: FlowDocument) -> Iterator[PlacedTarget]:
    """Yield every way from one node of *document* to another, in the order of the file."""
    for node_id, node in document.nodes.items():
        yield from _targets_of(node_id, node)


def _targets_of(node_id: str, node: NodeDraft) -> Iterator[PlacedTarget]:
    base: Path = ("nodes", node_id)
    if isinstance(node, BrokenDraft):
        for index, (path, to) in enumerate(node.ways):
            yield PlacedTarget(path=(*base, *path), target=Target(to=to), node=node_id, way="unread", index=index)
    for outcome, target in getattr(node, "routes", {}).items():
        yield PlacedTarget(path=(*base, "routes", outcome), target=target, node=node_id, way=outcome)
    if isinstance(node, TaskDraft):
        for index, catch in enumerate(node.catch):
            path = (*base, "catch", index)
            yield PlacedTarget(path=path, target=catch.target, node=node_id, way="catch", index=index)
    if isinstance(node, DecideNode):
        for index, case in enumerate(node.cases):
            path = (*base, "decide", index)
            yield PlacedTarget(path=path, target=case.target, node=node_id, way="case", index=index)
        yield PlacedTarget(path=(*base, "else"), target=node.otherwise, node=node_id, way="else")
    for way in ("timeout", "max_visits"):
        if (limit := getattr(node, way, None)) is not None:
            path = (*base, way, "to")
            yield PlacedTarget(path=path, target=limit.to, node=node_id, way=way)


def placed_values(study: Study) -> Iterator[PlacedValue]:
    """Yield every value of the document with its role, in the order of the file as far as that is cheap."""
    document = study.document
    if document.deadline:
        path: Path = ("deadline", "at")
        yield PlacedValue(path=path, value=document.deadline.at, role="moment", node=None, expected=TIME)
    for name, signal in document.signals.items():
        yield PlacedValue(path=("signals", name, "from"), value=signal.sender, role="sender", node=None)
    for node_id, node in document.nodes.items():
        yield from _values_of(study, node_id, node)
    for placed in placed_targets(document):
        yield from _values_on_the_way(document, placed)


def _values_of(study: Study, node_id: str, node: NodeDraft) -> Iterator[PlacedValue]:
    base: Path = ("nodes", node_id)
    match node:
        case TaskDraft(arguments=arguments) | CallDraft(arguments=arguments):
            wanted = study.inputs_of(node) or NOTHING
            for name, value in arguments.items():
                path = (*base, "with", name)
                yield PlacedValue(path=path, value=value, role="argument", node=node_id, expected=wanted.get(name))
        case PromptNode():
            yield from _values_of_prompt(node_id, node)
        case DecideNode(cases=cases):
            for index, case in enumerate(cases):
                path = (*base, "decide", index, "when")
                yield PlacedValue(path=path, value=case.when, role="when", node=node_id, expected=BOOLEAN)
        case EndNode(outcome=outcome, fields=fields):
            wanted = study.document.outcomes.get(outcome, NOTHING)
            for name, value in fields.items():
                path = (*base, "with", name)
                yield PlacedValue(path=path, value=value, role="end", node=node_id, expected=wanted.get(name))
        case _:
            pass
    timeout = getattr(node, "timeout", None)
    if timeout is not None and timeout.at is not None:
        path = (*base, "timeout", "at")
        yield PlacedValue(path=path, value=timeout.at, role="moment", node=node_id, expected=TIME)


def _values_of_prompt(node_id: str, node: PromptNode) -> Iterator[PlacedValue]:
    base: Path = ("nodes", node_id)
    for name, value in node.show.items():
        yield PlacedValue(path=(*base, "show", name), value=value, role="show", node=node_id)
    for name, asked in node.fields.items():
        path = (*base, "fields", name)
        if asked.choose is not None:
            yield PlacedValue(
                path=(*path, "choose"), value=asked.choose, role="choose", node=node_id, expected=asked.declaration
            )
        if asked.default is not None:
            yield PlacedValue(
                path=(*path, "default"), value=asked.default, role="default", node=node_id, expected=asked.declaration
            )
    if node.by is not None:
        yield PlacedValue(path=(*base, "by"), value=node.by, role="by", node=node_id, expected=ID)


def _values_on_the_way(document: FlowDocument, placed: PlacedTarget) -> Iterator[PlacedValue]:
    base = placed.path
    way = f"{placed.way}:{placed.index}"
    for name, value in placed.target.set.items():
        wanted = document.variables.get(name)
        path = (*base, "set", name)
        yield PlacedValue(path=path, value=value, role="set", node=placed.node, expected=wanted, after=way)
    if placed.target.say:
        for name, value in placed.target.say.params.items():
            path = (*base, "say", "params", name)
            yield PlacedValue(path=path, value=value, role="say", node=placed.node, after=way)


def expressions(placed: PlacedValue) -> Iterator[tuple[Path, Expression]]:
    """Yield every expression within a placed value, with its own path."""
    yield from _expressions(placed.path, placed.value)


def _expressions(path: Path, value: Value) -> Iterator[tuple[Path, Expression]]:
    if isinstance(value, Expression):
        yield path, value
    elif isinstance(value, Structure):
        parts = value.parts
        named = enumerate(parts) if isinstance(parts, tuple) else parts.items()
        for key, part in named:
            yield from _expressions((*path, key), part)

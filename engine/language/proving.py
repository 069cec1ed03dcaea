"""Following what values prove through a flow: on entering each node, what is known of the origin of each location.

A location is ``("vars", name)`` or ``("steps", node, field)``. Only locations that a proof can depend on are followed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from engine.contracts import UNSET, Contract, ListOf
from engine.language.document import CallDraft, TaskDraft
from engine.language.graph import DecideNode, EndNode, PromptNode
from engine.language.inference import Inference
from engine.language.origins import EARLIER, NOTHING, UNKNOWN, Origin, Summary, Symbol, aged, literal, meet
from engine.language.study import PlacedTarget, Study
from engine.language.terms import Choice, Constant, Filtered, Item, Listed, Operation, Part, Read, Term
from engine.language.values import Expression, Literal, Structure, Value, parts_of, reads_of

Location = tuple[str, ...]
Knowledge = Mapping[Location, Origin]
_PIECES = frozenset({"first", "last", "names"})


class Proving:
    """What one flow proves. ``sinks`` are the values whose origin is asked for."""

    def __init__(self, study: Study, sinks: Iterable[Value]) -> None:
        self.study = study
        self._followed = self._relevant(sinks)

    # what has to be followed

    def _relevant(self, sinks: Iterable[Value]) -> frozenset[Location]:
        setters: dict[str, list[Value]] = {}
        for placed in self.study.targets:
            for name, value in placed.target.set.items():
                setters.setdefault(name, []).append(value)
        found: set[Location] = set()
        waiting = deque(location for value in sinks for location in _locations(value))
        while waiting:
            location = waiting.popleft()
            if location not in found:
                found.add(location)
                causes = setters.get(location[1], []) if location[0] == "vars" else self._causes(location[1])
                waiting.extend(cause for value in causes for cause in _locations(value))
        return frozenset(found)

    def _causes(self, node_id: str) -> Iterable[Value]:
        """Return the values that decide whom the products of a node are about."""
        match self.study.document.nodes.get(node_id):
            case TaskDraft(arguments=arguments) | CallDraft(arguments=arguments):
                return tuple(arguments.values())
            case PromptNode(by=by) if by is not None:
                return (by,)
            case _:
                return ()

    # what is known where

    def first(self) -> Knowledge:
        """Return what is known at the beginning: the variables that have a default."""
        declared = self.study.document.variables
        named = {("vars", name): part for name, part in declared.items() if part.default is not UNSET}
        return {location: literal(part.default) for location, part in named.items() if location in self._followed}

    def entering(self) -> Mapping[str, Knowledge]:
        """Return what is known on entering each node that is reached, whatever the path."""
        first = self.first()
        arriving: dict[str, dict[tuple[str, str], Knowledge]] = {root: {("", ""): first} for root in self.study.roots}
        found: dict[str, Knowledge] = {}
        waiting = deque(self.study.roots)
        while waiting:
            name = waiting.popleft()
            joined = _joined(arriving[name].values())
            if found.get(name) == joined:
                continue
            found[name] = joined
            for way, to, known in self.leaving(name, joined):
                place = arriving.setdefault(to, {})
                # The deadline may come anywhere: what is known of all places is gathered, not kept place by place.
                at = (name, way) if way else ("", "")
                place[at] = known if way else _joined([place.get(at, known), known])
                waiting.append(to)
        return found

    def leaving(self, node: str, known: Knowledge) -> Iterator[tuple[str, str, Knowledge]]:
        """Yield each way out of a node with where it leads and what is known there; the deadline's has no name."""
        for way in self.study.ways[node]:
            yield way.name, way.target.to, self.after(way, known)
        if self.study.late is not None:
            yield "", self.study.late, known

    def after(self, way: PlacedTarget, known: Knowledge) -> Knowledge:
        """Return what is known at the end of *way*, where *known* held on entering its node."""
        produced = self._produced(way, known)
        if produced is not None:
            known = {
                at: aged(origin, ("steps", way.node)) for at, origin in known.items() if at[:2] != ("steps", way.node)
            }
            known.update({at: origin for at, origin in produced.items() if at in self._followed})
        settings = {
            ("vars", name): self.origin(value, known)
            for name, value in way.target.set.items()
            if ("vars", name) in self._followed
        }
        for at in settings:
            known = {other: aged(origin, at) for other, origin in known.items()}
        return {**known, **{at: aged(origin, at) for at, origin in settings.items() if origin is not None}}

    # what nodes produce

    def _produced(self, way: PlacedTarget, known: Knowledge) -> Knowledge | None:
        """Return the products of a node that is left by *way*; None where it did not run, or produces nothing."""
        node = self.study.document.nodes[way.node]
        if way.way == "max_visits" or isinstance(node, DecideNode | EndNode):
            return None
        outcomes = self.study.outcomes_of(node)
        if outcomes is None or (way.way not in outcomes and way.way not in {"fault", "timeout", "catch"}):
            followed = (at for at in self._followed if at[:2] == ("steps", way.node))
            return dict.fromkeys(followed, UNKNOWN)  # reported as such, and nothing must follow from it
        fields = outcomes[way.way] if way.way in outcomes and way.path[2] == "routes" else {}
        proofs = self._proofs(way, known)
        return {("steps", way.node, name): proofs.get(name, Origin(("steps", way.node, name))) for name in fields}

    def _proofs(self, way: PlacedTarget, known: Knowledge) -> Mapping[str, Origin]:
        node = self.study.document.nodes[way.node]
        match node:
            case TaskDraft(executor=executor) if executor in self.study.contracts:
                return self._established(way, node, self.study.contracts[executor], known)
            case PromptNode(fields=fields, by=by) if way.way in node.submits:
                asked = self._person(by, known, way.node) if by is not None else None
                return {name: Origin(("steps", way.node, name), {"answer": asked}) for name in fields}
            case CallDraft(flow=flow, major=major):
                promised = self.study.proven.get(f"{flow}@{major}", {}).get(way.way, {})
                return {name: self._returned(node, origin, known) for name, origin in promised.items()}
            case _:
                return {}

    def _established(
        self, way: PlacedTarget, node: TaskDraft, contract: Contract, known: Knowledge
    ) -> Mapping[str, Origin]:
        proofs = contract.establishes.get(way.way, {})
        given = next((name for name, label in contract.requires.items() if label == "authentication"), None)
        given = given or next((name for name in proofs if name in contract.inputs), None)
        person: Symbol | None = None
        if given is not None and given in node.arguments:
            person = self._person(node.arguments[given], known, way.node)
        elif "authentication" in proofs.values():
            person = ("steps", way.node)
        return {name: Origin(("steps", way.node, name), {label: person}) for name, label in proofs.items()}

    def _person(self, value: Value, known: Knowledge, node: str) -> Symbol:
        return _named(self.origin(value, known), node) or ("steps", node)

    def _returned(self, node: CallDraft, origin: Origin, known: Knowledge) -> Origin:
        """Return *origin*, in the words of the callee, in those of its caller."""
        labels = {label: self._symbol(node, person, known) for label, person in origin.labels.items()}
        parts = {name: self._returned(node, part, known) for name, part in (origin.parts or {}).items()}
        symbol = self._symbol(node, origin.symbol, known)
        return Origin(symbol, labels, parts if origin.parts is not None else None, origin.known)

    def _symbol(self, node: CallDraft, symbol: Symbol | None, known: Knowledge) -> Symbol | None:
        match symbol:
            case ("inputs", name, *rest) if name in node.arguments:
                origin = self.origin(node.arguments[name], known)
                for part in rest:
                    origin = origin.part(part) if origin is not None else None
                named = origin.person if origin is not None else None
                return (
                    EARLIER if named is not None and named[:2] == ("steps", node.id) else named or _inner(node, symbol)
                )
            case None | ("earlier",) | ("literal", *_) | ("execution", *_):
                return symbol
            case _:
                return _inner(node, symbol)

    # where a value comes from

    def origin(self, value: Value, known: Knowledge) -> Origin | None:
        """Return where *value* comes from; None where it is not there."""
        match value:
            case Literal(constant):
                return literal(constant)
            case Expression(term=term):
                return self._of(term, known)
            case Structure(parts) if isinstance(parts, Mapping):
                inner = {name: self.origin(part, known) or NOTHING for name, part in parts.items()}
                return Origin(None, _whole(inner.values()).labels, inner)
            case Structure():
                return _whole(self.origin(part, known) or NOTHING for part in parts_of(value))

    def _of(self, term: Term, known: Knowledge) -> Origin | None:  # noqa: C901, PLR0911 - one line for each kind
        match term:
            case Constant(value=value):
                return literal(value)
            case Read():
                return self._read(term, known)
            case Part(of=of, name=name):
                whole = self._of(of, known)
                return whole.part(name).changed() if whole is not None else None
            case Item(of=of):
                whole = self._of(of, known)
                return whole.changed() if whole is not None else None
            case Listed(items=items):
                return _whole(self._of(item, known) or NOTHING for item in items)
            case Choice(then=then, otherwise=otherwise):
                return meet(self._of(then, known), self._of(otherwise, known))
            case Operation(operator="and" | "or", left=left, right=right):
                return meet(self._of(left, known), self._of(right, known))
            case Operation(operator="add", left=left, right=right) if self._is_list(term):
                return _whole(self._of(side, known) or NOTHING for side in (left, right))
            case Filtered(of=of, name="default", argument=argument) if argument is not None:
                return meet(self._of(of, known), self._of(argument, known))
            case Filtered(of=of, name=name) if name in _PIECES:
                whole = self._of(of, known)
                return whole.changed() if whole is not None else None
            case _:
                return NOTHING

    def _is_list(self, term: Term) -> bool:
        return isinstance(Inference(self.study).type_of(term), ListOf)

    def _read(self, read: Read, known: Knowledge) -> Origin | None:
        document, path = self.study.document, read.path
        size = 3 if path[0] == "steps" else 2
        location = path[:size]
        origin: Origin | None
        match path:
            case ("inputs", name, *_):
                origin = Origin(location) if name in document.inputs else UNKNOWN
            case ("vars", name, *_):
                origin = known.get(location) if name in document.variables else UNKNOWN
            case ("steps", node, name, *_):
                produced = self.study.produced(node) if node in document.nodes else None
                origin = known.get(location) if produced is not None and name in produced else UNKNOWN
            case _:
                origin = Origin(location)
        for part in path[size:]:
            origin = origin.part(part) if origin is not None else None
        return origin


def _locations(value: Value) -> Iterator[Location]:
    for path in reads_of(value):
        if path[0] in {"vars", "steps"}:
            yield path[: 3 if path[0] == "steps" else 2]


def _joined(arriving: Iterable[Knowledge]) -> Knowledge:
    joined: dict[Location, Origin] = {}
    for known in arriving:
        for at, origin in known.items():
            met = meet(joined.get(at), origin, at)
            joined[at] = met if met is not None else origin
    return joined


def _whole(origins: Iterable[Origin]) -> Origin:
    """Return what a list (or a record as a whole) is worth: what each of its entries is worth."""
    found = list(origins)
    whole = found[0] if found else NOTHING
    for origin in found[1:]:
        whole = meet(whole, origin) or NOTHING
    return Origin(None, whole.labels, None, whole.known)


def _named(origin: Origin | None, node: str) -> Symbol | None:
    """Return the person whom a value named when *node* was entered: one that its last visit produced is earlier now."""
    person = origin.person if origin is not None else None
    return EARLIER if person is not None and person[:2] == ("steps", node) else person


def _inner(node: CallDraft, symbol: Symbol) -> Symbol:
    return ("steps", node.id, *symbol)


def summary_of(study: Study) -> Summary:
    """Return what the outcomes of a flow prove, in terms of its own inputs."""
    if not study.connected:
        return {}
    ends = {name: node for name, node in study.document.nodes.items() if isinstance(node, EndNode)}
    proving = Proving(study, [value for node in ends.values() for value in node.fields.values()])
    entering = proving.entering()
    found: dict[str, dict[str, Origin]] = {}
    for name, node in ends.items():
        if name not in entering:
            continue
        fields = found.setdefault(node.outcome, {})
        for field, value in node.fields.items():
            origin = proving.origin(value, entering[name])
            met = meet(fields.get(field), origin, ("outcomes", node.outcome, field))
            if met is not None:
                fields[field] = met
    return found

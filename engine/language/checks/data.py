"""Values read on a path on which they were never set: an analysis of what is set on every path to each node.

A fact is the path of a value that is surely there: ``("steps", node, field)``, ``("vars", name)``. On entering a node
those facts hold that hold on every way into it; a way drops what its node produced before and adds what it produces.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import and_

from engine.contracts import UNSET, Declaration
from engine.language.diagnostics import Diagnostic, Span
from engine.language.graph import DecideNode, WaitNode
from engine.language.inference import declared_along
from engine.language.study import PlacedTarget, PlacedValue, Study, expressions
from engine.language.terms import Choice, Filtered, Operation, Opposite, Read, Term, Tested, children
from engine.language.values import reads_of
from engine.language.yaml_tree import Path

Fact = tuple[str, ...]
Bits = Mapping[Fact, int]
Ways = Mapping[str, Sequence["_Way"]]
Trail = Callable[[Fact], list[str]]


@dataclass(frozen=True, slots=True)
class _Way:
    """A way from node to node: what is known after it and was not before, and what it drops.

    Facts are the bits of whole numbers, so that a flow of thousands of nodes is followed at once.
    """

    target: PlacedTarget
    adds: int
    sets: int
    drops: int

    def after(self, facts: int) -> int:
        """Return what is known once the node has its outcome, before ``set`` and the next node."""
        return facts & ~self.drops | self.adds


def check_data(study: Study) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every value that may be absent where it is read."""
    if not study.connected:
        return
    bits = _numbered(study)
    dropped = _products(bits)
    ways = {
        name: tuple(_way(study, target, bits, dropped.get(name, 0)) for target in leaving)
        for name, leaving in study.ways.items()
    }
    first = sum(bits.get(("vars", name), 0) for name, part in study.document.variables.items() if _has_default(part))
    entering = _entering(study.roots, first, ways)
    for placed in study.values:
        facts = _facts_at(study, placed, first, entering, ways)
        if facts is None:
            continue
        trail = partial(_trail, node=placed.node, first=first, roots=study.roots, ways=ways, bits=bits)
        for path, expression in expressions(placed):
            for read, known in _unguarded(expression.term, facts, bits):
                yield from _absent(study, path, read, partial(_holds, known, bits), trail)


def _numbered(study: Study) -> Bits:
    """Return a bit for each fact that some expression depends on: the paths that are read, and what they lie in."""
    facts: dict[Fact, int] = {}
    for placed in study.values:
        for path in reads_of(placed.value):
            for size in range(3 if path[0] == "steps" else 2, len(path) + 1):
                facts.setdefault(path[:size], 1 << len(facts))
    return facts


def _products(bits: Bits) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for fact, bit in bits.items():
        if fact[0] == "steps":
            found[fact[1]] = found.get(fact[1], 0) | bit
    return found


def _mask(facts: Iterable[Fact], bits: Bits) -> int:
    found = 0
    for fact in facts:
        found |= bits.get(fact, 0)
    return found


def _holds(known: int, bits: Bits, fact: Fact) -> bool:
    return bool(known & bits.get(fact, 0))


def _has_default(declared: Declaration) -> bool:
    return declared.default is not UNSET


def _way(study: Study, target: PlacedTarget, bits: Bits, products: int) -> _Way:
    node = study.document.nodes[target.node]
    sets = _mask((("vars", name) for name in target.target.set), bits)
    if isinstance(node, DecideNode):
        adds = _mask(_truths(node.cases[target.index].when.term), bits) if target.way == "case" else 0
        return _Way(target, adds, sets, 0)
    if target.way == "max_visits":
        return _Way(target, 0, sets, 0)  # the node does not run, so what it produced before stays
    if not products:
        return _Way(target, 0, sets, 0)  # nobody reads what it produces
    outcomes = study.outcomes_of(node) or {}
    routed = target.path[2] == "routes"  # an outcome may be called timeout or catch, like other ways out of a node
    fields = outcomes.get(target.way, {}) if routed else {}
    if routed and target.way not in {*outcomes, "fault"}:
        # a route without an outcome is reported as such, and nothing must follow from it
        fields = {name: declared for every in outcomes.values() for name, declared in every.items()}
    present = [name for name, declared in fields.items() if not declared.optional or _has_default(declared)]
    return _Way(target, _mask((("steps", target.node, name) for name in present), bits), sets, products)


def _entering(roots: Sequence[str], first: int, ways: Ways) -> dict[str, int]:
    entering: dict[str, int] = dict.fromkeys(roots, first)
    waiting = deque(roots)
    while waiting:
        name = waiting.popleft()
        for way in ways[name]:
            to, leaving = way.target.target.to, way.after(entering[name]) | way.sets
            joined = entering[to] & leaving if to in entering else leaving
            if to not in entering or joined != entering[to]:
                entering[to] = joined
                waiting.append(to)
    return entering


def _facts_at(study: Study, placed: PlacedValue, first: int, entering: Mapping[str, int], ways: Ways) -> int | None:
    if placed.role == "sender":
        return _facts_of_signal(study, str(placed.path[1]), first, entering)
    if placed.node is None:
        return first
    facts = entering.get(placed.node)
    if facts is None or placed.after is None:
        return facts
    on = next((way for way in ways[placed.node] if way.target.name == placed.after), None)
    return on.after(facts) if on is not None else None


def _facts_of_signal(study: Study, signal: str, first: int, entering: Mapping[str, int]) -> int:
    """Return what is known when a signal's sender is looked at: one that may not be early comes to who waits for it."""
    waiting = [
        entering[name]
        for name, node in study.document.nodes.items()
        if isinstance(node, WaitNode) and node.signal == signal and name in entering
    ]
    if study.document.signals[signal].early != "refuse" or not waiting:
        return first
    return reduce(and_, waiting)


def _unguarded(term: Term, facts: int, bits: Bits) -> Iterator[tuple[Read, int]]:
    """Yield the reads of *term* that need their value to be there, with what is known where they are read."""
    match term:
        case Read():
            yield term, facts
        case Filtered(of=Read() as read, name="default", argument=argument) if argument is not None:
            yield from _inner(read, facts)
            yield from _unguarded(argument, facts, bits)
        case Tested(of=Read() as read, name="defined" | "undefined"):
            yield from _inner(read, facts)
        case Choice(test=test, then=then, otherwise=otherwise):
            yield from _unguarded(test, facts, bits)
            yield from _unguarded(then, facts | _mask(_truths(test), bits), bits)
            yield from _unguarded(otherwise, facts | _mask(_falsehoods(test), bits), bits)
        case Operation(operator="and" | "or", left=left, right=right):
            learned = _truths(left) if term.operator == "and" else _falsehoods(left)
            yield from _unguarded(left, facts, bits)
            yield from _unguarded(right, facts | _mask(learned, bits), bits)
        case _:
            for child in children(term):
                yield from _unguarded(child, facts, bits)


def _inner(read: Read, facts: int) -> Iterator[tuple[Read, int]]:
    """Yield the record whose part may be absent: it must itself be there."""
    if len(read.path) > (3 if read.path[0] == "steps" else 2):
        yield Read(read.path[:-1], read.at), facts


def _truths(term: Term) -> frozenset[Fact]:
    """Return what is surely there where *term* holds."""
    match term:
        case Tested(of=Read(path=path), name="defined"):
            return frozenset({path})
        case Opposite(of=of):
            return _falsehoods(of)
        case Operation(operator="and", left=left, right=right):
            return _truths(left) | _truths(right)
        case _:
            return frozenset()


def _falsehoods(term: Term) -> frozenset[Fact]:
    """Return what is surely there where *term* does not hold."""
    match term:
        case Tested(of=Read(path=path), name="undefined"):
            return frozenset({path})
        case Opposite(of=of):
            return _truths(of)
        case Operation(operator="or", left=left, right=right):
            return _falsehoods(left) | _falsehoods(right)
        case _:
            return frozenset()


def _absent(study: Study, path: Path, read: Read, known: Callable[[Fact], bool], trail: Trail) -> Iterator[Diagnostic]:
    root, shown = read.path[0], ".".join(read.path)
    span = study.document.spots.inside(path, read.at, len(shown))
    base = read.path[: 3 if root == "steps" else 2]
    if root in {"steps", "vars"} and not known(base) and _exists(study, base):
        way = trail(base)
        on = f"on the path {' → '.join(way)}" if len(way) > 1 else "when this is reached"
        message = f"'{'.'.join(base)}' has no value {on}"
        hint = f'set it on that path, or write "={".".join(base)} | default(…)"'
        yield study.report("LH701", span, message, hint=hint, related=tuple(_setters(study, base)))
        return
    along = list(declared_along(study, read.path))
    for depth, declared in enumerate(along, len(base)):
        part = read.path[:depth]
        judged_above = root in {"steps", "vars"} and depth == len(base)
        if declared.optional and not _has_default(declared) and not known(part) and not judged_above:
            message = f"'{'.'.join(part)}' is optional and may be absent here"
            yield study.report("LH702", span, message, hint=f'write "={".".join(part)} | default(…)"')
            return


def _setters(study: Study, base: Fact) -> Iterator[tuple[Span, str]]:
    """Yield where a value is set, so that the author sees which paths have it."""
    if base[0] == "vars":
        for way in study.targets:
            if base[1] in way.target.set:
                yield study.document.spots.key(*way.path, "set", base[1]), "it is set here"
        return
    outcomes = study.outcomes_of(study.document.nodes[base[1]]) or {}
    for way in study.ways[base[1]]:
        if way.path[2] == "routes" and base[2] in outcomes.get(way.way, {}):
            yield study.document.spots.key(*way.path), f"it is set under '{way.way}' only"


def _exists(study: Study, base: Fact) -> bool:
    """Return whether the name is known at all: a misspelt one is reported by the names' check."""
    if base[0] == "vars":
        return base[1] in study.document.variables
    return base[1] in study.document.nodes and base[2] in (study.produced(base[1]) or {})


def _trail(fact: Fact, *, node: str | None, first: int, roots: Sequence[str], ways: Ways, bits: Bits) -> list[str]:
    """Return a shortest path from a beginning to *node* on which *fact* is not set at the end."""
    bit = bits.get(fact, 0)
    beginnings = [(root, bool(first & bit)) for root in roots]
    came_from: dict[tuple[str, bool], tuple[str, bool] | None] = dict.fromkeys(beginnings)
    waiting = deque(beginnings)
    while waiting:
        at = waiting.popleft()
        name, has = at
        if name == node and not has:
            return _traced(came_from, at)
        for way in ways[name]:
            following = (way.target.target.to, bool((way.after(bit if has else 0) | way.sets) & bit))
            if following not in came_from:
                came_from[following] = at
                waiting.append(following)
    return []


def _traced(came_from: Mapping[tuple[str, bool], tuple[str, bool] | None], end: tuple[str, bool]) -> list[str]:
    path, at = [end[0]], came_from[end]
    while at is not None:
        path.append(at[0])
        at = came_from[at]
    return path[::-1]

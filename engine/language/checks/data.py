"""Values read on a path on which they were never set: an analysis of what is set on every path to each node.

A fact is the path of a value that is surely there: ``("steps", node, field)``, ``("vars", name)``. On entering a node
those facts hold that hold on every way into it; a way drops what its node produced before and adds what it produces.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from engine.contracts import UNSET, Declaration
from engine.language.diagnostics import Diagnostic
from engine.language.graph import DecideNode
from engine.language.inference import declared_along
from engine.language.study import PlacedTarget, PlacedValue, Study, expressions
from engine.language.terms import Choice, Filtered, Operation, Opposite, Read, Term, Tested, children
from engine.language.yaml_tree import Path

Fact = tuple[str, ...]
Facts = frozenset[Fact]
Ways = Mapping[str, Sequence["_Way"]]
Trail = Callable[[Fact], list[str]]
_NONE: Facts = frozenset()


@dataclass(frozen=True, slots=True)
class _Way:
    """A way from node to node: what is known after it and was not before, and whose products it drops."""

    target: PlacedTarget
    adds: Facts
    sets: Facts
    drops: str | None

    def after(self, facts: Facts) -> Facts:
        """Return what is known once the node has its outcome, before ``set`` and the next node."""
        kept = facts if self.drops is None else frozenset(fact for fact in facts if fact[:2] != ("steps", self.drops))
        return kept | self.adds


def check_data(study: Study) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every value that may be absent where it is read."""
    document = study.document
    if not study.connected:
        return
    roots = study.roots
    ways = {name: tuple(_way(study, target) for target in leaving) for name, leaving in study.ways.items()}
    first = frozenset(("vars", name) for name, declared in document.variables.items() if _has_default(declared))
    entering = _entering(roots, first, ways)
    for placed in study.values:
        facts = _facts_at(placed, first, entering, ways)
        if facts is None:
            continue
        trail = partial(_trail, node=placed.node, first=first, roots=roots, ways=ways)
        for path, expression in expressions(placed):
            for read, known in _unguarded(expression.term, facts):
                yield from _absent(study, path, read, known, trail)


def _has_default(declared: Declaration) -> bool:
    return declared.default is not UNSET


def _way(study: Study, target: PlacedTarget) -> _Way:
    node = study.document.nodes[target.node]
    sets = frozenset(("vars", name) for name in target.target.set)
    if isinstance(node, DecideNode):
        adds = _truths(node.cases[target.index].when.term) if target.way == "case" else _NONE
        return _Way(target, adds, sets, None)
    if target.way == "max_visits":
        return _Way(target, _NONE, sets, None)  # the node does not run, so what it produced before stays
    outcomes = study.outcomes_of(node) or {}
    fields = outcomes.get(target.way, {})
    if target.path[2] == "routes" and target.way not in {*outcomes, "fault"}:
        # a route without an outcome is reported as such, and nothing must follow from it
        fields = {name: declared for every in outcomes.values() for name, declared in every.items()}
    present = [name for name, declared in fields.items() if not declared.optional or _has_default(declared)]
    return _Way(target, frozenset(("steps", target.node, name) for name in present), sets, target.node)


def _entering(roots: Sequence[str], first: Facts, ways: Ways) -> dict[str, Facts]:
    entering: dict[str, Facts] = dict.fromkeys(roots, first)
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


def _facts_at(placed: PlacedValue, first: Facts, entering: Mapping[str, Facts], ways: Ways) -> Facts | None:
    if placed.node is None:
        return first
    facts = entering.get(placed.node)
    if facts is None or placed.after is None:
        return facts
    on = next((way for way in ways[placed.node] if way.target.name == placed.after), None)
    return on.after(facts) if on is not None else None


def _unguarded(term: Term, facts: Facts) -> Iterator[tuple[Read, Facts]]:
    """Yield the reads of *term* that need their value to be there, with what is known where they are read."""
    match term:
        case Read():
            yield term, facts
        case Filtered(of=Read() as read, name="default", argument=argument) if argument is not None:
            yield from _inner(read, facts)
            yield from _unguarded(argument, facts)
        case Tested(of=Read() as read, name="defined" | "undefined"):
            yield from _inner(read, facts)
        case Choice(test=test, then=then, otherwise=otherwise):
            yield from _unguarded(test, facts)
            yield from _unguarded(then, facts | _truths(test))
            yield from _unguarded(otherwise, facts | _falsehoods(test))
        case Operation(operator="and" | "or", left=left, right=right):
            learned = _truths(left) if term.operator == "and" else _falsehoods(left)
            yield from _unguarded(left, facts)
            yield from _unguarded(right, facts | learned)
        case _:
            for child in children(term):
                yield from _unguarded(child, facts)


def _inner(read: Read, facts: Facts) -> Iterator[tuple[Read, Facts]]:
    """Yield the record whose part may be absent: it must itself be there."""
    if len(read.path) > (3 if read.path[0] == "steps" else 2):
        yield Read(read.path[:-1], read.at), facts


def _truths(term: Term) -> Facts:
    """Return what is surely there where *term* holds."""
    match term:
        case Tested(of=Read(path=path), name="defined"):
            return frozenset({path})
        case Opposite(of=of):
            return _falsehoods(of)
        case Operation(operator="and", left=left, right=right):
            return _truths(left) | _truths(right)
        case _:
            return _NONE


def _falsehoods(term: Term) -> Facts:
    """Return what is surely there where *term* does not hold."""
    match term:
        case Tested(of=Read(path=path), name="undefined"):
            return frozenset({path})
        case Opposite(of=of):
            return _truths(of)
        case Operation(operator="or", left=left, right=right):
            return _falsehoods(left) | _falsehoods(right)
        case _:
            return _NONE


def _absent(study: Study, path: Path, read: Read, known: Facts, trail: Trail) -> Iterator[Diagnostic]:
    root, shown = read.path[0], ".".join(read.path)
    span = study.document.spots.inside(path, read.at, len(shown))
    base = read.path[: 3 if root == "steps" else 2]
    if root in {"steps", "vars"} and base not in known and _exists(study, base):
        way = trail(base)
        on = f": on the path {' → '.join(way)}" if len(way) > 1 else ""
        message = f"'{'.'.join(base)}' may not be set here{on}"
        yield study.report(
            "LH701", span, message, hint=f'set it on that path, or write "={".".join(base)} | default(…)"'
        )
        return
    along = list(declared_along(study, read.path))
    for depth, declared in enumerate(along, len(base)):
        part = read.path[:depth]
        judged_above = root in {"steps", "vars"} and depth == len(base)
        if declared.optional and not _has_default(declared) and part not in known and not judged_above:
            message = f"'{'.'.join(part)}' is optional and may be absent here"
            yield study.report("LH702", span, message, hint=f'write "={".".join(part)} | default(…)"')
            return


def _exists(study: Study, base: Fact) -> bool:
    """Return whether the name is known at all: a misspelt one is reported by the names' check."""
    if base[0] == "vars":
        return base[1] in study.document.variables
    return base[1] in study.document.nodes and base[2] in (study.produced(base[1]) or {})


def _trail(fact: Fact, *, node: str | None, first: Facts, roots: Sequence[str], ways: Ways) -> list[str]:
    """Return a shortest path from a beginning to *node* on which *fact* is not set at the end."""
    waiting: deque[tuple[str, bool, tuple[str, ...]]] = deque((root, fact in first, (root,)) for root in roots)
    seen: set[tuple[str, bool]] = set()
    while waiting:
        name, has, path = waiting.popleft()
        if name == node and not has:
            return list(path)
        if (name, has) in seen:
            continue
        seen.add((name, has))
        for way in ways[name]:
            after = fact in (way.after(frozenset({fact}) if has else _NONE) | way.sets)
            waiting.append((way.target.target.to, after, (*path, way.target.target.to)))
    return []

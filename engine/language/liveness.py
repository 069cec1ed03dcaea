"""Which values a later node can still read. What none can read need not be stored: less to keep, less to leak.

A location is ``("inputs", name)``, ``("vars", name)`` or ``("steps", node, field)``. It is *live* at a node where the
node itself, or any path from it, may read it before it is replaced.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.contracts import frozen
from engine.language.graph import CallNode, DecideNode, EndNode, Graph, Node, PromptNode, Target, TaskNode
from engine.language.values import Value, reads_of

Location = tuple[str, ...]
Locations = frozenset[Location]
_NONE: Final[Locations] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way out of a node: where it leads, what is read and set on it, and whether the node has run."""

    to: str
    reads: Locations = _NONE
    sets: frozenset[str] = frozenset()
    ran: bool = True


def live_values(graph: Graph) -> Mapping[str, Locations]:
    """Return, for each node, what must be kept while an execution stands there: the node's own reads included.

    What ``keep`` names, and what says who may send a signal, is always kept.
    """
    always = {tuple(path.split(".")) for path in graph.keep}
    always |= {at for signal in graph.signals.values() for at in locations(signal.sender)}
    reads = {
        name: frozenset(at for value in _values(node) for at in locations(value)) for name, node in graph.nodes.items()
    }
    ways = {name: list(_ways(graph, node)) for name, node in graph.nodes.items()}
    solved = solve(reads, ways, frozenset(always))
    return frozen({name: solved.at(name) for name in graph.nodes})


def locations(value: Value) -> Iterator[Location]:
    """Yield the locations that *value* may read."""
    for path in reads_of(value):
        if path[0] != "execution":
            yield path[: 3 if path[0] == "steps" else 2]


def _values(node: Node) -> Iterator[Value]:
    match node:
        case TaskNode(arguments=arguments) | CallNode(arguments=arguments):
            yield from arguments.values()
        case PromptNode(show=show, fields=fields, by=by):
            yield from show.values()
            yield from (
                value for asked in fields.values() for value in (asked.choose, asked.default) if value is not None
            )
            if by is not None:
                yield by
        case DecideNode(cases=cases):
            yield from (case.when for case in cases)
        case EndNode(fields=fields):
            yield from fields.values()
        case _:
            pass
    if node.timeout is not None and node.timeout.at is not None:
        yield node.timeout.at


def _ways(graph: Graph, node: Node) -> Iterator[Way]:
    for target in _targets(node):
        yield _way(target, ran=not isinstance(node, DecideNode))
    if node.max_visits is not None:
        yield _way(node.max_visits.to, ran=False)
    if graph.deadline is not None:
        yield Way(to=graph.deadline.to, ran=False)
    if isinstance(node, TaskNode) and node.contract.takes_secrets:
        # Where a secret was lost with the memory that held it, the execution goes back to the prompt that asked for it.
        asked = {at[1] for value in node.arguments.values() for at in locations(value) if at[0] == "steps"}
        yield from (Way(to=name, ran=False) for name in sorted(asked) if isinstance(graph.nodes[name], PromptNode))


def _targets(node: Any) -> Iterable[Target]:
    yield from node.routes.values()
    yield from (catch.target for catch in getattr(node, "catch", ()))
    yield from (case.target for case in getattr(node, "cases", ()))
    if (otherwise := getattr(node, "otherwise", None)) is not None:
        yield otherwise
    if node.timeout is not None:
        yield node.timeout.to


def _way(target: Target, *, ran: bool) -> Way:
    said = target.say.params.values() if target.say else ()
    reads = frozenset(at for value in (*target.set.values(), *said) for at in locations(value))
    return Way(to=target.to, reads=reads, sets=frozenset(target.set), ran=ran)


@dataclass(frozen=True, slots=True)
class Solved:
    """What is live at each node: a whole number with a bit for each location, which is small and fast."""

    live: Mapping[str, int]
    bits: Mapping[Location, int]

    def holds(self, node: str, location: Location) -> bool:
        """Return whether *location* is live at *node*."""
        return bool(self.live[node] & self.bits.get(location, 0))

    def at(self, node: str) -> Locations:
        """Return everything that is live at *node*."""
        return frozenset(location for location, bit in self.bits.items() if self.live[node] & bit)


def solve(reads: Mapping[str, Locations], ways: Mapping[str, Sequence[Way]], always: Locations) -> Solved:
    """Return what is live at each node: the least solution of "what I read, and what is live where I lead"."""
    every = sorted(
        {
            *always,
            *(at for found in reads.values() for at in found),
            *(at for found in ways.values() for way in found for at in way.reads),
        }
    )
    bit = {at: 1 << index for index, at in enumerate(every)}
    own = {name: sum(bit[at] for at in found | always) for name, found in reads.items()}
    produced: dict[str, int] = {}
    for at in every:
        if at[0] == "steps":
            produced[at[1]] = produced.get(at[1], 0) | bit[at]
    live = dict(own)
    before: dict[str, list[str]] = {name: [] for name in reads}
    for name, leaving in ways.items():
        for way in leaving:
            before[way.to].append(name)
    waiting = deque(reads)
    while waiting:
        name = waiting.popleft()
        found = own[name]
        for way in ways[name]:
            after = live[way.to] & ~sum(bit.get(("vars", var), 0) for var in way.sets)
            after |= sum(bit[at] for at in way.reads)
            found |= after & ~produced.get(name, 0) if way.ran else after
        if found != live[name]:
            live[name] = found
            waiting.extend(before[name])
    return Solved(live, bit)

"""Whether executions of an older version can go on in a newer one: the old keeps what the new reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.contracts import UNSET, Declaration
from engine.language.graph import Graph
from engine.language.inference import assignable
from engine.language.liveness import Location, live_values


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A value that the new version reads from ``new`` on, and the old one does not keep at ``old``, and why not."""

    old: str
    new: str
    location: Location
    reason: str


def uncovered(old: Graph, new: Graph) -> Iterator[Uncovered]:
    """Yield what an execution that moves from *old* to *new*, as the latter's ``migrate`` says, would lack.

    The caller sees to it that *old* is the version that ``migrate`` names.
    """
    pairs = new.migrate.nodes if new.migrate else {}
    kept, wanted = live_values(old), live_values(new)
    names = {to: name for name, to in pairs.items() if name in old.nodes}
    for name, to in pairs.items():
        if name not in old.nodes:
            yield Uncovered(name, to, (), f"version {old.version} has no node '{name}'")
            continue
        for at in sorted(wanted.get(to, ())):
            if at[:2] == ("steps", to) or not _needed(new, at):
                continue
            before = ("steps", names.get(at[1], at[1]), at[2]) if at[0] == "steps" else at
            if before not in kept[name]:
                shown = ".".join(before)
                yield Uncovered(name, to, at, f"version {old.version} does not keep '{shown}' at '{name}'")
            elif not _fits(_declared(old, before), _declared(new, at)):
                yield Uncovered(name, to, at, f"'{'.'.join(at)}' had another type in version {old.version}")


def _needed(graph: Graph, at: Location) -> bool:
    """Return whether the old version must have a value: not one that may be absent or has a default."""
    declared = _declared(graph, at)
    return declared is None or declared.required


def _declared(graph: Graph, at: Location) -> Declaration | None:
    if at[0] in {"inputs", "vars"}:
        return (graph.inputs if at[0] == "inputs" else graph.variables).get(at[1])
    if at[1] not in graph.nodes:
        return None
    node = graph.nodes[at[1]]
    found = (graph.produced(at[1], outcome).get(at[2]) for outcome in node.routes)
    return next((declared for declared in found if declared is not None), None)


def _fits(old: Declaration | None, new: Declaration | None) -> bool:
    if old is None or new is None:
        return True
    there = old.required or old.default is not UNSET or not new.required
    return there and assignable(old.type, new.type)

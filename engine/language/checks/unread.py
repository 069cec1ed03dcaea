"""Variables that are set for nothing: no later node can read what was written."""

from __future__ import annotations

from collections.abc import Iterator

from engine.language.diagnostics import Diagnostic
from engine.language.graph import DecideNode
from engine.language.liveness import Location, Solved, Way, locations, solve
from engine.language.study import Study


def check_unread(study: Study) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every variable that nothing reads, and for every ``set`` that comes too late."""
    document = study.document
    if document.broken or not document.variables or not study.connected:
        return
    kept = {tuple(path.split(".")) for path in document.keep}
    read = {at for placed in study.values for at in locations(placed.value)} | kept
    for name in document.variables:
        if ("vars", name) not in read:
            places = [way for way in study.targets if name in way.target.set]
            related = tuple((document.spots.key(*way.path, "set", name), "it is set here") for way in places)
            span, message = document.spots.key("vars", name), f"nothing reads the variable '{name}'"
            yield study.report("LH703", span, message, hint="delete it, or read it where it is wanted", related=related)
    live = _live(study, frozenset(kept))
    for way in study.targets:
        for name in way.target.set:
            if ("vars", name) in read and not live.holds(way.target.to, ("vars", name)):
                span = document.spots.key(*way.path, "set", name)
                message = f"what is set here is never read: no path from '{way.target.to}' reads 'vars.{name}'"
                yield study.report("LH703", span, message, hint="delete it, or read it on the way")


def _live(study: Study, kept: frozenset[Location]) -> Solved:
    nodes = study.document.nodes
    reads: dict[str, set[Location]] = {name: set() for name in nodes}
    on_ways: dict[tuple[str, str], set[Location]] = {}
    for placed in study.values:
        if placed.node is not None:
            place = (
                reads[placed.node] if placed.after is None else on_ways.setdefault((placed.node, placed.after), set())
            )
            place |= {at for at in locations(placed.value) if at[0] == "vars"}
    ways = {
        name: [
            Way(
                to=way.target.to,
                reads=frozenset(on_ways.get((name, way.name), ())),
                sets=frozenset(way.target.set),
                ran=way.way != "max_visits" and not isinstance(nodes[name], DecideNode),
            )
            for way in leaving
        ]
        + ([Way(to=study.late, ran=False)] if study.late is not None else [])
        for name, leaving in study.ways.items()
    }
    return solve({name: frozenset(found) for name, found in reads.items()}, ways, kept)

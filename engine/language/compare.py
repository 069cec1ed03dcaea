"""What changes from one version of flows to another, and for whom: ``lockhouse flow diff``.

Executions are pinned to the version that they began with, so a change concerns those who begin, call, answer and
deploy; it concerns waiting executions only where ``migrate`` takes them along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.language.catalogue import Catalogue
from engine.language.checking import FlowSet
from engine.language.compare_change import Affected, Change, declaration_differences
from engine.language.compare_nodes import node_changes
from engine.language.graph import Graph
from engine.language.node_json import value_to_json


def compare_flows(old: FlowSet, new: FlowSet) -> tuple[Change, ...]:
    """Return what changes from *old* to *new*, flow by flow, each compared in its newest version; texts at last."""
    found: list[Change] = []
    for name in sorted({*old.names, *new.names}):
        if name not in new.names:
            found.append(_flow(name, "flow-removed", "the flow is no longer there", breaking=True))
        elif name not in old.names:
            found.append(_flow(name, "flow-added", "the flow is new", breaking=False))
        else:
            majors = {graph.major for graph in new.flows if graph.name == name}
            found += compare_graphs(old.latest(name), new.latest(name), majors)
    return (*found, *text_changes(old.catalogue, new.catalogue))


def compare_graphs(old: Graph, new: Graph, majors: Iterable[int] = ()) -> tuple[Change, ...]:
    """Return what changes from *old* to *new*; *majors* are the major versions that callers still find."""
    if old.digest == new.digest:
        return ()
    found = [*_signature(old, new), *_signals(old, new), *_times(old, new), *node_changes(old, new)]
    return (*_version(old, new, found, {*majors, new.major}), *found)


def text_changes(old: Catalogue, new: Catalogue) -> Iterator[Change]:
    """Yield which texts are new, gone or other than before, language by language."""
    for language in sorted({*old.languages, *new.languages}):
        before, after = old.languages.get(language, {}), new.languages.get(language, {})
        for text_id in sorted({*before, *after}):
            if before.get(text_id) == after.get(text_id):
                continue
            kind = "text-removed" if text_id not in after else "text-added" if text_id not in before else "text-changed"
            words = {"text-removed": "is gone", "text-added": "is new", "text-changed": f"is now: {after.get(text_id)}"}
            yield Change(
                flow="",
                path=f"texts.{language}.{text_id}",
                kind=kind,
                message=words[kind],
                breaking=False,
                affects=("people",),
            )


def _flow(name: str, kind: str, message: str, *, breaking: bool) -> Change:
    affects: tuple[Affected, ...] = ("callers", "operators") if breaking else ()
    return Change(flow=name, path="flow", kind=kind, message=message, breaking=breaking, affects=affects)


def _version(old: Graph, new: Graph, found: list[Change], majors: set[int]) -> Iterator[Change]:
    raised = new.version != old.version
    for_callers = any(change.breaking and "callers" in change.affects for change in found)
    words, breaking = "", False
    if not raised:
        words, breaking = f"the flow is another, and its version is {new.version} as before: raise it", True
    elif for_callers and new.major == old.major:
        words, breaking = f"from {old.version} to {new.version}; what breaks callers needs a new major version", True
    elif old.major not in majors:
        words, breaking = (
            f"from {old.version} to {new.version}; whoever calls {old.name}@{old.major} finds it no more",
            True,
        )
    else:
        words = f"from {old.version} to {new.version}"
    affects: tuple[Affected, ...] = ("callers",) if breaking else ()
    yield Change(flow=new.name, path="version", kind="version", message=words, breaking=breaking, affects=affects)


def _signature(old: Graph, new: Graph) -> Iterator[Change]:
    for found in declaration_differences(old.inputs, new.inputs, "inputs"):
        yield Change(
            flow=new.name,
            path=found.path,
            kind="input",
            message=found.message,
            breaking=found.takes_less,
            affects=("callers",),
        )
    for outcome in sorted(old.outcomes.keys() - new.outcomes.keys()):
        yield _outcome(new, outcome, "is no longer an outcome: a route for it is an error now")
    for outcome in sorted(new.outcomes.keys() - old.outcomes.keys()):
        yield _outcome(new, outcome, "is a new outcome: callers need a route for it")
    for outcome in sorted(old.outcomes.keys() & new.outcomes.keys()):
        path = f"outcomes.{outcome}"
        for found in declaration_differences(old.outcomes[outcome], new.outcomes[outcome], path):
            yield Change(
                flow=new.name,
                path=found.path,
                kind="outcome",
                message=found.message,
                breaking=found.gives_more,
                affects=("callers",),
            )


def _outcome(new: Graph, outcome: str, message: str) -> Change:
    path = f"outcomes.{outcome}"
    return Change(flow=new.name, path=path, kind="outcome", message=message, breaking=True, affects=("callers",))


def _signals(old: Graph, new: Graph) -> Iterator[Change]:
    for name in sorted({*old.signals, *new.signals}):
        before, after = old.signals.get(name), new.signals.get(name)
        path = f"signals.{name}"
        if before is None or after is None:
            gone = after is None
            words = "is no longer a signal" if gone else "is a new signal"
            yield _signal(new, path, words, breaking=gone)
            continue
        for found in declaration_differences(before.payload, after.payload, f"{path}.payload"):
            yield _signal(new, found.path, found.message, breaking=found.takes_less)
        if value_to_json(before.sender) != value_to_json(after.sender):
            yield _signal(new, f"{path}.from", "may come from others than before", breaking=True)
        if before.early != after.early:
            words = f"what comes early is {'kept' if after.early == 'keep' else 'refused'} now"
            yield _signal(new, f"{path}.early", words, breaking=after.early == "refuse")


def _signal(new: Graph, path: str, message: str, *, breaking: bool) -> Change:
    return Change(flow=new.name, path=path, kind="signal", message=message, breaking=breaking, affects=("senders",))


def _times(old: Graph, new: Graph) -> Iterator[Change]:
    before, after = (_deadline(graph) for graph in (old, new))
    if before != after:
        words = "there is no deadline any more" if after is None else "the deadline is another"
        yield Change(
            flow=new.name, path="deadline", kind="time", message=words, breaking=False, affects=("people", "callers")
        )


def _deadline(graph: Graph) -> Mapping[str, object] | None:
    return {"at": value_to_json(graph.deadline.at), "to": graph.deadline.to} if graph.deadline is not None else None

"""What changes in the nodes of a flow: prompts for front ends, executors for operators, ways for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.contracts import Contract
from engine.language.compare_change import Affected, Change, declaration_differences
from engine.language.graph import CallNode, Graph, LiteralTexts, Node, PromptNode, TaskNode, WaitNode
from engine.language.node_json import node_to_json

# Where an execution can stand for a while.
_PLACES = (PromptNode, WaitNode, CallNode, TaskNode)


def node_changes(old: Graph, new: Graph) -> Iterator[Change]:
    """Yield what changes in the nodes, by their names."""
    if old.start != new.start:
        yield _change(new, "start", "route", f"it begins at {new.start}, no longer at {old.start}", affects=("people",))
    for name in sorted(old.nodes.keys() - new.nodes.keys()):
        yield _removed(old, new, name)
    for name in sorted(new.nodes.keys() - old.nodes.keys()):
        yield _change(new, f"nodes.{name}", "node-added", "is a new node", affects=("people",))
    for name in sorted(old.nodes.keys() & new.nodes.keys()):
        yield from _of_node(new, old.nodes[name], new.nodes[name])
    yield from _executors(old, new)


def _removed(old: Graph, new: Graph, name: str) -> Change:
    path, moved = f"nodes.{name}", new.migrate.nodes.get(name) if new.migrate is not None else None
    if not isinstance(old.nodes[name], _PLACES):
        return _change(new, path, "node-removed", "is no longer a node", affects=("people",))
    if moved is not None:
        words = f"is no longer a node; executions that wait there go on at {moved}"
        return _change(new, path, "node-removed", words, affects=("waiting executions",))
    words = f"is no longer a node: executions of {old.version} that wait there cannot be taken along; see migrate"
    return _change(new, path, "node-removed", words, breaking=True, affects=("waiting executions",))


def _of_node(flow: Graph, old: Node, new: Node) -> Iterator[Change]:
    path = f"nodes.{new.id}"
    if type(old) is not type(new):
        breaking = isinstance(old, _PLACES)
        words = f"was a {_kind(old)}, and is a {_kind(new)}"
        yield _change(flow, path, "node-kind", words, breaking=breaking, affects=("waiting executions", "people"))
        return
    before, after = node_to_json(old), node_to_json(new)
    yield from _ways(flow, path, before, after)
    if isinstance(old, PromptNode) and isinstance(new, PromptNode):
        yield from _prompt(flow, path, old, new)
    elif _meant(before) != _meant(after):
        yield _change(flow, path, "node-changed", "is given other values, or runs something else", affects=("people",))


def _kind(node: Node) -> str:
    return type(node).__name__.removesuffix("Node").lower()


_WAYS = ("routes", "cases", "otherwise", "catch", "timeout", "max_visits")


def _meant(node: Mapping[str, Any]) -> dict[str, Any]:
    # Contracts are compared by executor, and a callee by its own changes.
    return {key: part for key, part in node.items() if key not in {*_WAYS, "contract", "callee", "outcomes", "inputs"}}


def _ways(flow: Graph, path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for key in _WAYS:
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key != "routes":
            yield _change(flow, f"{path}.{key}", "route", "is another", affects=("people",))
            continue
        for route in sorted({*(before or {}), *(after or {})}):
            one, other = (before or {}).get(route), (after or {}).get(route)
            if one != other:
                yield _change(flow, f"{path}.routes.{route}", "route", _rerouted(one, other), affects=("people",))


def _rerouted(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> str:
    if old is None:
        return f"is a new route, to {(new or {}).get('to')}"
    if new is None:
        return f"is no longer a route; it led to {old.get('to')}"
    if old.get("to") != new.get("to"):
        return f"leads to {new.get('to')}, no longer to {old.get('to')}"
    return "sets or says something else on its way"


def _prompt(flow: Graph, path: str, old: PromptNode, new: PromptNode) -> Iterator[Change]:
    front: tuple[Affected, ...] = ("front ends",)
    before = {name: field.declaration for name, field in old.fields.items()}
    after = {name: field.declaration for name, field in new.fields.items()}
    for found in declaration_differences(before, after, f"{path}.fields"):
        yield _change(flow, found.path, "prompt", found.message, breaking=found.takes_less, affects=front)
    for action in sorted(old.routes.keys() - new.routes.keys()):
        yield _change(flow, f"{path}.routes.{action}", "prompt", "is no longer an action", breaking=True, affects=front)
    for name in sorted(old.show.keys() - new.show.keys()):
        yield _change(flow, f"{path}.show.{name}", "prompt", "is no longer shown", breaking=True, affects=front)
    for name in sorted(new.show.keys() - old.show.keys()):
        yield _change(flow, f"{path}.show.{name}", "prompt", "is shown now", affects=front)
    if old.texts != new.texts:
        words = "has other texts" if isinstance(new.texts, LiteralTexts) else f"has the texts {new.texts} now"
        yield _change(flow, path, "text", words, affects=("people",))
    if old.submits != new.submits or old.by != new.by:
        words = "another action submits the fields, or another person must answer"
        yield _change(flow, path, "prompt", words, breaking=True, affects=front)


def _executors(old: Graph, new: Graph) -> Iterator[Change]:
    before, after = _contracts(old), _contracts(new)
    for name in sorted(before.keys() - after.keys()):
        yield _change(new, f"executors.{name}", "executor", "is no longer used", affects=("operators",))
    for name in sorted(after.keys() - before.keys()):
        words = "is used now: a server without it does not start this flow"
        yield _change(new, f"executors.{name}", "executor", words, breaking=True, affects=("operators",))
    for name in sorted(before.keys() & after.keys()):
        if before[name].digest != after[name].digest:
            yield from _contract(new, before[name], after[name])


def _contract(flow: Graph, old: Contract, new: Contract) -> Iterator[Change]:
    path = f"executors.{new.name}"
    said = list(declaration_differences(old.inputs, new.inputs, f"{path}.inputs"))
    for outcome in sorted({*old.outcomes, *new.outcomes}):
        fields = old.outcomes.get(outcome, {}), new.outcomes.get(outcome, {})
        said += declaration_differences(*fields, f"{path}.outcomes.{outcome}")
        if (outcome in old.outcomes) != (outcome in new.outcomes):
            words = "is a new outcome" if outcome in new.outcomes else "is no longer an outcome"
            yield _change(flow, f"{path}.outcomes.{outcome}", "executor", words, breaking=True, affects=("operators",))
    for found in said:
        yield _change(flow, found.path, "executor", found.message, breaking=found.takes_less, affects=("operators",))
    if not said:
        yield _change(flow, path, "executor", "promises something else", breaking=True, affects=("operators",))


def _contracts(graph: Graph) -> dict[str, Contract]:
    return {node.executor: node.contract for node in graph.nodes.values() if isinstance(node, TaskNode)}


def _change(
    flow: Graph, path: str, kind: str, message: str, *, affects: tuple[Affected, ...], breaking: bool = False
) -> Change:
    return Change(flow=flow.name, path=path, kind=kind, message=message, breaking=breaking, affects=affects)

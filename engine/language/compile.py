"""From a checked document to the immutable graph."""

from __future__ import annotations

from collections.abc import Mapping

from engine.contracts import Contract, frozen
from engine.language.document import BrokenDraft, CallDraft, FlowDocument, NodeDraft, TaskDraft
from engine.language.graph import CallNode, Catch, Graph, Node, Target, TaskNode, with_digest


def compile_document(document: FlowDocument, contracts: Mapping[str, Contract], callees: Mapping[str, Graph]) -> Graph:
    """Return the graph of *document*, in which no check found an error. *callees* are by ``name@major``."""
    nodes = {name: _node(node, contracts, callees) for name, node in document.nodes.items()}
    graph = Graph(
        name=document.name,
        version=document.version,
        digest="",
        title=document.title,
        kind=document.kind,
        inputs=document.inputs,
        outcomes=document.outcomes,
        variables=document.variables,
        signals=document.signals,
        deadline=document.deadline,
        start=document.start,
        nodes=frozen(nodes),
        keep=document.keep,
        migrate=document.migrate,
        places=frozen({name: document.place("nodes", name) for name in document.nodes}),
    )
    return with_digest(graph)


def _node(node: NodeDraft, contracts: Mapping[str, Contract], callees: Mapping[str, Graph]) -> Node:
    match node:
        case TaskDraft():
            return TaskNode(
                id=node.id,
                executor=node.executor,
                contract=contracts[node.executor],
                arguments=node.arguments,
                retry=node.retry,
                catch=(*node.catch, *_caught(node.routes)),
                timeout=node.timeout,
                max_visits=node.max_visits,
                routes=_without_fault(node.routes),
            )
        case CallDraft():
            callee = callees[f"{node.flow}@{node.major}"]
            return CallNode(
                id=node.id,
                flow=node.flow,
                major=node.major,
                callee=callee.digest,
                inputs=callee.inputs,
                outcomes=callee.outcomes,
                arguments=node.arguments,
                catch=_caught(node.routes),
                timeout=node.timeout,
                max_visits=node.max_visits,
                routes=_without_fault(node.routes),
            )
        case BrokenDraft():
            raise AssertionError(f"node '{node.id}' is broken: a document with errors is never compiled")
        case _:
            return node


def _caught(routes: Mapping[str, Target]) -> tuple[Catch, ...]:
    return (Catch(errors=(), target=routes["fault"]),) if "fault" in routes else ()


def _without_fault(routes: Mapping[str, Target]) -> Mapping[str, Target]:
    return frozen({outcome: target for outcome, target in routes.items() if outcome != "fault"})

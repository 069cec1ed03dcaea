"""What the history may show of values: everything but secrets and what only other eyes may see."""

from collections.abc import Mapping
from typing import Any, Final

from engine.contracts import Declaration
from engine.execution.state import Handle
from engine.language.graph import CallNode, Graph, PromptNode, TaskNode, WaitNode
from engine.language.values import Expression, Scope

MASK: Final = "•••"
_SHOWN: Final = (None, "operators")


def masked(declared: Mapping[str, Declaration], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return *values* with those that are not for the history replaced by a mask."""
    return {name: mask(declared.get(name), value) for name, value in values.items()}


def mask(declared: Declaration | None, value: Any) -> Any:
    """Return *value*, or the mask where its declaration or itself says that it is not for the history."""
    hidden = isinstance(value, Handle) or (
        declared is not None and (declared.takes_secrets or declared.audience not in _SHOWN)
    )
    return MASK if hidden else value


def seen(expression: Expression, scope: Scope, graph: Graph) -> dict[str, Any]:
    """Return what *expression* read in *scope*, path by path."""
    shown: dict[str, Any] = {}
    for path in sorted(expression.reads):
        value: Any = scope
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            shown[".".join(path)] = mask(_declared(graph, path), value)
    return shown


def _declared(graph: Graph, path: tuple[str, ...]) -> Declaration | None:
    match path:
        case ("inputs", name, *_):
            return graph.inputs.get(name)
        case ("vars", name, *_):
            return graph.variables.get(name)
        case ("steps", node, name, *_):
            return _produced(graph, node).get(name)
        case _:
            return None


def _produced(graph: Graph, name: str) -> Mapping[str, Declaration]:
    node = graph.nodes.get(name)
    match node:
        case TaskNode(contract=contract):
            return {key: part for fields in contract.outcomes.values() for key, part in fields.items()}
        case CallNode(outcomes=outcomes):
            return {key: part for fields in outcomes.values() for key, part in fields.items()}
        case PromptNode(fields=asked):
            return {key: part.declaration for key, part in asked.items()}
        case WaitNode(signal=signal):
            return graph.signals[signal].payload
        case _:
            return {}

"""Which flows a stranger may start: those that are named, and never one that takes a callback's name."""

from collections.abc import Collection

from engine.contracts import Declaration, EnumOf, ListOf, OperatorError, RecordOf, Scalar, UnknownFlow, ValueType
from engine.language import Graph
from engine.runtime.engine import Engine


class FlowNotExposable(OperatorError):
    """The settings expose a flow that cannot be started over HTTP."""

    code = "flow_not_exposable"


def exposed_graphs(engine: Engine, exposed: Collection[str]) -> dict[str, Graph]:
    """Return the flows that *exposed* names; FlowNotExposable where one is not there or takes an ``endpoint``."""
    graphs = {}
    for name in exposed:
        try:
            graph = engine.live(name)
        except UnknownFlow:
            raise FlowNotExposable(
                f"the flow '{name}' is to be started over HTTP, and there is none: correct its name"
            ) from None
        if takes_endpoint(graph):
            raise FlowNotExposable(
                f"the flow '{name}' takes the name of a callback (an input of type endpoint), which only a protocol "
                "may give: take it out of the flows that are exposed"
            )
        graphs[name] = graph
    return graphs


def takes_endpoint(graph: Graph) -> bool:
    """Return whether one of the inputs of *graph* has an ``endpoint`` in it."""
    return any(_names_endpoint(declared.type) for declared in graph.inputs.values())


def _names_endpoint(value_type: ValueType) -> bool:
    match value_type:
        case Scalar(name):
            return name == "endpoint"
        case ListOf(item):
            return _names_endpoint(item)
        case RecordOf(fields):
            return any(_part_names_endpoint(part) for part in fields.values())
        case EnumOf():
            return False


def _part_names_endpoint(part: Declaration) -> bool:
    return _names_endpoint(part.type)

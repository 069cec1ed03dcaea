"""The graphs that executions run on: the live flows, and older versions as long as somebody stands in them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from engine.contracts import Contract, OperatorError, UnknownFlow
from engine.language import CallNode, Graph, TaskNode
from engine.runtime.rendering import Texts


class Flows(Protocol):
    """The flows that new executions may use."""

    @property
    def by_digest(self) -> Mapping[str, Graph]:
        """Every graph, callees included."""
        ...

    @property
    def catalogue(self) -> Texts:
        """The texts of their prompts and messages."""
        ...

    def latest(self, name: str) -> Graph:
        """Return the newest version of the flow *name*; UnknownFlow where there is none."""
        ...


class GraphNotLoaded(OperatorError):
    """An execution stands in a version that is not in memory. The runner loads it and tries again."""

    code = "graph_not_loaded"

    def __init__(self, digest: str) -> None:
        self.digest = digest
        super().__init__(f"the flow version {digest[:12]} is not in memory: it is loaded from the database")


class ExecutorsDiffer(OperatorError):
    """Flows in use need executors that are not installed, or were compiled against other contracts."""

    code = "executors_differ"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "".join(f"\n- {problem}" for problem in problems)
        super().__init__(
            "the installed executors do not fit the flows that are in use; install what is missing, or publish "
            f"versions that fit and end what stands in the old ones:{lines}"
        )


class Published:
    """Graphs by digest. Only grows: a digest always means the same graph."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._graphs: dict[str, Graph] = dict(flows.by_digest)
        self._whole: set[str] = set()  # known to be here with all that they call
        self._live: Mapping[str, str] = {}

    @property
    def graphs(self) -> Mapping[str, Graph]:
        """Return every graph in memory."""
        return self._graphs

    @property
    def flows(self) -> Flows:
        """Return the flows that were given at start."""
        return self._flows

    def adopt(self, live: Mapping[str, str]) -> None:
        """Have new executions run on the digests *live*, by flow; their graphs are in memory."""
        self._live = dict(live)

    def latest(self, name: str) -> Graph:
        """Return the graph that a new execution of *name* runs on: what was published last."""
        if (live := self._graphs.get(self._live.get(name, ""))) is not None:
            return live
        try:
            return self._flows.latest(name)
        except KeyError:
            raise UnknownFlow(name, sorted({graph.name for graph in self._flows.by_digest.values()})) from None

    def need(self, digests: Sequence[str]) -> Mapping[str, Graph]:
        """Return the graphs in memory; GraphNotLoaded where one of *digests*, or what it calls, is not there."""
        for digest in digests:
            if digest not in self._whole:
                for wanted in _with_callees(self._graphs, digest):
                    if wanted not in self._graphs:
                        raise GraphNotLoaded(wanted)
                self._whole.add(digest)
        return self._graphs

    def add(self, graph: Graph) -> None:
        """Take in a graph that was loaded."""
        self._graphs = {**self._graphs, graph.digest: graph}


def _with_callees(graphs: Mapping[str, Graph], digest: str) -> Iterator[str]:
    yield digest
    if (graph := graphs.get(digest)) is not None:
        for node in graph.nodes.values():
            if isinstance(node, CallNode):
                yield from _with_callees(graphs, node.callee)


def unfit(graph: Graph, installed: Mapping[str, Contract]) -> list[str]:
    """Return what *graph* needs and *installed* does not give."""
    problems: list[str] = []
    for node in graph.nodes.values():
        if not isinstance(node, TaskNode):
            continue
        contract = installed.get(node.executor)
        if contract is None:
            problems.append(f"flow '{graph.name}' {graph.version} needs executor '{node.executor}', not installed")
        elif contract.digest != node.contract.digest:
            problems.append(f"flow '{graph.name}' {graph.version} was compiled for another '{node.executor}'")
    return sorted(set(problems))

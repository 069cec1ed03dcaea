"""What a test says that executors and called flows answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from engine.contracts import Contract, Declaration, frozen, parse_duration
from engine.execution import Failed, Promised, RunTask, Succeeded
from engine.language import CallNode, EndNode, Graph, Node, Target, TaskNode, compile_expression
from engine.language.relative import moved_fields

Answer = tuple[str, Mapping[str, Any]]
FAULTS: Final = ("transient", "refused", "fault")
DEFERRED: Final = "deferred"
USUAL_PROMISE: Final = "1d"
MOST_PROMISED: Final = timedelta(days=3660)
_ANSWER: Final = "answer"


class NoAnswer(AssertionError):
    """A task ran for which a test has no answer, or none that fits."""


@dataclass(frozen=True, slots=True)
class _Planned:
    """One answer, under the outcome by which the task gives it."""

    outcome: str
    fields: Mapping[str, Any]


class Mocks:
    """The answers of a test, in order; the last one stays."""

    def __init__(self, answers: Mapping[str, Iterable[Answer]]) -> None:
        self._answers = {name: [_Planned(*answer) for answer in given] for name, given in answers.items()}

    def answer(self, run: RunTask, node: TaskNode, now: datetime) -> Succeeded | Failed | Promised:
        """Return the next answer of the executor that *run* names; NoAnswer where there is none."""
        left = self._answers.get(run.executor)
        if not left:
            raise NoAnswer(f"the task '{run.node}' runs '{run.executor}', for which 'mocks' has no answer")
        planned = left.pop(0) if len(left) > 1 else left[0]
        return answered(node.contract, planned.outcome, planned.fields, now)

    def graphs(self, graphs: Mapping[str, Graph]) -> Mapping[str, Graph]:
        """Return *graphs*, where each called flow that is mocked does nothing but to give its answer."""
        called = {
            node.callee: f"{node.flow}@{node.major}"
            for graph in graphs.values()
            for node in graph.nodes.values()
            if isinstance(node, CallNode)
        }
        stands_in = {
            digest: self._stand_in(graphs[digest], name) for digest, name in called.items() if name in self._answers
        }
        return frozen({**graphs, **stands_in})

    def _stand_in(self, graph: Graph, name: str) -> Graph:
        """Return a flow of the same signature: one task that is answered as planned, and an end for each answer."""
        ends: dict[str, EndNode] = {}
        outcomes: dict[str, Mapping[str, Declaration]] = {}
        planned = []
        for each in self._answers[name]:
            declared = graph.outcomes.get(each.outcome)
            if declared is None:
                planned.append(each)
                continue
            # An end gives exactly the fields that this answer has: one that is left out stays absent.
            own = "_".join([each.outcome, *sorted(each.fields)])
            outcomes[own] = frozen({field: part for field, part in declared.items() if field in each.fields})
            values = {field: compile_expression(f"steps.{_ANSWER}.{field}") for field in outcomes[own]}
            ends[own] = EndNode(id=own, outcome=each.outcome, fields=frozen(values))
            planned.append(replace(each, outcome=own))
        self._answers[name] = planned
        contract = Contract(
            name=name, summary="", effect="transactional", outcomes=frozen(outcomes), defers=True, takes_key=True
        )
        routes = frozen({own: Target(to=own) for own in ends})
        task = TaskNode(id=_ANSWER, executor=name, contract=contract, routes=routes)
        nodes: dict[str, Node] = {_ANSWER: task, **ends}
        nothing: Mapping[str, Any] = frozen({})
        return replace(graph, start=_ANSWER, nodes=frozen(nodes), deadline=None, variables=nothing, signals=nothing)


def answered(
    contract: Contract, outcome: str, fields: Mapping[str, Any], now: datetime
) -> Succeeded | Failed | Promised:
    """Return what *outcome* means as the answer of a task; NoAnswer where *contract* has no such outcome."""
    declared = contract.outcomes.get(outcome)
    if declared is not None:
        return Succeeded(outcome=outcome, fields=moved_fields(declared, fields, now))
    if outcome in FAULTS:
        return Failed(kind=outcome, code=str(fields.get("code", outcome)))
    if outcome == DEFERRED:
        return Promised(until=now + _promised(str(fields.get("for", USUAL_PROMISE))))
    raise NoAnswer(f"'{contract.name}' has no outcome '{outcome}'")


def _promised(text: str) -> timedelta:
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise NoAnswer(f"'for' takes a duration: {error}") from error
    if not timedelta(0) <= length <= MOST_PROMISED:
        raise NoAnswer("'for' lies between 0s and ten years")
    return length

"""What becomes of a mutant: the compiler refuses it, the flow's own tests fail, or it does the same on every path."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import flow_definitions
from engine.execution import (
    AwaitInput,
    AwaitSignal,
    Event,
    Failed,
    Finish,
    Promised,
    RunTask,
    Signalled,
    Started,
    State,
    Submitted,
    Succeeded,
    TaskEnded,
    TimerFired,
    WakeAt,
    Withdraw,
    choices,
    position,
    scope_of,
    transition,
)
from engine.language import FlowSet, Graph, PromptNode, Source, TaskNode, check_flows, evaluate, load_catalogue
from engine.language.values import ExpressionFailed
from engine.testing import run_flow_tests
from lockhouse.flows import CONTRACTS
from tests.engine.proof.mutants import Mutant, Raw

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
FOLDER = Path(flow_definitions.folder())
FLOWS = sorted(file for file in FOLDER.glob("*.yaml") if not file.name.endswith(".tests.yaml"))
TESTS = [Source(file=file.name, text=file.read_bytes()) for file in sorted(FOLDER.glob("*.tests.yaml"))]
DOCUMENTS: dict[str, Raw] = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in FLOWS}
CATALOGUE = load_catalogue(FOLDER / "texts", [])
# Which flows call each one: its mutants may be noticed by their tests, too.
CALLERS = {
    called: {
        name
        for name, flow in DOCUMENTS.items()
        if any(str(node.get("call", "")).partition("@")[0] == called for node in flow["nodes"].values())
    }
    for called in DOCUMENTS
}
DEPTH = 7
SAMPLES = {
    "time": NOON,
    "integer": 3,
    "number": 3,
    "boolean": True,
    "duration": "8s",
    "json": {},
    "phone": "+4930123456",
}


def judge(mutant: Mutant) -> str:
    """Return ``refused``, ``tests fail``, ``equivalent``, or else ``survives``."""
    name = mutant.name
    sources = [(f"{each}.yaml", json.dumps(mutant.flow if each == name else DOCUMENTS[each])) for each in DOCUMENTS]
    plain = check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE)
    if not plain.ok:
        return "refused"
    whole = check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE, tests=TESTS)
    flows = FlowSet(flows=whole.flows, catalogue=CATALOGUE, tests=whole.tests)
    if not whole.ok or not all(result.passed for result in run_flow_tests(flows, names=[name, *CALLERS[name]])):
        return "tests fail"
    return "equivalent" if same(original(), flows, name) else "survives"


@cache
def original() -> FlowSet:
    """Return the shipped flows."""
    sources = [(f"{name}.yaml", json.dumps(flow)) for name, flow in DOCUMENTS.items()]
    report = check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE, tests=TESTS)
    return FlowSet(flows=report.flows, catalogue=CATALOGUE, tests=report.tests)


def same(before: FlowSet, after: FlowSet, name: str) -> bool:
    """Return whether both do the same, as far as the world can see it, on every path up to a depth."""
    left, right = before.latest(name), after.latest(name)
    stack: list[tuple[State | None, State | None, datetime, Event, Event, int]] = []
    for inputs in given(left):
        starts = [Started(execution="e", digest=graph.digest, inputs=inputs) for graph in (left, right)]
        stack.append((None, None, NOON, starts[0], starts[1], 0))
    while stack:
        one, two, now, event, twin, depth = stack.pop()
        first, told = transition(before.by_digest, one, event, now)
        second, told_too = transition(after.by_digest, two, twin, now)
        if visible(before, first, told) != visible(after, second, told_too):
            return False
        if depth < DEPTH:
            ahead = zip(happenings(before, first, now), happenings(after, second, now), strict=False)
            stack += [(first, second, later, here, there, depth + 1) for (here, later), (there, _) in ahead]
    return True


def visible(flows: FlowSet, state: State, commands: Iterable[Any]) -> list[Any]:
    """Return what the world sees of a step."""
    seen: list[Any] = []
    for command in commands:
        match command:
            case RunTask(executor=executor, attempt=attempt, arguments=arguments):
                seen.append(("run", executor, attempt, dict(arguments)))
            case AwaitInput():
                seen.append(("ask", *_page(flows, state)))
            case AwaitSignal(signal=signal):
                seen.append(("wait", signal))
            case WakeAt(at=at):
                seen.append(("wake", at))
            case Finish(outcome=outcome, fields=fields):
                # The name of the node that a fault happened at is for operators.
                seen.append(("end", outcome, {key: part for key, part in fields.items() if key != "node"}))
            case Withdraw():
                seen.append(("withdraw",))
            case _:
                pass
    return seen


def _page(flows: FlowSet, state: State) -> tuple[Any, ...]:
    node = flows.by_digest[state.top.digest].nodes[state.top.node]
    assert isinstance(node, PromptNode)
    scope = scope_of(state, state.top, state.deadline)
    shown = {name: _shown(value, scope) for name, value in node.show.items()}
    fields = {
        name: (asked.declaration, choices(asked, scope), _shown(asked.default, scope) if asked.default else None)
        for name, asked in node.fields.items()
    }
    said = [(each.id, dict(each.params)) for each in state.messages]
    return node.texts, shown, fields, tuple(node.routes), node.submits, said


def _shown(value: Any, scope: Mapping[str, Any]) -> Any:
    try:
        return evaluate(value, scope)
    except ExpressionFailed:
        return None


def given(graph: Graph) -> Iterator[dict[str, Any]]:
    """Yield inputs: everything that is asked for, and the least that is."""
    some: dict[str, Any] = {
        "permissions": [{"name": "openid", "title": "You", "required": True}, {"name": "pay", "title": "Pay"}],
        "message": {"id": "approval.request", "params": {"requester": "Shop", "binding_message": ""}},
        "link": "https://id.example/a/x",
        "expires_at": NOON + timedelta(minutes=5),
    }
    whole = {name: some.get(name, f"{name}_1") for name in graph.inputs}
    yield whole
    yield {name: part for name, part in whole.items() if graph.inputs[name].required}


def happenings(flows: FlowSet, state: State, now: datetime) -> list[tuple[Event, datetime]]:
    """Return what may happen next, in an order that depends on nothing but what the world sees."""
    if state.phase == "ended":
        return []
    graph = flows.by_digest[state.top.digest]
    node, found = graph.nodes[state.top.node], list[tuple[Event, datetime]]()
    if isinstance(node, PromptNode) and state.phase == "prompt":
        for action in node.routes:
            for values in _answers(node, state):
                found.append((Submitted(position=position(state.frames), action=action, values=values), now))
    elif isinstance(node, TaskNode) and state.task is not None and state.phase in {"running", "deferred"}:
        found += [(TaskEnded(key=state.task.key, result=result), now) for result in _results(node, state, now)]
    elif state.phase == "waiting":
        sender = state.top.inputs.get("correlation", "")
        found += [(Signalled(signal=name, sender=who), now) for name in graph.signals for who in (sender, "eve")]
    if (wake := state.wake_at) is not None:
        found.append((TimerFired(), max(now, wake)))
    return found


def _answers(node: PromptNode, state: State) -> list[dict[str, Any]]:
    kinds: dict[str, list[Any]] = {"password": ["x"], "sure": [True, False], "granted": [["openid", "pay"], ["openid"]]}
    first = {name: kinds.get(name, ["x"])[0] for name in node.fields}
    last = {name: kinds.get(name, ["x"])[-1] for name in node.fields}
    return [first] if first == last or not state.frames else [first, last]


def _results(node: TaskNode, state: State, now: datetime) -> list[Succeeded | Failed | Promised]:
    lists = {"channels": [["email"], ["email", "sms"]], "granted": [["pay"]], "methods": [["pwd"]]}
    found: list[Succeeded | Failed | Promised] = []
    for outcome, fields in node.contract.outcomes.items():
        for choice in (0, -1):
            given = {
                name: lists[name][choice] if name in lists else SAMPLES.get(str(part.type), f"{name}_{choice}")
                for name, part in fields.items()
            }
            result = Succeeded(outcome=outcome, fields=given)
            found += [result] if result not in found else []
    found += [Failed(kind="transient", code="away"), Failed(kind="fault", code="broken")]
    promised = Promised(until=now + timedelta(minutes=2))
    return [*found, promised] if node.contract.defers and state.phase == "running" else found
